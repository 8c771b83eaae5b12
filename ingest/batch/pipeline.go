package batch

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"glint/ingest/host/backoff"
	"glint/ingest/host/inorder"
)

// Pipeline brings the records of one lane of the log into the warehouse, in named
// batches. A batch is decided once: its manifest is on disk before its first
// try, and every try inserts the same records under the same name, until one
// succeeds. So a try whose answer was lost changes nothing. Then receipts are
// written, and only then the batch is acknowledged to the log.
type Pipeline struct {
	Lane          string
	Dir           string // holds manifests and the checkpoint
	Source        Source
	Loader        *Loader
	MaxLines      int           // limit of a batch; a larger record is a batch of its own
	MaxBytes      int           // limit of a batch, decompressed
	FlushInterval time.Duration // interval of batches that are not full: the longest time that a record waits for others
	Inserters     int           // batches in flight
	// Await returns when the Loader's warehouse can be used, or with the error of
	// ctx; nil: at once. Until then records are read and decided, not loaded.
	Await    func(ctx context.Context) error
	Receipts Receipts // nil: none are kept
	Metrics  *Metrics // nil: nothing is counted
	Logger   *slog.Logger

	manifests *manifests
	state     checkpoint // once Run has begun, changed only under the lock of order
	order     inorder.Queue[*namedBatch]
	warnings  sourceWarnings
}

