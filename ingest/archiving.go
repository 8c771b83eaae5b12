package ingest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/archive/archiver"
	"glint/ingest/batch"
	"glint/ingest/objects"
	"glint/ingest/wal"
)

// ArchiveConfig configures the archive of accepted lines. Its zero value
// archives none.
type ArchiveConfig struct {
	Place    string        // a folder, or s3://BUCKET/PREFIX; "": no archive
	Endpoint string        // endpoint of the bucket; "": Amazon's
	Region   string        // region of the bucket; "": asked from the bucket
	Lines    int           // a file is closed after that many lines
	Interval time.Duration // or this long after its first line
}

func (c *ArchiveConfig) target() *objects.Target {
	return &objects.Target{Place: c.Place, Endpoint: c.Endpoint, Region: c.Region, Getenv: os.Getenv}
}

func (c *ArchiveConfig) validate() error {
	if c.Place == "" {
		return nil
	}
	var faults []error
	if _, err := c.target().Open(); err != nil {
		faults = append(faults, err)
	}
	if c.Lines <= 0 || c.Interval <= 0 {
		faults = append(faults, errors.New("archive-lines and archive-interval must be above zero"))
	}
	return errors.Join(faults...)
}

// archiving archives the lanes of the log. Its zero value archives none.
type archiving struct {
	store   objects.Store
	lanes   map[string]*archiver.Lane
	closing context.Context // ends when the lanes shall write what is left; nil: no lanes
	close   context.CancelFunc
}

// open reads up to which record each lane is archived.
func (a *archiving) open(cfg *Config, lanes *wal.Lanes, holds map[string]*hold, judge archiver.Judge, r prometheus.Registerer) error {
	if cfg.Archive.Place == "" {
		return nil
	}
	store, err := cfg.Archive.target().Open()
	if err != nil {
		return err
	}
	opened := map[string]*archiver.Lane{}
	for _, name := range []string{wal.LaneLive, wal.LaneReplay} {
		log, h := lanes.Lane(name), holds[name]
		lane := &archiver.Lane{
			Name: name, Dir: filepath.Join(cfg.LogDir, "archive"), Source: h, Store: store, Logger: cfg.Logger,
			MaxLines: cfg.Archive.Lines, Interval: cfg.Archive.Interval,
			Full:     func() bool { return halfFull(log) && h.behind(readerArchive) > 0 },
			Archived: func(before uint64) { h.release(readerArchive, before) }, Judge: judge,
		}
		kept, err := lane.Open()
		if err != nil {
			return err
		}
		h.release(readerArchive, kept)
		opened[name] = lane
	}
	metrics := archiver.NewMetrics(r)
	for name, lane := range opened {
		lane.Metrics = metrics
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "glint_archive_held_records", ConstLabels: prometheus.Labels{"lane": name},
			Help: "Records that are in the warehouse and held in the log until they are archived.",
		}, func() float64 { return holds[name].behind(readerArchive) }))
	}
	a.store, a.lanes = store, opened
	a.closing, a.close = context.WithCancel(context.Background())
	return nil
}

// flush closes the files in progress.
func (a *archiving) flush() {
	for _, lane := range a.lanes {
		lane.Flush()
	}
}

// finish makes the lanes archive all remaining records at once.
func (a *archiving) finish() {
	if a.close != nil {
		a.close()
	}
}

// archiveJudge decides what the archive may keep of a line, by what the loader keeps of it in
// the warehouse.
type archiveJudge struct {
	*pipelines
	loader *batch.Loader
}

// Archivable implements archiver.Judge.
func (j archiveJudge) Archivable(line string) (may, whole bool) {
	return batch.Archivable(line, j.cfg.Signals)
}

// Await implements archiver.Judge. Until the warehouse has been reached, nothing is known of
// any message.
func (j archiveJudge) Await(ctx context.Context, decided time.Time) error {
	if err := j.awaitWarehouse(ctx); err != nil {
		return err
	}
	return j.follow.Await(ctx, decided)
}

// KeepsWhole implements archiver.Judge.
func (j archiveJudge) KeepsWhole() bool { return j.loader.KeepsWhole() }

// Keep implements archiver.Judge.
func (j archiveJudge) Keep(line string) string { return j.loader.Archived(line) }
