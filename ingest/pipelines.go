package ingest

import (
	"context"
	"log/slog"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/token"
	"glint/ingest/batch"
	"glint/ingest/consent"
	"glint/ingest/deadletters"
	"glint/ingest/erasure"
	"glint/ingest/feed"
	"glint/ingest/host/backoff"
	"glint/ingest/judge"
	"glint/ingest/receipts"
	"glint/ingest/resolve"
	"glint/ingest/retention"
	"glint/ingest/sendlog"
	"glint/ingest/snapshots"
	"glint/ingest/wal"
	"glint/ingest/warehouse"
)

// pipelines bring the log into the warehouse: one pipeline for live records,
// one for replayed ones. Beside them run the workers that move opens of
// messages registered late, precompute reports, judge again, apply withdrawals
// and erase persons. From open on they read the log, so that it may delete
// acknowledged records; from begin on they load.
type pipelines struct {
	cfg     *Config
	lists   *listWatch
	sources func() []string
	metrics *batch.Metrics
	archive archiving
	mirrors []*mirror
	holds   map[string]*hold // by lane; nil before open
	// registerer is for metrics that exist only once the log is open.
	registerer prometheus.Registerer
	mover      *resolve.Mover
	reports    *snapshots.Refresher
	judge      *judge.Scheduler
	follow     *consent.Follower
	feed       *feed.Feed // posts stored events
	deleted    batch.Deleted
	eraser     *erasure.Worker
	retain     *retention.Worker // deletes data whose retention has ended
	heals      *healMetrics
	events     *intake       // for POST /v1/deliveries; nil: none
	posted     *sendlog.Log  // of POST /v1/sends; nil: none
	keysTaken  signal        // sent for each new set of keys
	begun      chan struct{} // closed by begin

	ctx      context.Context // ends when the lanes shall end
	cancel   context.CancelFunc
	working  sync.WaitGroup
	lanes    *wal.Lanes               // nil before open
	loaders  map[string]*batch.Loader // by lane
	ignored  func(addr netip.Addr, userAgent string) (reason string, ok bool)
	letters  atomic.Pointer[deadletters.Folder]
	first    atomic.Pointer[warehouse.Warehouse] // followed by the mirrors; nil before begin
	receipts atomic.Pointer[receipts.Writer]
}

// inserters is the number of concurrent inserts by lane. A replay is not
// urgent: it gets one, so that live records get at least half of the machine.
var inserters = map[string]int{wal.LaneLive: 2, wal.LaneReplay: 1}

// Limits of a batch, decompressed; a larger record is a batch of its own.
const (
	maxBatchLines = 50_000
	maxBatchBytes = 64 << 20
)

// replayLetterBytes is the part of the dead letters' quota, in bytes, that
// replayed lines may use, so that a replay of the wrong files leaves room for
// dead letters of live lines.
const replayLetterBytes = deadletters.DefaultMaxBytes / 2

// newPipelines returns pipelines that start with open. sources returns the
// labels of the tokens that may post now.
func newPipelines(cfg *Config, r prometheus.Registerer, lists *listWatch, withdrawn *consent.Set, sources func() []string) *pipelines {
	l := &pipelines{
		cfg: cfg, lists: lists, sources: sources, begun: make(chan struct{}), keysTaken: newSignal(),
		registerer: r, metrics: batch.NewMetrics(r, wal.LaneLive, wal.LaneReplay), mover: resolve.New(nil, cfg.Logger, r),
		reports: snapshots.New(nil, cfg.Logger, r),
		judge:   judge.NewScheduler(cfg.Judge, cfg.Logger, r),
		feed:    feed.New(cfg.Feed, cfg.Logger, r),
		follow:  consent.NewFollower(withdrawn, cfg.Logger, r),
		retain:  retention.New(cfg.Retention, cfg.Logger, r),
		heals:   newHealMetrics(r),
		eraser:  erasure.New(erasure.Folder(cfg.ErasureDir), cfg.Logger, r),
	}
	l.mirrors, _ = newMirrors(cfg) // Validate has reported its errors
	registerMirrors(r, l.mirrors)
	l.ctx, l.cancel = context.WithCancel(context.Background())
	gauge := func(name, help string, value func() int64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) }))
	}
	gauge("glint_dead_letter_bytes", "Bytes of the files that keep lines which cannot be stored.", func() int64 {
		if letters := l.letters.Load(); letters != nil {
			return letters.Bytes()
		}
		return 0
	})
	gauge("glint_receipt_bytes", "Bytes of the receipts that an audit reads.", func() int64 {
		if book := l.receipts.Load(); book != nil {
			return book.Bytes()
		}
		return 0
	})
	return l
}

