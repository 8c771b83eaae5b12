package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/archive"
	"glint/ingest/archive/archiver"
	"glint/ingest/batch"
	"glint/ingest/host/atomicfile"
	"glint/ingest/host/backoff"
	"glint/ingest/objects"
	"glint/ingest/repair"
	"glint/ingest/warehouse"
)

// healer repairs a warehouse automatically after events that may have lost acknowledged
// rows: a restart of this machine or of one of the warehouse's servers, which may have lost
// its disk or the last writes before a power cut; and a restore of this home.
type healer struct {
	cfg   *Config
	file  string        // keeps the last observation
	alone bool          // the engine is embedded: its restarts lose nothing, the machine's may
	store objects.Store // of the archive; nil: no archive
	// rules returns the warehouse with the withdrawals; nil: the healed warehouse has them.
	rules func() *warehouse.Warehouse
	// ready waits until the warehouse has all records that were received until now, or
	// returns the error of ctx; nil: not needed, since the receipts are of this warehouse.
	ready   func(ctx context.Context) error
	metrics *healMetrics // nil: no metrics
}

// healMetrics counts repaired and unrepaired events.
type healMetrics struct {
	repaired *prometheus.CounterVec
	left     prometheus.Gauge
}

func newHealMetrics(r prometheus.Registerer) *healMetrics {
	m := &healMetrics{
		repaired: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "glint_repaired_events_total", Help: "Events that a warehouse had lost and that were inserted again, by where their lines came from.",
		}, []string{"origin"}),
		left: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "glint_unrepaired_events", Help: "Events that a warehouse had lost at the last repair by the service, and whose lines are neither in the log nor in the archive.",
		}),
	}
	for _, from := range []string{"log", "archive"} {
		m.repaired.WithLabelValues(from) // so that a rate exists before the first one
	}
	r.MustRegister(m.repaired, m.left)
	return m
}

// starts is the last observation of a healer.
type starts struct {
	BootID  string           `json:"boot_id"` // of this machine
	Servers map[string]int64 `json:"servers"` // start time of each, Unix seconds
	SeenAt  time.Time        `json:"seen_at"` // approximate time of the observation
}

const (
	healEvery     = 30 * time.Second
	lastHealPause = 2 * time.Minute  // after failed looks
	seenEvery     = 10 * time.Minute // interval at which an unchanged observation is stored again
	// unsynced is the maximum age of rows that a server may not have synced to its disk.
	unsynced = time.Hour
	// startSlack is the maximum difference, in seconds, between two answers about the same
	// start. A clock that was set by more looks like a restart, which costs one repair run.
	startSlack = 2
)

// run calls look repeatedly until ctx ends.
func (h *healer) run(ctx context.Context, w *warehouse.Warehouse, loader *batch.Loader) {
	pauses := backoff.Backoff{First: healEvery, Last: lastHealPause}
	for ctx.Err() == nil {
		pause := healEvery
		if err := h.look(ctx, w, loader); err == nil {
			pauses.Reset()
		} else if ctx.Err() == nil {
			pause = pauses.Next()
			text, _, _ := strings.Cut(err.Error(), "\n")
			h.cfg.Logger.Warn("not known whether a server has lost rows, looking again", "error", text, "pause", pause)
		}
		_ = backoff.Sleep(ctx, pause) // the loop ends with ctx
	}
}

// look repairs the warehouse if this machine or a server was restarted since the last
// observation. It stores the new observation after the repair.
func (h *healer) look(ctx context.Context, w *warehouse.Warehouse, loader *batch.Loader) error {
	before, err := h.read()
	if err != nil {
		return err
	}
	now, away := h.see(ctx, w, before)
	if now.BootID == before.BootID && !restarted(before.Servers, now.Servers) {
		// A new replica has fetched the rows of the others.
		if !maps.Equal(before.Servers, now.Servers) || now.SeenAt.Sub(before.SeenAt) > seenEvery {
			return errors.Join(h.keep(now), away)
		}
		return away
	}
	if err := h.repair(ctx, w, loader, before.SeenAt); err != nil {
		return err
	}
	return errors.Join(h.keep(now), away)
}

