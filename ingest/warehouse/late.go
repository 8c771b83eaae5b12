package warehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// ErrShardAway means that a shard does not answer: there are no numbers without its opens.
var ErrShardAway = errors.New("warehouse: a shard does not answer")

// shardPatience is the time limit for an answer of a shard about its state.
const shardPatience = 5 * time.Second

// Late is a shard whose latest rows may be missing from a report.
type Late struct {
	Shard  int           // from 1; 0: the warehouse has no shards
	Away   bool          // none of its servers answers
	Behind time.Duration // delay of its replica behind the others, at least; 0 if it is away
}

// Matters reports whether a user should know of it.
func (l Late) Matters() bool { return l.Away || l.Behind > MostBehind }

// Text returns a warning about it.
func (l Late) Text() string {
	const advice = " Try: glint migrate status"
	switch {
	case l.Shard == 0:
		return "The ClickHouse replica that answered may lack the data of the last " + span(l.Behind) + ", and no replica is known to have it." + advice
	case l.Away:
		return fmt.Sprintf("Shard %d does not answer: its later opens wait in the log, and only numbers that were computed before are shown.", l.Shard) + advice
	}
	return fmt.Sprintf("Shard %d may lack the opens of the last %s, and none of its replicas is known to have them: numbers may be too low.", l.Shard, span(l.Behind)) + advice
}

// span returns a delay in seconds, the unit in which servers report it.
func span(d time.Duration) string { return d.Round(time.Second).String() }

// lateShards is the state of shards as of the last look.
type lateShards struct {
	mu       sync.Mutex
	lookedAt time.Time // zero: never
	states   []Late    // of each shard
}

// Late returns the shards that do not answer or are behind, as of a look within the last
// lookEvery; of a warehouse without shards at most one, with the number 0. A user who may
// not ask for shards gets none.
func (w *Warehouse) Late(ctx context.Context) (late []Late) {
	if w.shards == nil {
		if behind := w.Behind(); behind > 0 {
			late = append(late, Late{Behind: behind})
		}
		return late
	}
	for _, state := range w.shards.look(ctx) {
		if state.Away || state.Behind > 0 {
			late = append(late, state)
		}
	}
	return late
}

// look asks each shard for its state unless that was done recently.
func (s *shards) look(ctx context.Context) []Late {
	s.late.mu.Lock()
	defer s.late.mu.Unlock()
	if !s.late.lookedAt.IsZero() && time.Since(s.late.lookedAt) < lookEvery {
		return slices.Clone(s.late.states)
	}
	states := make([]Late, len(s.all))
	var wait sync.WaitGroup
	for i, shard := range s.all {
		wait.Go(func() { states[i] = shard.state(ctx, i) })
	}
	wait.Wait()
	if ctx.Err() == nil { // else nothing was learned
		s.late.states, s.late.lookedAt = states, time.Now()
	}
	return slices.Clone(states)
}

// state returns the state of a shard. The first one answers by the replica that glint has
// chosen; ClickHouse chooses one of any other shard that is at most MostBehind behind, or
// else the one that is least behind.
func (w *Warehouse) state(ctx context.Context, i int) Late {
	state := Late{Shard: i + 1}
	conns := []driver.Conn{w.conn}
	if w.replicas != nil {
		conns = w.replicas.all
	}
	delays := make([]time.Duration, len(conns))
	var wait sync.WaitGroup
	for k, conn := range conns {
		wait.Go(func() { delays[k] = lagOf(ctx, conn, shardPatience) })
	}
	wait.Wait()
	if state.Behind = slices.Min(delays); state.Behind == unknown {
		state.Away, state.Behind = true, 0
	} else if i == 0 && w.replicas != nil {
		state.Behind = time.Duration(w.replicas.lag.behind.Load())
	}
	return state
}

// ShardAway returns err, wrapped in ErrShardAway if a shard does not answer now, which explains it.
func (w *Warehouse) ShardAway(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || w.shards == nil || errors.Is(err, ErrShardAway) {
		return err
	}
	w.shards.forget()
	for _, late := range w.Late(ctx) {
		if late.Away {
			return fmt.Errorf("%w: shard %d of %d: %w", ErrShardAway, late.Shard, len(w.shards.all), err)
		}
	}
	return err
}

// forget makes the next look ask.
func (s *shards) forget() {
	s.late.mu.Lock()
	defer s.late.mu.Unlock()
	s.late.lookedAt = time.Time{}
}

// Furthest returns the longest delay.
func Furthest(late []Late) (behind time.Duration) {
	for _, l := range late {
		behind = max(behind, l.Behind)
	}
	return behind
}
