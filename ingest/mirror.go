package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"glint/edge/token"
	"glint/ingest/batch"
	"glint/ingest/consent"
	"glint/ingest/host/atomicfile"
	"glint/ingest/host/backoff"
	"glint/ingest/mirrors"
	"glint/ingest/objects"
	"glint/ingest/resolve"
	"glint/ingest/retention"
	"glint/ingest/snapshots"
	"glint/ingest/wal"
	"glint/ingest/warehouse"
)

// mirror is a further warehouse that is kept equal to the first one. It reads the log with
// a separate cursor, so that its outage delays no other, and copies rows that are written
// only to the first warehouse. Data that is computed from the tables is computed in each.
type mirror struct {
	cfg     *Config
	dsn     string
	name    string // host:port, for logs and metrics
	dir     string // of its cursors
	lanes   *wal.Lanes
	holds   map[string]*hold
	first   *atomic.Pointer[warehouse.Warehouse] // nil: not connected yet
	ignored func(addr netip.Addr, userAgent string) (reason string, ok bool)
	archive objects.Store // of earlier lines of the log; nil: no archive
	heals   *healMetrics
	logger  *slog.Logger

	copied atomic.Int64

	copying sync.Mutex // held while rows are copied, and while persons are erased
	mu      sync.Mutex // guards the fields below
	reached *warehouse.Warehouse
	follow  *consent.Follower
	problem string // "": the mirror follows
}

// mirrorName returns the name of a mirror: its address without user and parameters.
func mirrorName(dsn string) (string, error) {
	name, err := warehouse.Place(dsn)
	if err != nil {
		return "", fmt.Errorf("mirror: %w", err)
	}
	if scheme, _, _ := strings.Cut(dsn, "://"); scheme != "http" && scheme != "https" {
		return "", fmt.Errorf("mirror: %w", warehouse.ErrProtocol)
	}
	return name, nil
}

func newMirror(cfg *Config, dsn string) (*mirror, error) {
	name, err := mirrorName(dsn)
	if err != nil {
		return nil, err
	}
	return &mirror{
		cfg: cfg, dsn: dsn, name: name, problem: "it is not reached yet",
		dir:    filepath.Join(cfg.LogDir, "mirrors", strings.NewReplacer(":", "_", "/", "_", "[", "", "]", "", ",", "_").Replace(name)),
		logger: cfg.Logger.With("mirror", name),
	}, nil
}

// newMirrors returns the mirrors of a configuration, or all of its faults.
func newMirrors(cfg *Config) ([]*mirror, error) {
	var faults []error
	all := make([]*mirror, 0, len(cfg.Mirrors))
	for _, dsn := range cfg.Mirrors {
		m, err := newMirror(cfg, dsn)
		if err == nil && slices.ContainsFunc(all, func(o *mirror) bool { return o.name == m.name }) {
			err = fmt.Errorf("mirror: %s is there twice", m.name)
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		all = append(all, m)
	}
	return all, errors.Join(faults...)
}

// reader returns the mirror's name as a reader of a lane.
func (m *mirror) reader() string { return "mirror " + m.name }

// begin sets the mirror's inputs, before the log deletes any record.
func (m *mirror) begin(lanes *wal.Lanes, holds map[string]*hold, first *atomic.Pointer[warehouse.Warehouse], ignored func(netip.Addr, string) (string, bool)) {
	m.lanes, m.holds, m.first, m.ignored = lanes, holds, first, ignored
	m.join()
}

// join makes the log keep the records from the mirror's cursors on.
func (m *mirror) join() {
	for lane, h := range m.holds {
		progress, err := batch.ReadProgress(filepath.Join(m.dir, lane))
		if err != nil { // a damaged cursor is replaced when its pipeline begins
			progress = batch.Progress{}
		}
		h.release(m.reader(), progress.Acknowledged+1)
	}
}

// The reasons why a mirror starts from a new copy.
var (
	errMirrorAnew  = errors.New("it was made anew, and all is copied again")
	errMirrorLost  = errors.New("it has been away for longer than the log could wait; what it lacks is copied from the first warehouse")
	errMirrorAlone = errors.New("the first warehouse is not there yet, from which it gets its first copy")
)

// Pauses between two tries to reach the mirror, and between two copies.
const (
	firstMirrorPause = 250 * time.Millisecond
	lastMirrorPause  = 10 * time.Second
	copyEvery        = time.Second
)

// run keeps the mirror equal until ctx ends.
func (m *mirror) run(ctx context.Context) {
	pauses := backoff.Backoff{First: firstMirrorPause, Last: lastMirrorPause}
	var said repeated
	for ctx.Err() == nil {
		began := time.Now()
		err := m.watched(ctx)
		if ctx.Err() != nil {
			return
		}
		text, _, _ := strings.Cut(err.Error(), "\n")
		m.mu.Lock()
		m.problem = text
		m.mu.Unlock()
		level := slog.LevelWarn
		if errors.Is(err, errMirrorAlone) { // expected at each start
			level = slog.LevelInfo
		}
		if said.due(text, time.Now()) {
			m.logger.Log(ctx, level, "the mirror does not follow, trying again", "error", text)
		}
		if time.Since(began) > lastMirrorPause {
			pauses.Reset()
		}
		_ = pauses.Wait(ctx) // the loop ends with ctx
	}
}

// watched is session, but it ends when the log only waits for this mirror.
func (m *mirror) watched(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan error, 1)
	go func() { ended <- m.session(ctx) }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if lost := context.Cause(ctx); errors.Is(lost, errMirrorLost) {
				return errMirrorLost
			}
			return err
		case <-tick.C:
		}
		if m.holdsUp() { // at once, since a hanging request may take long to end
			if err := m.lose(); err != nil {
				m.logger.Error("the log waits for a mirror that is away for too long", "error", err)
				continue
			}
			cancel(errMirrorLost)
		}
	}
}

