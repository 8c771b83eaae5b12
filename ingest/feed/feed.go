// Package feed is the webhook: it posts events to the operator's URL as they arrive in the
// warehouse, signed according to https://www.standardwebhooks.com.
//
//	reader    arrivals in the warehouse → events that were not read before
//	health    decides whether to try the target now
//	sender    event → body → signed POST → done, or pending with its next try
//	state     cursor and pending events, on disk; events that were given up
//
// Each event is posted at least once, always with the same id: the cursor moves only past
// events that are sent, given up, or pending on disk. After each start and each error of
// the warehouse, the feed also looks for events that an interrupted insert left without an
// arrival. No state is in memory only, and inserts into the warehouse never wait for a
// target.
//
// Events may be posted out of order and more than once. If several services on one
// warehouse have a feed, each posts all events.
package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/host/backoff"
	"glint/ingest/warehouse"
)

// Events is the choice of events to post.
type Events string

// The choices. The first open is the one that was received first.
const (
	Reliable Events = "reliable" // the first open of a message by a person
	First    Events = "first"    // the first open of a message by any client
	Click    Events = "click"    // clicks, except by machines
	All      Events = "all"
)

func (e Events) firstOnly() bool { return e == Reliable || e == First }

// Config configures a feed.
type Config struct {
	URL          string // "": no feed
	Events       Events
	Recipient    bool          // the body has the recipient of an identified message
	AllowPrivate bool          // the target may be in this network, and http on this machine
	GiveUp       time.Duration // age at which an event that cannot be posted is given up
	Dir          string        // of the state
	Secrets      func() ([]Secret, error)
}

// MaxGiveUp is below the time for which the warehouse keeps arrivals.
const MaxGiveUp = 20 * time.Hour

// Validate returns all faults of the configuration.
func (c *Config) Validate() error {
	if c.URL == "" {
		return nil
	}
	_, err := CheckURL(c.URL, c.AllowPrivate)
	if c.GiveUp <= 0 || c.GiveUp > MaxGiveUp {
		err = errors.Join(err, fmt.Errorf("webhook-give-up: want above 0 and at most %v", MaxGiveUp))
	}
	return err
}

// Warehouse is the part of *warehouse.Warehouse that a feed uses.
type Warehouse interface {
	ArrivalsSince(ctx context.Context, since time.Time, limit int) ([]warehouse.Arrival, time.Time, error)
	ReceivedSince(ctx context.Context, since time.Time) ([]warehouse.Arrival, error)
	FeedPage(ctx context.Context, q *warehouse.FeedQuery) ([]warehouse.FeedEvent, error)
	Addressees(ctx context.Context, messages []warehouse.MessageKey) (map[uuid.UUID]warehouse.Addressee, error)
	FeedStanding(ctx context.Context, messages []warehouse.MessageKey) (map[warehouse.FeedKind]bool, error)
	CampaignNameOf(ctx context.Context, id uint64) (string, error)
}

// Limits and intervals of a feed.
const (
	pollEvery   = time.Second
	senders     = 8 // concurrent requests
	pageEvents  = 500
	maxPending  = 1000 // tried events; at this number no more are read
	faultRepeat = time.Hour
)

// Feed is one run of a feed. Run is called once.
type Feed struct {
	config    Config
	logger    *slog.Logger
	now       func() time.Time
	warehouse Warehouse
	target    *target
	metrics   metrics
	started   time.Time

	turning     sync.Mutex // held while events are read, posted or erased; guards the fields below
	state       *state
	reader      reader
	names       map[uint64]string
	health      health
	savedCursor time.Time

	mu     sync.Mutex // guards status
	status Status
}

// New returns a feed and registers its metrics. c must be valid.
func New(c Config, logger *slog.Logger, r prometheus.Registerer) *Feed {
	f := &Feed{config: c, logger: logger, now: time.Now, metrics: newMetrics(r), names: map[uint64]string{}}
	f.status.State = StateOff
	if u, err := CheckURL(c.URL, c.AllowPrivate); err == nil && c.URL != "" {
		f.target = newTarget(u, c.AllowPrivate, c.Secrets)
		f.status.State, f.status.Host = StateWaiting, u.Hostname()
	}
	f.metrics.gauges(r, f)
	return f
}

// Begin stores the current time as the start of a new feed, or reads the state of an
// existing one. Call it before events are loaded into w, so that all events of a first run
// belong to the feed, even if the run is killed. If Begin fails, Run repeats it.
func (f *Feed) Begin(ctx context.Context, w Warehouse) error {
	f.turning.Lock()
	defer f.turning.Unlock()
	return f.beginOnce(ctx, w)
}

func (f *Feed) beginOnce(ctx context.Context, w Warehouse) error {
	if f.target == nil || f.state != nil {
		return nil
	}
	f.warehouse, f.started = w, f.now()
	f.reader = reader{feed: f, behind: true}
	return f.begin(ctx)
}

