package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/token"
	"glint/ingest/host/backoff"
	"glint/ingest/wal"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/embedded"
)

// startup brings up the warehouse while log and pixel already answer, and then
// starts loading. It retries each step until it succeeds: the engine, the
// connection, the migrations, the keys, the folders of the pipelines.
type startup struct {
	cfg       *Config
	lanes     *wal.Lanes
	pipelines *pipelines
	onUp      func(*warehouseHandle, *token.Ring) // called once

	cancel context.CancelFunc
	ended  chan struct{} // closed when run has returned
	report reporter

	readers []embedded.User // the engine's current users

	ring     atomic.Pointer[token.Ring]  // nil until the keys are known
	follower atomic.Pointer[keyFollower] // of the ring; nil: not followed yet, or never

	mu       sync.Mutex
	restarts uint64 // restarts of engines that have ended for good
	handle   warehouseHandle
	migrated bool
	problem  *Problem // nil: all is up
	since    time.Time
}

func newStartup(cfg *Config, up func(*warehouseHandle, *token.Ring)) *startup {
	return &startup{
		cfg: cfg, onUp: up, report: reporter{cfg: cfg}, ended: make(chan struct{}),
		problem: &Problem{Code: codeStarting, Text: "the warehouse is being started"}, since: time.Now(),
	}
}

// The pauses between two tries to bring the warehouse up.
const (
	firstUpPause = 250 * time.Millisecond
	lastUpPause  = 10 * time.Second
)

// start runs it until stopLoading; an error of the configuration is sent to
// failed.
func (s *startup) start(failed chan<- error) {
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(context.Background())
	go s.run(ctx, failed)
}

// run works until ctx ends; an error of the configuration is sent to failed.
func (s *startup) run(ctx context.Context, failed chan<- error) {
	defer close(s.ended)
	pauses := backoff.Backoff{First: firstUpPause, Last: lastUpPause}
	for ctx.Err() == nil {
		err := s.bringUp(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, warehouse.ErrDSN) || errors.Is(err, warehouse.ErrCluster) {
			failed <- err
			return
		}
		if err == nil {
			s.report.up()
			pauses.Reset()
			if err = s.untilEngineEnds(ctx); err == nil {
				return
			}
		}
		if problem := s.note(err); !errors.Is(err, errUsers) {
			s.report.waiting(problem, err, time.Now())
		}
		_ = pauses.Wait(ctx) // the loop ends with ctx
	}
}

// bringUp does the steps that are missing. It returns the first error, after
// the steps that do not depend on it.
func (s *startup) bringUp(ctx context.Context) error {
	loadingFault := s.pipelines.open(s.lanes)
	if err := s.startEngine(ctx); err != nil {
		return err
	}
	w, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if !s.migrated {
		s.report.step("checking the schema")
		if err := migrateSchema(ctx, w, s.cfg.Logger); err != nil {
			return err
		}
		s.migrated = true
	}
	if s.ring.Load() == nil {
		ring, err := openRing(ctx, s.cfg, w)
		if err != nil {
			return err
		}
		s.ring.Store(ring)
	}
	if loadingFault != nil {
		return errFiles{loadingFault}
	}
	if err := s.pipelines.begin(ctx, w, s.ring.Load); err != nil {
		return err
	}
	s.mu.Lock()
	s.problem, s.since = nil, time.Now()
	first := s.onUp
	s.onUp = nil
	s.mu.Unlock()
	if first != nil {
		first(&s.handle, s.ring.Load())
		if s.cfg.Keys != nil {
			s.followKeys()
		}
	}
	return nil
}

// startEngine starts the embedded engine if it is configured and not running. A
// restarted engine keeps its first address.
func (s *startup) startEngine(ctx context.Context) (err error) {
	if s.cfg.Engine == nil || s.handle.engine != nil {
		return nil
	}
	c := *s.cfg.Engine
	if s.readers, err = s.wantedReaders(); err != nil {
		s.cfg.Logger.Error("users of the warehouse cannot be read, it starts without them", "error", err)
	}
	c.Users = slices.Concat(c.Users, s.readers)
	if c.Library == "" && s.cfg.FindEngine != nil {
		if c.Library, err = s.cfg.FindEngine(); err != nil {
			return errEngine{fmt.Errorf("%w: %w", embedded.ErrLibraryMissing, err)}
		}
	}
	if at, err := url.Parse(s.handle.address); err == nil && at.Host != "" {
		c.Listen = at.Host
	}
	s.report.step("starting the embedded warehouse")
	engine, err := embedded.Start(ctx, c)
	if err != nil {
		return errEngine{err}
	}
	s.mu.Lock()
	s.handle.engine, s.handle.address = engine, engine.URL()
	s.mu.Unlock()
	return nil
}

