// Package feed posts events to a URL of the operator's as they come into the warehouse:
// a webhook, signed as https://www.standardwebhooks.com says.
//
//	reader    arrivals in the warehouse → events that were not read before
//	health    whether the target is tried now
//	sender    event → body → signed POST → done, or pending with its next try
//	state     cursor and pending events, on disk; events that were given up
//
// Each event is posted at least once, with an id that stays the same: the cursor moves
// only past what is sent, given up, or pending on disk, and what an insert that was cut
// off left without an arrival is looked for after each start and each fault of the
// warehouse. Nothing is in memory alone, and nothing that brings events into the
// warehouse waits for a target.
//
// Events may come in another order, and twice. Each of several services with a feed
// posts all events of the warehouse that they share.
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

// Events says which events are posted.
type Events string

// The choices. First is what was received first.
const (
	Reliable Events = "reliable" // the first open of a message by a person
	First    Events = "first"    // the first open of a message by anybody
	Click    Events = "click"    // clicks, but for those of machines
	All      Events = "all"
)

func (e Events) firstOnly() bool { return e == Reliable || e == First }

// Config is what a feed needs.
type Config struct {
	URL          string // "": there is no feed
	Events       Events
	Recipient    bool          // the body has the recipient of an identified message
	AllowPrivate bool          // the target may be in this network, and http on this machine
	GiveUp       time.Duration // age at which an event that cannot be posted is given up
	Dir          string        // of the state
	Secrets      func() ([]Secret, error)
}

// MaxGiveUp leaves time before the warehouse forgets its arrivals.
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

// Warehouse is what a feed needs of ClickHouse; *warehouse.Warehouse is one.
type Warehouse interface {
	ArrivalsSince(ctx context.Context, since time.Time, limit int) ([]warehouse.Arrival, time.Time, error)
	ReceivedSince(ctx context.Context, since time.Time) ([]warehouse.Arrival, error)
	FeedPage(ctx context.Context, q *warehouse.FeedQuery) ([]warehouse.FeedEvent, error)
	Addressees(ctx context.Context, messages []warehouse.MessageKey) (map[uuid.UUID]warehouse.Addressee, error)
	FeedStanding(ctx context.Context, messages []warehouse.MessageKey) (map[warehouse.FeedKind]bool, error)
	CampaignNameOf(ctx context.Context, id uint64) (string, error)
}

// The pace of a feed.
const (
	pollEvery   = time.Second
	senders     = 8 // requests at once
	pageEvents  = 500
	maxPending  = 1000 // events that were tried; while there are so many, no more are read
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

	turning     sync.Mutex // held while events are read, posted or erased; guards what is below
	state       *state
	reader      reader
	names       map[uint64]string
	health      health
	savedCursor time.Time

	mu     sync.Mutex // guards status
	status Status
}

// New returns a feed and registers its metrics. Validate has passed c.
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

// Begin keeps that the feed begins now, or reads how far it has come. It is called before
// events are loaded into w: what a first run loads before its end, by whatever kill, belongs
// to the feed. Run tries again what Begin could not do.
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

// Run works until ctx ends, or the target wants no more.
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

// turn does what is due now.
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

// begin reads the state. Where there is none, the feed begins now, by the warehouse's
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

// end keeps which ids were read, so that an orderly restart posts none twice.
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

// save keeps how far the feed has come.
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

// standing returns which events are still in the warehouse. Those of a person who was
// erased or has withdrawn meanwhile are not, and are neither posted nor kept.
func (f *Feed) standing(ctx context.Context, due, dead []*letter) (map[warehouse.FeedKind]bool, error) {
	var keys []warehouse.MessageKey
	for _, l := range slices.Concat(due, dead) {
		keys = append(keys, l.key())
	}
	return f.warehouse.FeedStanding(ctx, keys)
}

// tooOld reports whether an event is given up, which no event is before the feed has had
// as long for it.
func (f *Feed) tooOld(l *letter, now time.Time) bool {
	since := l.Event.ReceivedAt
	if since.Before(f.started) {
		since = f.started
	}
	return now.Sub(since) > f.config.GiveUp
}