// holdsUp reports whether the log is half full of records that only the mirror needs.
func (m *mirror) holdsUp() bool {
	for lane, h := range m.holds {
		if halfFull(m.lanes.Lane(lane)) && h.behind(m.reader()) > 0 {
			return true
		}
	}
	return false
}

// lose makes the log continue without the mirror until it can be reached. First it records
// that in a file, which an ending session does not write.
func (m *mirror) lose() error {
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return fmt.Errorf("note that a mirror is left behind: %w", err)
	}
	if err := atomicfile.WriteFile(m.lostFile(), nil); err != nil {
		return fmt.Errorf("note that a mirror is left behind: %w", err)
	}
	for _, h := range m.holds {
		h.leave(m.reader())
	}
	return nil
}

func (m *mirror) lostFile() string { return filepath.Join(m.dir, "lost") }

// readState reads the recorded state of the mirror. A mirror that was left behind since
// lacks the records that the log has deleted.
func (m *mirror) readState() (*mirrors.State, error) {
	state, err := mirrors.ReadState(m.stateFile())
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(m.lostFile()); errors.Is(err, fs.ErrNotExist) {
		return state, nil
	} else if err != nil {
		return nil, fmt.Errorf("look whether a mirror was left behind: %w", err)
	}
	state.Whole = false
	if err := state.Write(m.stateFile()); err != nil {
		return nil, err
	}
	if err := os.Remove(m.lostFile()); err != nil {
		return nil, fmt.Errorf("note that a mirror goes on: %w", err)
	}
	return state, nil
}

// session connects to the mirror and keeps it equal until something fails.
func (m *mirror) session(ctx context.Context) error {
	w, err := warehouse.Connect(ctx, m.dsn)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	if err := migrateSchema(ctx, w, m.logger); err != nil {
		return err
	}
	copier := &mirrors.Copier{To: w, Keep: func(s *mirrors.State) error { return s.Write(m.stateFile()) }}
	if copier.State, err = m.readState(); err != nil {
		return err
	}
	id, err := w.Identity(ctx)
	if err != nil {
		return err
	}
	if id != copier.State.To {
		if err := m.adopt(ctx, copier, id); err != nil {
			return err
		}
	}
	m.join() // again, if it has left the readers
	return m.workWith(ctx, w, copier, id)
}

func (m *mirror) stateFile() string { return filepath.Join(m.dir, "state.json") }

// adopt prepares a new or recreated warehouse as a mirror: it copies the small tables, and
// resets the cursors so that all records in the log are loaded again.
func (m *mirror) adopt(ctx context.Context, copier *mirrors.Copier, id string) error {
	if copier.From = m.first.Load(); copier.From == nil {
		return errMirrorAlone
	}
	if err := copier.Adopt(ctx, id); err != nil {
		return err
	}
	for lane := range m.holds {
		if err := os.RemoveAll(filepath.Join(m.dir, lane)); err != nil {
			return fmt.Errorf("forget the cursors of a mirror: %w", err)
		}
	}
	return nil
}

