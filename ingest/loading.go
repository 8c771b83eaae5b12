package ingest

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/batch"
	"glint/ingest/deadletters"
	"glint/ingest/receipts"
	"glint/ingest/resolve"
	"glint/ingest/wal"
	"glint/ingest/warehouse"
)

// loading is what brings the log into the warehouse: a lane each for live and
// for replayed records, and a mover of opens that wait for their message.
type loading struct {
	cfg      *Config
	loaders  map[string]*batch.Loader // by lane
	metrics  *batch.Metrics
	receipts *receipts.Book
	mover    *resolve.Mover
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

// newLoading makes ready. Sources returns the labels of those who may write now.
func newLoading(cfg *Config, house *warehouse.Warehouse, r prometheus.Registerer, lists *listWatch, sources func() []string) (*loading, error) {
	letters, err := deadletters.Open(cfg.DeadLetterDir, deadletters.DefaultMaxBytes)
	if err != nil {
		return nil, err
	}
	replayed, err := deadletters.Open(cfg.DeadLetterDir, replayLetterBytes)
	if err != nil {
		return nil, err
	}
	letters.Sources, replayed.Sources = sources, sources
	ignored, err := openIgnored(cfg, lists)
	if err != nil {
		return nil, err
	}
	book, err := receipts.Open(receipts.Options{Dir: filepath.Join(cfg.LogDir, receipts.Folder)})
	if err != nil {
		return nil, err
	}
	for name, gauge := range map[string]struct {
		help  string
		value func() int64
	}{
		"glint_dead_letter_bytes": {"Bytes of the files that keep lines which cannot be stored.", letters.Bytes},
		"glint_receipt_bytes":     {"Bytes of the receipts that an audit reads.", book.Bytes},
	} {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: gauge.help},
			func() float64 { return float64(gauge.value()) }))
	}
	mover := resolve.New(house, cfg.Logger, r)
	loader := func(letters *deadletters.Folder, replay bool) *batch.Loader {
		return &batch.Loader{
			Ring: cfg.Ring, Warehouse: house, DeadLetters: letters, Caps: mover, Ignore: ignored, CountRepeats: replay,
		}
	}
	return &loading{
		cfg: cfg, receipts: book, mover: mover, metrics: batch.NewMetrics(r, wal.LaneLive, wal.LaneReplay),
		loaders: map[string]*batch.Loader{wal.LaneLive: loader(letters, false), wal.LaneReplay: loader(replayed, true)},
	}, nil
}

// start begins to work and returns what stops it. A lane that fails for good
// says so to failed.
func (l *loading) start(lanes *wal.Lanes, failed chan<- error) (stop func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() { l.mover.Run(ctx) })
	working.Go(func() { failed <- l.lane(wal.LaneLive, lanes.Live, liveInserters).Run(ctx) })
	working.Go(func() { failed <- l.lane(wal.LaneReplay, lanes.Replay, replayInserters).Run(ctx) })
	return func(patience context.Context) error {
		waitReleased(patience, lanes.Live)
		cancel() // what is left waits in the log
		working.Wait()
		return l.receipts.Close()
	}
}

// lane returns what brings a lane's records into the warehouse.
func (l *loading) lane(name string, log *wal.Log, inserters int) *batch.Lane {
	return &batch.Lane{
		Name: name, Dir: filepath.Join(l.cfg.LogDir, "batches", name), Log: laneLog{log, l.cfg.Logger}, Loader: l.loaders[name],
		MaxLines: maxBatchLines, MaxBytes: maxBatchBytes, Pace: l.cfg.BatchPace, Inserters: inserters,
		Receipts: l.receipts, Metrics: l.metrics, Logger: l.cfg.Logger,
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
