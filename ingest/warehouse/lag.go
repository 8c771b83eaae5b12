package warehouse

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"glint/schema"
)

const (
	// lookEvery is how often a replica is asked how far it is behind the others.
	lookEvery = 5 * time.Second
	// MostBehind is how far a replica may be behind and still be asked like any other.
	MostBehind = 10 * time.Second
	// lookPatience is how long one is waited for that may not answer.
	lookPatience = 2 * time.Second
)

// longest is the most seconds that one is taken to be behind, a year: one that has never
// seen what the others have says that it is behind since 1970.
const longest = 365 * 24 * 3600

// lag is what is known of how far the replica that is asked is behind.
type lag struct {
	began    time.Time
	lookedAt atomic.Int64 // ns since began; 0: look before the next question
	behind   atomic.Int64 // ns
}

// choose leaves a replica that is further behind than MostBehind, as after an outage: for
// the first of the others that is not, or else for the one that is least behind. It looks
// once in a while.
func (r *replicas) choose(ctx context.Context) {
	now, last := int64(time.Since(r.lag.began)), r.lag.lookedAt.Load()
	if last != 0 && now-last < int64(lookEvery) || !r.lag.lookedAt.CompareAndSwap(last, now) {
		return
	}
	_, at := r.current()
	best, least := at, lagOf(ctx, r.all[at%int64(len(r.all))])
	for next := at + 1; least > MostBehind && next < at+int64(len(r.all)); next++ {
		if other := lagOf(ctx, r.all[next%int64(len(r.all))]); other < least {
			best, least = next, other
		}
	}
	if ctx.Err() != nil {
		r.lag.lookedAt.Store(0) // nothing was learned
		return
	}
	r.at.CompareAndSwap(at, best)
	if least == unknown {
		least = 0
	}
	r.lag.behind.Store(int64(least))
}

// unknown is how far behind one is that does not answer.
const unknown = math.MaxInt64

// lagOf returns how far a replica is behind the others: 0 if it may not be asked for
// that, and unknown if it does not answer.
func lagOf(ctx context.Context, conn driver.Conn) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	var tables, readOnly, seconds uint64
	err := conn.QueryRow(ctx, schema.Query("replica_state")).Scan(&tables, &readOnly, &seconds)
	switch {
	case err == nil:
		return time.Duration(min(seconds, longest)) * time.Second
	case ctx.Err() == nil && !elsewhere(ctx, err):
		return 0
	default:
		return unknown
	}
}

// Behind returns how far the ClickHouse that answers is behind its replicas, as was seen
// in the last seconds; 0 of a single server.
func (w *Warehouse) Behind() time.Duration {
	if w.replicas == nil {
		return 0
	}
	return time.Duration(w.replicas.lag.behind.Load())
}