// open opens the files of the pipelines and starts them, once. After an error
// it can be called again.
func (l *pipelines) open(lanes *wal.Lanes) error {
	if l.lanes != nil {
		return nil
	}
	letters, err := deadletters.Open(l.cfg.DeadLetterDir, deadletters.DefaultMaxBytes)
	if err != nil {
		return err
	}
	replayed, err := deadletters.Open(l.cfg.DeadLetterDir, replayLetterBytes)
	if err != nil {
		return err
	}
	letters.Sources, replayed.Sources = l.sources, l.sources
	ignored, err := openIgnoreList(l.cfg, l.lists)
	if err != nil {
		return err
	}
	book, err := receipts.OpenWriter(receipts.Options{Dir: filepath.Join(l.cfg.LogDir, receipts.Folder), Logger: l.cfg.Logger})
	if err != nil {
		return err
	}
	if l.holds == nil {
		l.holds = map[string]*hold{}
		for _, name := range []string{wal.LaneLive, wal.LaneReplay} {
			l.holds[name] = newHold(batch.NewSource(lanes.Lane(name), l.cfg.Logger))
		}
	}
	loader := func(letters *deadletters.Folder, replay bool) *batch.Loader {
		made := &batch.Loader{DeadLetters: letters, Caps: l.mover, Ignore: ignored, Sites: l.cfg.Sites.Has, Withdrawn: l.follow.Set, Signals: l.cfg.Signals, Deleted: &l.deleted, CountRepeats: replay}
		if !replay {
			made.Watcher = l.cfg.Watcher
		}
		return made
	}
	loaders := map[string]*batch.Loader{wal.LaneLive: loader(letters, false), wal.LaneReplay: loader(replayed, true)}
	if err := l.archive.open(l.cfg, lanes, l.holds, archiveJudge{l, loaders[wal.LaneLive]}, l.registerer); err != nil {
		return err
	}
	for _, m := range l.mirrors {
		m.begin(lanes, l.holds, &l.first, ignored)
		m.archive, m.heals = l.archive.store, l.heals
	}
	l.lanes, l.ignored = lanes, ignored
	l.loaders = loaders
	l.letters.Store(letters)
	l.receipts.Store(book)
	l.working.Go(func() { l.keepRunning(wal.LaneLive) })
	l.working.Go(func() { l.keepRunning(wal.LaneReplay) })
	for _, lane := range l.archive.lanes {
		l.working.Go(func() { lane.Run(l.ctx, l.archive.closing) })
	}
	for _, m := range l.mirrors {
		l.working.Go(func() { m.run(l.ctx) })
	}
	return nil
}

// keepRunning runs the pipeline of a lane until the end, and restarts it after
// a failure such as a full disk.
func (l *pipelines) keepRunning(name string) {
	for l.ctx.Err() == nil {
		err := l.pipeline(name).Run(l.ctx)
		if l.ctx.Err() != nil {
			return
		}
		l.cfg.Logger.Error("lane of the log ended, beginning anew", "lane", name, "error", err, "pause", restartPause)
		_ = backoff.Sleep(l.ctx, restartPause) // the loop ends with l.ctx
	}
}

// restartPause is the pause before a failed lane is restarted.
const restartPause = 10 * time.Second

// begin starts loading into the warehouse, once, after it has read which opens
// may not be kept.
func (l *pipelines) begin(ctx context.Context, w *warehouse.Warehouse, ring func() *token.Ring) error {
	select {
	case <-l.begun:
		return nil
	default:
	}
	if err := l.follow.Load(ctx, w); err != nil {
		return err
	}
	if err := l.deleted.Load(ctx, w); err != nil {
		return err
	}
	for _, loader := range l.loaders {
		loader.Warehouse, loader.Ring = w, ring
	}
	l.mover.Warehouse, l.reports.Warehouse = w, w
	l.first.Store(w)
	if err := l.feed.Begin(ctx, w); err != nil {
		l.cfg.Logger.Error("the webhook has not begun yet", "error", err)
	}
	close(l.begun)
	l.working.Go(func() { l.mover.Run(l.ctx) })
	l.working.Go(func() { l.reports.Run(l.ctx) })
	if l.events != nil {
		committer := l.events.begin(w, l.ignored)
		l.working.Go(func() { committer.Run(l.ctx) })
	}
	if l.posted != nil {
		l.working.Go(func() { l.posted.Run(l.ctx, w, l.deleted.Has) })
	}
	l.working.Go(func() { rejudge(l.ctx, slices.Collect(maps.Values(l.loaders)), w, l.keysTaken, l.cfg.Logger) })
	l.working.Go(func() { l.judge.Run(l.ctx, w) })
	l.working.Go(func() { l.follow.Run(l.ctx, w) })
	l.working.Go(func() { l.feed.Run(l.ctx, w) })
	l.working.Go(func() { l.deleted.Run(l.ctx, w, l.cfg.Logger) })
	l.erase(w)
	l.retain.Warehouse, l.retain.Archive, l.retain.Letters = w, l.archive.store, l.letters.Load()
	l.working.Go(func() { l.retain.Run(l.ctx) })
	l.working.Go(func() { tidy(l.ctx, w, l.cfg.Logger) })
	heal := &healer{cfg: l.cfg, file: filepath.Join(l.cfg.LogDir, "servers.json"), alone: l.cfg.Engine != nil, store: l.archive.store, metrics: l.heals}
	l.working.Go(func() { heal.run(l.ctx, w, l.loaders[wal.LaneLive]) })
	return nil
}