// workWith runs the pipelines, the copier and the workers that keep the mirror's tables
// equal to the first warehouse's, until one of them fails.
func (m *mirror) workWith(ctx context.Context, w *warehouse.Warehouse, copier *mirrors.Copier, id string) error {
	if from := m.first.Load(); from != nil { // messages before their opens
		copier.From = from
		if err := m.copy(ctx, copier, id); err != nil {
			return err
		}
	}
	first, err := openRing(ctx, m.cfg, w)
	if err != nil {
		return err
	}
	var ring atomic.Pointer[token.Ring]
	ring.Store(first)
	private := prometheus.NewRegistry() // for workers whose metrics exist for the first warehouse only
	mover := resolve.New(w, m.logger, private)
	follow := consent.NewFollower(&consent.Set{}, m.logger, private)
	if err := follow.Load(ctx, w); err != nil {
		return err
	}
	var deleted batch.Deleted
	if err := deleted.Load(ctx, w); err != nil {
		return err
	}
	loader := &batch.Loader{
		Ring: ring.Load, Warehouse: w, Caps: mover, Withdrawn: follow.Set, Deleted: &deleted, Ignore: m.ignored, Sites: m.cfg.Sites.Has, Signals: m.cfg.Signals,
	}
	m.mu.Lock()
	m.reached, m.follow, m.problem = w, follow, ""
	m.mu.Unlock()
	m.logger.Info("the mirror follows")
	defer func() {
		m.mu.Lock()
		m.reached = nil
		m.mu.Unlock()
	}()

	reports := snapshots.New(w, m.logger, private)
	keep := retention.New(m.cfg.Retention, m.logger, private)
	keep.Warehouse = w
	g, ctx := errgroup.WithContext(ctx)
	for lane, h := range m.holds {
		p := newPipeline(m.cfg, lane, filepath.Join(m.dir, lane), h.reader(m.reader()), loader, m.logger)
		g.Go(func() error { return p.Run(ctx) })
	}
	keysTaken := newSignal()
	works := []func(context.Context){
		mover.Run, reports.Run, keep.Run,
		func(ctx context.Context) { rejudge(ctx, []*batch.Loader{loader}, w, keysTaken, m.logger) },
		func(ctx context.Context) { follow.Run(ctx, w) },
		func(ctx context.Context) { deleted.Run(ctx, w, m.logger) },
		func(ctx context.Context) { tidy(ctx, w, m.logger) },
	}
	heal := &healer{
		cfg: m.cfg, file: filepath.Join(m.dir, "servers.json"), store: m.archive, metrics: m.heals,
		rules: m.first.Load, ready: m.awaitLog,
	}
	works = append(works, func(ctx context.Context) { heal.run(ctx, w, loader) })
	if m.cfg.Keys != nil {
		keys := &keyFollower{store: m.cfg.Keys, warehouse: w, ring: &ring, taken: func(*token.Ring) { keysTaken.notify() }, logger: m.logger}
		works = append(works, keys.run)
	}
	for _, work := range works {
		g.Go(func() error { work(ctx); return ctx.Err() })
	}
	g.Go(func() error { return m.keepCopying(ctx, w, copier) })
	return g.Wait()
}

// awaitLog returns once the mirror has all records that the log had when it was called.
func (m *mirror) awaitLog(ctx context.Context) error {
	for lane, h := range m.holds {
		_, end := m.lanes.Lane(lane).Position()
		for h.needed(m.reader()) < end {
			if err := backoff.Sleep(ctx, copyEvery); err != nil {
				return err
			}
		}
	}
	return nil
}

// copy runs one pass of the copier. id is the identity of the mirror.
func (m *mirror) copy(ctx context.Context, copier *mirrors.Copier, id string) error {
	m.copying.Lock()
	defer m.copying.Unlock()
	if err := copier.Adopt(ctx, id); err != nil { // the first warehouse may have been replaced
		return err
	}
	rows, err := copier.Pass(ctx)
	m.copied.Add(int64(rows))
	return err
}

// keepCopying copies repeatedly. An outage of the first warehouse does not end it, and the
// pipelines from the log continue.
func (m *mirror) keepCopying(ctx context.Context, w *warehouse.Warehouse, copier *mirrors.Copier) error {
	var delivered delivery
	for {
		if err := backoff.Sleep(ctx, copyEvery); err != nil {
			return err
		}
		id, err := w.Identity(ctx)
		if err != nil { // the mirror is down: the next session waits for it
			return err
		}
		if id != copier.State.To {
			return errMirrorAnew
		}
		if from := m.first.Load(); from != nil {
			copier.From = from
			if err = m.copy(ctx, copier, id); err == nil {
				err = delivered.look(ctx, m, copier)
			}
		}
		if errors.Is(err, mirrors.ErrForeign) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			m.logger.Warn("rows not copied to the mirror, trying again", "error", err)
			_ = backoff.Sleep(ctx, lastMirrorPause) // the loop ends with ctx
		}
	}
}

// delivery records at intervals which rows of the first warehouse the mirror has received
// through the log.
type delivery struct {
	parts map[string][]warehouse.Part // nil: not read
	ends  map[string]uint64           // ends of the lanes when parts were read
	next  time.Time
}

// deliveryEvery is the interval of these records. Later rows are copied twice if the mirror
// is down for too long.
const deliveryEvery = time.Minute

func (d *delivery) look(ctx context.Context, m *mirror, copier *mirrors.Copier) (err error) {
	if d.parts == nil {
		if time.Now().Before(d.next) {
			return nil
		}
		if d.parts, err = copier.Delivered(ctx); err != nil {
			return err
		}
		d.ends = map[string]uint64{}
		for lane := range m.holds {
			_, d.ends[lane] = m.lanes.Lane(lane).Position()
		}
	}
	for lane, h := range m.holds {
		if h.needed(m.reader()) < d.ends[lane] {
			return nil
		}
	}
	parts := d.parts
	d.parts, d.next = nil, time.Now().Add(deliveryEvery)
	return copier.Deliver(parts)
}

// Erase implements erasure.Copy.
func (m *mirror) Erase(_ context.Context, do func(*warehouse.Warehouse, *consent.Follower) error) error {
	m.copying.Lock()
	defer m.copying.Unlock()
	m.mu.Lock()
	w, follow := m.reached, m.follow
	m.mu.Unlock()
	if w == nil {
		return fmt.Errorf("mirror %s is not reached; this goes on once it is", m.name)
	}
	return do(w, follow)
}