func (s *startup) connect(ctx context.Context) (*warehouse.Warehouse, error) {
	if s.handle.Warehouse != nil {
		return s.handle.Warehouse, nil
	}
	dsn := s.cfg.WarehouseDSN
	if s.handle.engine != nil {
		dsn = engineDSN(s.handle.address, s.cfg.Engine.Users)
	}
	connect := warehouse.Connect
	if cluster := s.cfg.Cluster; cluster != "" {
		connect = func(ctx context.Context, dsn string) (*warehouse.Warehouse, error) {
			return warehouse.ConnectCluster(ctx, dsn, cluster)
		}
	}
	w, err := connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.handle.Warehouse = w
	s.mu.Unlock()
	return w, nil
}

// wantedReaders returns the users that the engine shall have in addition to the
// configured ones.
func (s *startup) wantedReaders() ([]embedded.User, error) {
	if s.cfg.Readers == nil {
		return nil, nil
	}
	return s.cfg.Readers()
}

// errUsers means that the engine was stopped to change its users.
var errUsers = errors.New("the embedded engine restarts, since its users have changed")

// engineTime is the limit for stopping the engine when its users change.
const engineTime = 30 * time.Second

// untilEngineEnds returns nil when ctx has ended, or the reason why the engine
// has ended; it is then started again.
func (s *startup) untilEngineEnds(ctx context.Context) error {
	engine := s.handle.engine
	if engine == nil { // an outside server
		<-ctx.Done()
		return nil
	}
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-engine.Done():
			s.forgetEngine(engine.Restarts() + 1)
			return errEngine{fmt.Errorf("the embedded engine has ended: %w", engine.Err())}
		case <-look.C:
		}
		readers, err := s.wantedReaders() // an invalid file changes nothing
		if err != nil || slices.EqualFunc(readers, s.readers, sameReader) {
			continue
		}
		s.cfg.Logger.Info("the embedded engine restarts, since its users have changed")
		ending, cancel := context.WithTimeout(ctx, engineTime)
		_ = engine.Stop(ending) // it is gone, whatever the error
		cancel()
		s.forgetEngine(engine.Restarts())
		return errEngine{errUsers}
	}
}

func sameReader(a, b embedded.User) bool {
	return a.Name == b.Name && a.Password == b.Password && slices.Equal(a.ReadOnlyViews, b.ReadOnlyViews)
}

// forgetEngine makes the next bringUp start another engine.
func (s *startup) forgetEngine(restarts uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restarts += restarts
	s.handle.engine, s.migrated = nil, false
}

// note records the current problem and the time since which it exists.
func (s *startup) note(err error) *Problem {
	p := problemOf(err, s.cfg.Hint)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.problem == nil || s.problem.Code != p.Code {
		s.since = time.Now()
	}
	s.problem = p
	return p
}

// ready returns the reason why the warehouse cannot be used, or nil if it answers now.
func (s *startup) ready() error {
	s.mu.Lock()
	problem, w := s.problem, s.handle.Warehouse
	s.mu.Unlock()
	if problem != nil && problem.Code != codeNoAnswer {
		return errors.New(problem.Text)
	}
	var err error
	if w == nil {
		err = errNoAnswer
	} else {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		err = w.Ping(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		if s.problem == nil {
			s.problem, s.since = noAnswer, time.Now()
		}
		return errNoAnswer // the cause is not for strangers
	case s.problem == noAnswer && s.onUp == nil:
		s.problem, s.since = nil, time.Now()
	}
	return nil
}

var errNoAnswer = errors.New(noAnswer.Text)

// stopPipelines ends run and then the pipelines. Batches in flight are retried
// after the next start.
func (s *startup) stopPipelines(ctx context.Context) error {
	if s.cancel != nil {
		s.cancel()
		bounded, cancel := context.WithTimeout(ctx, maxUpStop)
		defer cancel()
		select {
		case <-s.ended:
		case <-bounded.Done():
			s.cfg.Logger.Warn("stopped while the warehouse was being started")
		}
	}
	return s.pipelines.stop(ctx)
}

// maxUpStop is the longest wait for a cancelled start of the warehouse.
const maxUpStop = 3 * time.Second

// stopWarehouse closes the connections and stops the engine.
func (s *startup) stopWarehouse(ctx context.Context) error {
	s.mu.Lock()
	h := s.handle
	s.mu.Unlock()
	return h.stop(ctx)
}

// register exposes the engine's restarts and whether the warehouse can be used.
func (s *startup) register(r prometheus.Registerer) {
	s.registerKeys(r)
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "glint_warehouse_up", Help: "1 once the warehouse has been reached, migrated and given its keys; 0 while something is missing.",
	}, func() float64 {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.onUp != nil || s.problem != nil {
			return 0
		}
		return 1
	}))
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "glint_warehouse_behind_seconds", Help: "Delay of the queried ClickHouse replica behind the others, with shards the longest of them; 0 for a single server.",
	}, func() float64 { return warehouse.Furthest(s.late()).Seconds() }))
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "glint_warehouse_shards_away", Help: "Shards of the warehouse that do not answer; 0 without shards.",
	}, func() (away float64) {
		for _, late := range s.late() {
			if late.Away {
				away++
			}
		}
		return away
	}))
	if s.cfg.Engine == nil {
		return
	}
	r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "glint_engine_restarts_total", Help: "How often the embedded engine ended unasked and was started again.",
	}, func() float64 {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.handle.engine == nil {
			return float64(s.restarts)
		}
		return float64(s.restarts + s.handle.engine.Restarts())
	}))
}