// Run posts events until ctx ends or the target answers 410.
func (f *Feed) Run(ctx context.Context, w Warehouse) {
	if f.target == nil {
		return
	}
	f.health.report = f.report
	for pauses := (backoff.Backoff{First: pollEvery, Last: time.Minute}); ; {
		switch err := f.turn(ctx, w); {
		case ctx.Err() != nil:
			f.end()
			return
		case f.health.ended():
			f.end()
			f.setState(StateStopped)
			f.logger.Error("the webhook answered 410 and gets nothing more until glint starts again; events are kept for it")
			return
		case err != nil:
			f.logger.Warn("events for the webhook wait, trying again", "error", err)
			_ = pauses.Wait(ctx) // turn ends with ctx
		default:
			pauses.Reset()
			_ = backoff.Sleep(ctx, pollEvery) // turn ends with ctx
		}
	}
}

// turn does the work that is due now.
func (f *Feed) turn(ctx context.Context, w Warehouse) error {
	if err := f.resume(ctx, w); err != nil {
		return err
	}
	return f.reader.read(ctx)
}

func (f *Feed) resume(ctx context.Context, w Warehouse) error {
	f.turning.Lock()
	defer f.turning.Unlock()
	if err := f.beginOnce(ctx, w); err != nil {
		return err
	}
	return f.retry(ctx)
}

// begin reads the state. Without one, the feed begins now, by the warehouse's
// clock.
func (f *Feed) begin(ctx context.Context) error {
	s, err := loadState(f.config.Dir)
	if err != nil {
		return err
	}
	if s == nil {
		_, now, err := f.warehouse.ArrivalsSince(ctx, f.now(), 1)
		if err != nil {
			return err
		}
		s = &state{Begin: now, Cursor: now}
		if err := s.save(f.config.Dir); err != nil {
			return err
		}
		f.reader.behind = false
	}
	for _, id := range s.Read {
		f.reader.recent.has(id, uuid.Nil, f.now())
	}
	for _, l := range s.Pending {
		f.reader.recent.has(l.ID, l.Event.MessageID, f.now())
	}
	f.state = s
	f.setPending()
	f.setState(StateDelivering)
	return nil
}

// end stores the ids that were read, so that an orderly restart posts no event twice.
func (f *Feed) end() {
	f.turning.Lock()
	defer f.turning.Unlock()
	if f.state == nil {
		return
	}
	f.state.Read = f.reader.finished()
	if err := f.state.save(f.config.Dir); err != nil {
		f.logger.Error("the webhook may get events of the last minutes again", "error", err)
	}
}

// save stores the state of the feed.
func (f *Feed) save() error {
	f.state.Read = nil
	f.setPending()
	f.savedCursor = f.state.Cursor
	return f.state.save(f.config.Dir)
}

// retry posts the pending events that are due, and gives up those that are too old.
func (f *Feed) retry(ctx context.Context) error {
	now := f.now()
	var due, rest, dead []*letter
	for _, l := range f.state.Pending {
		switch {
		case f.tooOld(l, now):
			dead = append(dead, l)
		case !l.Next.After(now) && f.health.tries(now):
			due = append(due, l)
		default:
			rest = append(rest, l)
		}
	}
	if len(due)+len(dead) == 0 {
		return nil
	}
	standing, err := f.standing(ctx, due, dead)
	if err != nil {
		return err
	}
	gone := func(l *letter) bool { return !standing[l.kind()] }
	due, dead = slices.DeleteFunc(due, gone), slices.DeleteFunc(dead, gone)
	if len(dead) > 0 {
		if err := bury(f.config.Dir, dead); err != nil {
			return err
		}
		f.metrics.outcomes.WithLabelValues(outcomeGivenUp).Add(float64(len(dead)))
		f.logger.Error("events were given up, since the webhook did not take them in time", "events", len(dead), "file", letterFile)
	}
	left, err := f.send(ctx, due)
	f.state.Pending = append(rest, left...)
	return errors.Join(err, f.save())
}

// standing returns the events that are still in the warehouse. Events of a person who was
// erased or has withdrawn meanwhile are not, so they are neither posted nor kept.
func (f *Feed) standing(ctx context.Context, due, dead []*letter) (map[warehouse.FeedKind]bool, error) {
	var keys []warehouse.MessageKey
	for _, l := range slices.Concat(due, dead) {
		keys = append(keys, l.key())
	}
	return f.warehouse.FeedStanding(ctx, keys)
}

// tooOld reports whether to give up an event. It never does before the feed itself has
// tried for that long.
func (f *Feed) tooOld(l *letter, now time.Time) bool {
	since := l.Event.ReceivedAt
	if since.Before(f.started) {
		since = f.started
	}
	return now.Sub(since) > f.config.GiveUp
}