// see returns the start times of the servers. For a server that does not answer, it keeps the known time.
func (h *healer) see(ctx context.Context, w *warehouse.Warehouse, before starts) (starts, error) {
	now := starts{BootID: batch.BootID(), Servers: map[string]int64{}, SeenAt: time.Now().UTC()}
	if h.alone {
		return now, nil
	}
	maps.Copy(now.Servers, before.Servers)
	err := w.EachServer(ctx, func(place string, server *warehouse.Warehouse) error {
		at, err := server.StartedAt(ctx)
		if err == nil && !near(at.Unix(), before.Servers[place]) {
			now.Servers[place] = at.Unix()
		}
		return err
	})
	return now, err
}

func near(a, b int64) bool { return max(a-b, b-a) <= startSlack }

// restarted reports whether a known server was restarted.
func restarted(before, now map[string]int64) bool {
	for place, at := range before {
		if now[place] != at {
			return true
		}
	}
	return false
}

// repair repairs the events that were received since shortly before seen and, if any of
// these was lost, all events: the last writes are lost first. If seen is zero, it
// repairs all events at once.
func (h *healer) repair(ctx context.Context, w *warehouse.Warehouse, loader *batch.Loader, seen time.Time) error {
	until := time.Now()
	if h.ready != nil {
		if err := h.ready(ctx); err != nil {
			return err
		}
	}
	var files []archive.File
	if h.store != nil {
		var err error
		if files, err = archiver.Files(ctx, h.store, ""); err != nil {
			return fmt.Errorf("look through the archive: %w", err)
		}
	}
	own, fresh := h.strict(w, loader)
	o := repair.Options{LogDir: h.cfg.LogDir, Until: until, Archive: files, Fresh: fresh}
	if !seen.IsZero() {
		o.Since = seen.Add(-unsynced)
	}
	done, err := repair.Servers(ctx, w, own, o)
	h.told(done)
	if err != nil || seen.IsZero() || done.Lost() == 0 {
		return err
	}
	o.Since = time.Time{}
	done, err = repair.Servers(ctx, w, own, o)
	h.told(done)
	return err
}

// told counts and logs the result of a repair.
func (h *healer) told(done *repair.Result) {
	if h.metrics != nil {
		h.metrics.repaired.WithLabelValues("log").Add(float64(done.FromLog))
		h.metrics.repaired.WithLabelValues("archive").Add(float64(done.FromArchive))
		h.metrics.left.Set(float64(done.Left))
	}
	for i := range done.Rows {
		row := &done.Rows[i]
		log := h.cfg.Logger.Warn
		if row.Left > 0 {
			log = h.cfg.Logger.Error
		}
		log("the warehouse had lost events", "hour", row.Hour, "source", row.Source, "from_log", row.FromLog, "from_archive", row.FromArchive, "left", row.Left)
	}
}

// strict returns a loader with separate lists of withdrawn and erased messages, and a
// function that reloads these lists.
func (h *healer) strict(w *warehouse.Warehouse, loader *batch.Loader) (own *batch.Loader, fresh func(context.Context) error) {
	own = loader.Into(w)
	read := repair.OwnLists(own, h.cfg.Logger)
	return own, func(ctx context.Context) error {
		from := w
		if h.rules != nil {
			from = cmp.Or(h.rules(), w)
		}
		return read(ctx, from)
	}
}

// read returns the last observation. It returns an empty one if the file is missing, as in
// a restored home, or damaged: then everything counts as restarted.
func (h *healer) read() (s starts, err error) {
	text, err := os.ReadFile(h.file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read when servers were started: %w", err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		h.cfg.Logger.Warn("the list of when servers were started is damaged; all are looked at", "error", err)
		return starts{}, nil
	}
	return s, nil
}

func (h *healer) keep(s starts) error {
	err := os.MkdirAll(filepath.Dir(h.file), 0o700)
	if err == nil {
		err = atomicfile.WriteJSON(h.file, "", s)
	}
	if err != nil {
		return fmt.Errorf("keep when servers were started: %w", err)
	}
	return nil
}