// latePatience is the time limit for the states of shards in a metric or status.
const latePatience = 3 * time.Second

// late returns the shards that do not answer or are behind.
func (s *startup) late() []warehouse.Late {
	s.mu.Lock()
	w := s.handle.Warehouse
	s.mu.Unlock()
	if w == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), latePatience)
	defer cancel()
	return w.Late(ctx)
}

// warehouseHandle is the warehouse with its engine, if that is embedded.
type warehouseHandle struct {
	*warehouse.Warehouse
	engine  *embedded.Engine // nil for an external server
	address string           // URL without user; "" for an external server
}

func (h *warehouseHandle) stop(ctx context.Context) error {
	if h.Warehouse != nil {
		_ = h.Close() // only closes sockets
	}
	if h.engine == nil {
		return nil
	}
	return h.engine.Stop(ctx)
}

// engineDSN returns the DSN of the user with write access, who has no list of
// views.
func engineDSN(address string, users []embedded.User) string {
	u, _ := url.Parse(address) // the engine's own
	for _, user := range users {
		if user.ReadOnlyViews == nil {
			u.User = url.UserPassword(user.Name, user.Password)
		}
	}
	return u.String()
}

func migrateSchema(ctx context.Context, w *warehouse.Warehouse, logger *slog.Logger) error {
	result, err := w.Migrate(ctx)
	for _, server := range result.Away {
		logger.Warn("a ClickHouse server does not answer, and may lack tables; glint migrate up completes it", "server", server)
	}
	if err != nil {
		return fmt.Errorf("migrate warehouse: %w", err)
	}
	return nil
}

func (c *Config) progress(what string) {
	if c.Progress != nil {
		c.Progress(what)
	}
}

// reporter reports what is missing: at once when that changes, and then at
// intervals.
type reporter struct {
	cfg   *Config
	code  string
	began time.Time // of this problem
	said  repeated
	last  string // step
}

// step reports a step, unless it is the last one again, in the tries after a problem.
func (r *reporter) step(what string) {
	if r.code != "" && what == r.last {
		return
	}
	r.last = what
	r.cfg.progress(what)
}

func (r *reporter) waiting(p *Problem, err error, now time.Time) {
	if p.Code != r.code {
		r.code, r.began = p.Code, now
	}
	if !r.said.due(p.Code, now) {
		return
	}
	cause, _, _ := strings.Cut(err.Error(), "\n")
	if r.cfg.Progress != nil {
		text := fmt.Sprintf("not ready: %s; the pixel and ingest answer meanwhile: %s", p.Text, cause)
		if p.Hint != "" {
			text += "\nTry: " + p.Hint
		}
		r.cfg.progress(text)
		return
	}
	facts := []any{"problem", p.Code, "text", p.Text, "error", cause, "since", r.began.UTC().Format(time.RFC3339)}
	if p.Hint != "" {
		facts = append(facts, "try", p.Hint)
	}
	r.cfg.Logger.Error("the warehouse cannot be used yet, trying again", facts...)
}

func (r *reporter) up() {
	if r.code != "" {
		r.cfg.Logger.Warn("the warehouse can be used again")
	}
	r.code = ""
	r.said.over()
}
