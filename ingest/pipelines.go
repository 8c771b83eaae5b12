package ingest

import (
	"context"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/token"
	"glint/ingest/batch"
	"glint/ingest/deadletters"
	"glint/ingest/host/backoff"
	"glint/ingest/receipts"
	"glint/ingest/resolve"
	"glint/ingest/wal"
	"glint/ingest/warehouse"
)

// pipelines is what brings the log into the warehouse: a lane each for live and
// for replayed records, and a mover of opens that wait for their message. Its
// lanes work from open on, so that the log may let go what was acknowledged
// before; they load from begin on.
type pipelines struct {
	cfg     *Config
	lists   *listWatch
	sources func() []string
	metrics *batch.Metrics
	mover   *resolve.Mover
	events  *intake       // of POST /v1/deliveries; nil: none
	begun   chan struct{} // closed by begin

	ctx      context.Context // ends when the lanes shall end
	cancel   context.CancelFunc
	working  sync.WaitGroup
	lanes    *wal.Lanes               // nil before open
	loaders  map[string]*batch.Loader // by lane
	ignored  func(addr netip.Addr, userAgent string) (reason string, ok bool)
	letters  atomic.Pointer[deadletters.Folder]
	receipts atomic.Pointer[receipts.Writer]
}

// The inserters of a lane. A replay has all the time it needs: one, so that live
// records get at least half of the machine.
const (
	liveInserters   = 2
	replayInserters = 1
)

// The most of one batch, decompressed; a larger record is a batch of its own.
const (
	maxBatchLines = 50_000
	maxBatchBytes = 64 << 20
)

// replayLetterBytes is the part of the dead letters' quota that replayed lines may
// use: who replays files of something else leaves room for those of live lines.
const replayLetterBytes = deadletters.DefaultMaxBytes / 2

// newPipelines returns pipelines that work once they are opened. Sources returns the
// labels of those who may write now.
func newPipelines(cfg *Config, r prometheus.Registerer, lists *listWatch, sources func() []string) *pipelines {
	l := &pipelines{
		cfg: cfg, lists: lists, sources: sources, begun: make(chan struct{}),
		metrics: batch.NewMetrics(r, wal.LaneLive, wal.LaneReplay), mover: resolve.New(nil, cfg.Logger, r),
	}
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

// open opens the files of the pipelines and lets them work, once. After an
// error it can be called again.
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
	loader := func(letters *deadletters.Folder, replay bool) *batch.Loader {
		return &batch.Loader{DeadLetters: letters, Caps: l.mover, Ignore: ignored, CountRepeats: replay}
	}
	l.lanes, l.ignored = lanes, ignored
	l.loaders = map[string]*batch.Loader{wal.LaneLive: loader(letters, false), wal.LaneReplay: loader(replayed, true)}
	l.letters.Store(letters)
	l.receipts.Store(book)
	l.working.Go(func() { l.keepRunning(wal.LaneLive, lanes.Live, liveInserters) })
	l.working.Go(func() { l.keepRunning(wal.LaneReplay, lanes.Replay, replayInserters) })
	return nil
}

// keepRunning lets a lane work until the end. One that fails, as a full disk can bring
// about, begins anew.
func (l *pipelines) keepRunning(name string, log *wal.Log, inserters int) {
	for l.ctx.Err() == nil {
		err := l.pipeline(name, log, inserters).Run(l.ctx)
		if l.ctx.Err() != nil {
			return
		}
		l.cfg.Logger.Error("lane of the log ended, beginning anew", "lane", name, "error", err, "pause", restartPause)
		_ = backoff.Sleep(l.ctx, restartPause) // the loop ends with l.ctx
	}
}

// restartPause is between two runs of a lane of which the first has failed.
const restartPause = 10 * time.Second

// begin lets the lanes load into the warehouse, once.
func (l *pipelines) begin(w *warehouse.Warehouse, ring *token.Ring) {
	select {
	case <-l.begun:
		return
	default:
	}
	for _, loader := range l.loaders {
		loader.Warehouse, loader.Ring = w, ring
	}
	l.mover.Warehouse = w
	close(l.begun)
	l.working.Go(func() { l.mover.Run(l.ctx) })
	if l.events != nil {
		l.mover.Touched = l.events.touch
		committer := l.events.begin(w, l.ignored)
		l.working.Go(func() { committer.Run(l.ctx) })
	}
	l.working.Go(func() { l.rejudge(w) })
}

// rejudge makes opens of the bad tokens whose key has come back since the last
// start.
func (l *pipelines) rejudge(w *warehouse.Warehouse) {
	for l.ctx.Err() == nil {
		moved, err := l.loaders[wal.LaneLive].RejudgeBadTokens(l.ctx, w)
		if moved > 0 {
			l.cfg.Logger.Warn("bad tokens judged again: their key is known now", "opens", moved)
		}
		if err == nil || l.ctx.Err() != nil {
			return
		}
		l.cfg.Logger.Warn("bad tokens not judged again yet", "error", err, "pause", restartPause)
		_ = backoff.Sleep(l.ctx, restartPause) // the loop ends with l.ctx
	}
}

// awaitWarehouse returns when the loaders have their warehouse, or with the error of ctx.
func (l *pipelines) awaitWarehouse(ctx context.Context) error {
	select {
	case <-l.begun:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop gives what is in the log a little time to reach the warehouse, then ends
// the lanes. A batch that does not end is left behind: it is in the log, and its
// manifest makes the next start do the same again.
func (l *pipelines) stop(ctx context.Context) error {
	if l.lanes == nil {
		l.cancel()
		return nil
	}
	select {
	case <-l.begun:
		waitReleased(ctx, l.lanes.Live)
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

// maxPipelineStop bounds the wait for batches that were called off.
const maxPipelineStop = 3 * time.Second

// pipeline returns what brings a lane's records into the warehouse.
func (l *pipelines) pipeline(name string, log *wal.Log, inserters int) *batch.Pipeline {
	return &batch.Pipeline{
		Lane: name, Dir: filepath.Join(l.cfg.LogDir, "batches", name), Source: batch.NewSource(log, l.cfg.Logger), Loader: l.loaders[name],
		MaxLines: maxBatchLines, MaxBytes: maxBatchBytes, FlushInterval: l.cfg.FlushInterval, Inserters: inserters,
		Receipts: l.receipts.Load(), Await: l.awaitWarehouse, Metrics: l.metrics, Logger: l.cfg.Logger,
	}
}

// waitReleased gives what is in the log a little time to reach the warehouse.
// What does not is inserted after the next start.
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

// lastInserts is how long a stop waits for the log to be empty.
const lastInserts = 1500 * time.Millisecond
