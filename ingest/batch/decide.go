package batch

import (
	"context"
	"errors"
	"time"
)

// The pauses between tries, doubling from the first to the last.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 10 * time.Second
)

// decide groups the lane's records into batches and sends them: first the
// unfinished batches of an earlier run, with the same records and names, then
// new ones, each after its manifest is on disk. It returns when ctx ends or a
// record cannot be read.
func (l *Pipeline) decide(ctx context.Context, unfinished []Manifest, batches chan<- *namedBatch) error {
	first, redo := l.state.Acknowledged+1, l.state.Redo
	if len(unfinished) > 0 {
		first = unfinished[0].First
	}
	g := &gatherer{next: l.Source.Read(first), maxLines: l.MaxLines, maxBytes: l.MaxBytes, flushInterval: l.flushInterval}
	for _, m := range unfinished {
		bodies, err := g.exactly(ctx, m)
		if err != nil {
			return err
		}
		if want := m.Last - m.First + 1; uint64(len(bodies)) < want {
			l.Logger.Error("records of a batch are missing in the log: see its quarantine",
				"lane", l.Lane, "batch", m.Name, "missing", want-uint64(len(bodies)))
		}
		if err := l.send(ctx, &namedBatch{Manifest: m, bodies: bodies, isRetry: true}, batches); err != nil {
			return err
		}
	}
	for {
		bodies, err := g.gather(ctx)
		if err != nil {
			return err
		}
		m := newManifest(l.state.LogID, bodies[0].Record, bodies[len(bodies)-1].Record)
		if err := l.persist(ctx, func() error { return l.manifests.save(m) }); err != nil {
			return err
		}
		if err := l.send(ctx, &namedBatch{Manifest: m, bodies: bodies, isRetry: m.First <= redo}, batches); err != nil {
			return err
		}
	}
}

func (l *Pipeline) send(ctx context.Context, b *namedBatch, batches chan<- *namedBatch) error {
	b.place = l.order.Add(b)
	select {
	case batches <- b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// gatherer groups records into batches.
type gatherer struct {
	next               func(context.Context) (Body, error)
	maxLines, maxBytes int
	flushInterval      func() time.Duration
	gathered           time.Time // time of the last batch
	held               *Body     // a record that was read and did not fit into the batch before
}

// read returns the held record, or else the next one.
func (g *gatherer) read(ctx context.Context) (Body, error) {
	if g.held != nil {
		body := *g.held
		g.held = nil
		return body, nil
	}
	return g.next(ctx)
}

// readPatience is the longest time for reading a record that is on disk.
const readPatience = 10 * time.Second

// exactly returns the batch's records that are still in the log.
func (g *gatherer) exactly(ctx context.Context, m Manifest) (bodies []Body, err error) {
	for record := m.First; record <= m.Last; record++ {
		there, cancel := context.WithTimeout(ctx, readPatience)
		body, err := g.read(there)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			break // the log has no newer record: the rest is in quarantine
		}
		if err != nil {
			return nil, err
		}
		if body.Record > m.Last {
			g.held = &body
			break
		}
		record = max(record, body.Record)
		if body.Record >= m.First {
			bodies = append(bodies, body)
		}
	}
	return bodies, nil
}

// WatchedInterval is the longest time that a record waits for others while a
// Watcher waits for rows.
const WatchedInterval = 500 * time.Millisecond

func (l *Pipeline) flushInterval() time.Duration {
	if w := l.Loader.Watcher; w != nil && w.Watched() {
		return min(l.FlushInterval, WatchedInterval)
	}
	return l.FlushInterval
}

// gatherAtLeast is the time that a record always waits for others, also after a pause.
const gatherAtLeast = 100 * time.Millisecond

// gather waits for a record and returns it together with the records that
// follow within the flush interval and fit into the batch. So slow traffic
// gives one batch per interval, and a record after a pause waits only for
// gatherAtLeast.
func (g *gatherer) gather(ctx context.Context) (bodies []Body, err error) {
	body, err := g.read(ctx)
	if err != nil {
		return nil, err
	}
	bodies = append(bodies, body)
	lines, bytes := body.Count, len(body.Lines)

	interval := g.flushInterval()
	wait := max(time.Until(g.gathered.Add(interval)), min(gatherAtLeast, interval))
	window, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	defer func() { g.gathered = time.Now() }()
	for lines < g.maxLines && bytes < g.maxBytes {
		body, err := g.next(window)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			break
		}
		if err != nil {
			return nil, err
		}
		if lines+body.Count > g.maxLines || bytes+len(body.Lines) > g.maxBytes {
			g.held = &body
			break
		}
		bodies = append(bodies, body)
		lines, bytes = lines+body.Count, bytes+len(body.Lines)
	}
	return bodies, nil
}