// tidyEvery is the interval at which replaced dates are removed from the disk.
const tidyEvery = 10 * time.Second

// tidy deletes data that may not be kept any more, until ctx ends.
func tidy(ctx context.Context, w *warehouse.Warehouse, logger *slog.Logger) {
	for backoff.Sleep(ctx, tidyEvery) == nil {
		if err := w.TidyLastOpens(ctx); err != nil && ctx.Err() == nil {
			logger.Warn("what may be kept no more is not removed yet", "error", err, "pause", tidyEvery)
		}
	}
}

// rejudge turns bad tokens into opens if their key has come back: since the last
// start, and again for each new set of keys. loaders are all loaders into w.
func rejudge(ctx context.Context, loaders []*batch.Loader, w *warehouse.Warehouse, keysTaken signal, logger *slog.Logger) {
	for ctx.Err() == nil {
		for _, loader := range loaders {
			loader.Settle() // bad tokens by the keys of before are among them then
		}
		moved, err := loaders[0].RejudgeBadTokens(ctx, w)
		if moved > 0 {
			logger.Warn("bad tokens judged again: their key is known now", "opens", moved)
		}
		if err != nil && ctx.Err() == nil {
			logger.Warn("bad tokens not judged again yet", "error", err, "pause", restartPause)
			_ = backoff.Sleep(ctx, restartPause) // the loop ends with ctx
			continue
		}
		select {
		case <-ctx.Done():
		case <-keysTaken:
		}
	}
}

// awaitWarehouse returns when the loaders have their warehouse, or with the
// error of ctx.
func (l *pipelines) awaitWarehouse(ctx context.Context) error {
	select {
	case <-l.begun:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop waits briefly until the log's records are in the warehouse, then ends
// the pipelines. It abandons a batch that does not finish: the batch is in the
// log, and its manifest makes the next start repeat it.
func (l *pipelines) stop(ctx context.Context) error {
	if l.lanes == nil {
		l.cancel()
		return nil
	}
	l.archive.finish()
	select {
	case <-l.begun:
		waitReleased(ctx, l.lanes.Live)
		if l.posted != nil {
			l.posted.Hurry()
			waitReleased(ctx, l.lanes.Sends)
		}
	default: // nothing can be loaded
	}
	l.cancel()
	ended := make(chan struct{})
	go func() { l.working.Wait(); close(ended) }()
	bounded, cancel := context.WithTimeout(ctx, maxPipelineStop)
	defer cancel()
	select {
	case <-ended:
	case <-bounded.Done():
		l.cfg.Logger.Warn("a batch was still under way at the end; it is tried again after the next start")
	}
	return l.receipts.Load().Close()
}

// maxPipelineStop is the longest wait for cancelled batches.
const maxPipelineStop = 3 * time.Second

// pipeline returns a new pipeline of a lane into the warehouse.
func (l *pipelines) pipeline(name string) *batch.Pipeline {
	dir := filepath.Join(l.cfg.LogDir, "batches", name)
	p := newPipeline(l.cfg, name, dir, l.holds[name].reader(readerWarehouse), l.loaders[name], l.cfg.Logger)
	p.Receipts, p.Await, p.Metrics = l.receipts.Load(), l.awaitWarehouse, l.metrics
	return p
}

// newPipeline returns a pipeline of a lane, with its files in dir.
func newPipeline(cfg *Config, name, dir string, source batch.Source, loader *batch.Loader, logger *slog.Logger) *batch.Pipeline {
	return &batch.Pipeline{
		Lane: name, Dir: dir, Source: source, Loader: loader, Logger: logger,
		MaxLines: maxBatchLines, MaxBytes: maxBatchBytes, FlushInterval: cfg.FlushInterval, Inserters: inserters[name],
	}
}

// waitReleased waits until all records of the log are in the warehouse, for
// lastInserts at most. The others are inserted after the next start.
func waitReleased(ctx context.Context, log *wal.Log) {
	ctx, cancel := context.WithTimeout(ctx, lastInserts)
	defer cancel()
	for log.Stats().BacklogRecords > 0 {
		select {
		case <-ctx.Done():
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// lastInserts is the time for which a stop waits for the log to become empty.
const lastInserts = 1500 * time.Millisecond
