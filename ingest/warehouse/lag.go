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
	// lookEvery is the interval at which a replica is asked for its delay behind the others.
	lookEvery = 5 * time.Second
	// MostBehind is the delay up to which a replica is asked like any other.
	MostBehind = 10 * time.Second
	// lookPatience is the time limit for that answer.
	lookPatience = 2 * time.Second
)

// longest is the longest delay in seconds, a year: a replica that has never fetched the
// rows of the others reports a delay since 1970.
const longest = 365 * 24 * 3600

// lag is the known delay of the replica that is asked.
type lag struct {
	began    time.Time
	lookedAt atomic.Int64 // ns since began; 0: look before the next question
	behind   atomic.Int64 // ns
}

// choose replaces a replica whose delay exceeds MostBehind, as after an outage, by the
// first other one whose delay does not, or else by the one with the least delay. It looks
// at most every lookEvery.
func (r *replicas) choose(ctx context.Context) {
	now, last := int64(time.Since(r.lag.began)), r.lag.lookedAt.Load()
	if last != 0 && now-last < int64(lookEvery) || !r.lag.lookedAt.CompareAndSwap(last, now) {
		return
	}
	_, at := r.current()
	best, least := at, lagOf(ctx, r.all[at%int64(len(r.all))], lookPatience)
	for next := at + 1; least > MostBehind && next < at+int64(len(r.all)); next++ {
		if other := lagOf(ctx, r.all[next%int64(len(r.all))], lookPatience); other < least {
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

// unknown is the delay of a replica that does not answer.
const unknown = math.MaxInt64

// lagOf returns the delay of a replica behind the others: 0 if the user may not ask for
// it, and unknown if the replica does not answer within patience.
func lagOf(ctx context.Context, conn driver.Conn, patience time.Duration) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, patience)
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

// Behind returns the delay of the ClickHouse that answers behind its replicas, as of the
// last look; 0 for a single server. With shards it is that of the first one: see Late.
func (w *Warehouse) Behind() time.Duration {
	if w.replicas == nil {
		return 0
	}
	return time.Duration(w.replicas.lag.behind.Load())
}