// Run works until ctx ends or the disk fails. The next Run retries the batches
// that were in flight.
func (l *Pipeline) Run(ctx context.Context) error {
	unfinished, err := l.open(ctx)
	if err != nil {
		return fmt.Errorf("lane %s: %w", l.Lane, err)
	}
	batches := make(chan *namedBatch)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(batches)
		return l.decide(ctx, unfinished, batches)
	})
	for range l.Inserters {
		g.Go(func() error {
			if l.Await != nil {
				if err := l.Await(ctx); err != nil {
					return err
				}
			}
			for b := range batches {
				if err := l.insert(ctx, b); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = g.Wait()
	if err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("lane %s: %w", l.Lane, err)
	}
	return nil
}

// open reads the checkpoint and returns the batches that were decided and may
// not be in the warehouse.
func (l *Pipeline) open(ctx context.Context) (unfinished []Manifest, err error) {
	if l.manifests, err = openManifests(l.Dir); err != nil {
		return nil, err
	}
	all, saved, err := l.readState()
	if err != nil {
		return nil, err
	}
	known := l.state.Acknowledged
	if len(all) > 0 {
		known = max(known, all[len(all)-1].Last)
	}
	if known > l.Source.Last() {
		// The checkpoint belongs to another log, whose folder was deleted.
		// Record numbers start again, and so must the names.
		l.Logger.Warn("the log was replaced by another one; all of it is inserted", "lane", l.Lane)
		if err := l.manifests.drop(all); err != nil {
			return nil, err
		}
		l.state, all = checkpoint{}, nil
	}
	if boot := BootID(); l.state.BootID != boot {
		// The machine may have lost power, and acknowledged rows may not have
		// been on the warehouse's disk. All records still in the log are
		// inserted again, under the same names.
		l.state.BootID = boot
		if len(all) > 0 {
			l.state.Acknowledged = min(l.state.Acknowledged, all[0].First-1)
		}
	}
	if l.state.LogID == "" {
		l.state.LogID = l.Lane + "-" + rand.Text() // a new log must not reuse an old one's names
	}
	oldest := l.Source.Release(l.state.Acknowledged + 1)
	unfinished, broken := unbroken(all, max(l.state.Acknowledged+1, oldest))
	for _, m := range broken {
		l.state.Redo = max(l.state.Redo, m.Last)
	}
	if l.state != saved { // otherwise a full disk need not delay it
		if err := l.persist(ctx, func() error { return l.manifests.saveCheckpoint(l.state) }); err != nil {
			return nil, err
		}
	}
	if err := l.manifests.drop(broken); err != nil {
		return nil, err
	}
	return unfinished, l.manifests.forgetBefore(oldest)
}

// readState reads the lane's checkpoint and manifests. If one is damaged, it is
// rebuilt from the others; all records of the log are then looked up in the
// warehouse, and absent rows inserted. It also returns the checkpoint as stored
// in the file.
func (l *Pipeline) readState() (all []Manifest, saved checkpoint, err error) {
	damaged := 0
	l.state, err = l.manifests.checkpoint()
	if errors.Is(err, errDamaged) {
		l.Logger.Error("damaged checkpoint made anew; all that the log has is looked for in the warehouse",
			"lane", l.Lane, "error", err, "kept_as", checkpointFile+damagedSuffix)
		damaged++
		err = l.manifests.setAside(checkpointFile)
	}
	if err != nil {
		return nil, saved, err
	}
	saved = l.state
	all, lost, err := l.manifests.load()
	if err != nil {
		return nil, saved, err
	}
	if lost > 0 {
		l.Logger.Error("damaged manifests set aside; all that the log has is looked for in the warehouse",
			"lane", l.Lane, "manifests", lost)
	}
	if damaged+lost == 0 {
		return all, saved, nil
	}
	l.state.Redo, l.state.Acknowledged = l.Source.Last(), 0
	if len(all) > 0 && l.state.LogID == "" {
		l.state.LogID = logIDOf(all[len(all)-1])
	}
	return all, saved, nil
}

// unbroken splits the batches with records from a record on: unfinished ones,
// up to the first record that is in no batch, and later ones, which are broken
// and whose records are decided again.
func unbroken(all []Manifest, from uint64) (unfinished, broken []Manifest) {
	for _, m := range all {
		switch {
		case m.Last < from:
		case m.First <= from:
			unfinished = append(unfinished, m)
			from = m.Last + 1
		default:
			broken = append(broken, m)
		}
	}
	return unfinished, broken
}

// insert retries until the batch is in the warehouse.
func (l *Pipeline) insert(ctx context.Context, b *namedBatch) error {
	result, err := l.load(ctx, b)
	if err != nil {
		return err
	}
	if l.Receipts != nil {
		receipts := l.receiptsOf(b, result)
		if err := l.persist(ctx, func() error { return l.Receipts.Append(receipts) }); err != nil {
			return err
		}
	}
	b.free()
	return l.order.Done(b.place, func(done []*namedBatch) error {
		return l.persist(ctx, func() error { return l.advance(done[len(done)-1].Last) })
	})
}

// load loads a batch, in chunks if it is one large record.
func (l *Pipeline) load(ctx context.Context, b *namedBatch) (all *Result, err error) {
	for _, p := range chunksOf(b.Name, b.bodies, l.MaxLines, l.MaxBytes) {
		result, err := l.loadChunk(ctx, p, b.isRetry, b.oldest())
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = result
		} else {
			all.add(result)
		}
	}
	return all, nil
}

// loadChunk retries until ctx ends.
func (l *Pipeline) loadChunk(ctx context.Context, p chunk, isRetry bool, oldest time.Time) (*Result, error) {
	try := l.Loader.Load
	if isRetry {
		try = l.Loader.Reload
	}
	for pauses := (backoff.Backoff{First: firstPause, Last: lastPause}); ; {
		began := time.Now()
		result, err := try(ctx, p.name, p.bodies)
		if err == nil {
			now := time.Now()
			l.Metrics.loaded(l.Lane, p.bodies, result, now.Sub(began), now.Sub(oldest))
			l.warnings.add(l.Logger, l.Lane, p.bodies, result)
			return result, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		try = l.Loader.Reload
		l.Metrics.retried(l.Lane)
		pause := pauses.Next()
		l.Logger.Warn("batch not inserted, trying again", "lane", l.Lane, "error", err, "pause", pause)
		if err := backoff.Spread(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// persist retries until a small file is written: a short lack of disk space or
// descriptors must not end the service.
func (l *Pipeline) persist(ctx context.Context, write func() error) error {
	for pauses := (backoff.Backoff{First: firstPause, Last: lastPause}); ; {
		err := write()
		if err == nil {
			return nil
		}
		pause := pauses.Next()
		l.Logger.Warn("state of the log not written, trying again", "lane", l.Lane, "error", err, "pause", pause)
		if err := backoff.Spread(ctx, pause); err != nil {
			return err
		}
	}
}

// advance stores the last acknowledged record. The log may then delete earlier
// ones.
func (l *Pipeline) advance(last uint64) error {
	l.state.Acknowledged = last
	if err := l.manifests.saveCheckpoint(l.state); err != nil {
		return err
	}
	return l.manifests.forgetBefore(l.Source.Release(last + 1))
}
