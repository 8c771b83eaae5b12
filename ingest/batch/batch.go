// Package batch brings log lines into the warehouse: lines → events → rows
// with a verdict → named inserts.
//
// A body of lines is loaded as a whole or not at all, and loading it again changes
// nothing: ClickHouse drops an insert whose name it knows, and rows of one event
// replace each other. A faulty line never fails the others: it goes to the dead
// letters with its reason, as far as its source has room there, and is on disk before
// Load returns. A Loader does not retry. A Pipeline does, and keeps the bodies until
// Load has succeeded.
//
// A batch goes through decide (manifest on disk), load (decode, resolve, insert),
// receipts and acknowledgement, in this order; see Pipeline.
package batch

import (
	"context"
	"fmt"
	"net/netip"
	"sync"

	"github.com/google/uuid"

	"glint/edge/privacy"
	"glint/edge/token"
	"glint/ingest/consent"
	"glint/ingest/deadletters"
	"glint/ingest/mention"
	"glint/ingest/warehouse"
)

// Warehouse is the part of ClickHouse that a Loader uses; *warehouse.Warehouse
// implements it.
type Warehouse interface {
	InsertOpens(ctx context.Context, name string, opens []warehouse.Open) error
	InsertUnresolved(ctx context.Context, name string, opens []warehouse.Open) error
	InsertBadTokens(ctx context.Context, name string, bad []warehouse.BadToken) error
	InsertAggregateOpens(ctx context.Context, name string, opens []warehouse.AggregateOpen) error
	InsertWebEvents(ctx context.Context, name string, events []warehouse.WebEvent) error
	LastOpensOf(ctx context.Context, messages []warehouse.MessageKey) (map[uuid.UUID]warehouse.LastOpenDate, error)
	InsertLastOpens(ctx context.Context, name string, rows []warehouse.LastOpenDate) error
	CampaignsOf(ctx context.Context, messages []uuid.UUID) (map[uuid.UUID]uint64, error)

	// These return the rows that are not in the table.
	AbsentOpens(ctx context.Context, opens []warehouse.Open) ([]warehouse.Open, error)
	AbsentUnresolved(ctx context.Context, opens []warehouse.Open) ([]warehouse.Open, error)
	AbsentBadTokens(ctx context.Context, bad []warehouse.BadToken) ([]warehouse.BadToken, error)
	AbsentAggregateOpens(ctx context.Context, opens []warehouse.AggregateOpen) ([]warehouse.AggregateOpen, error)
	AbsentWebEvents(ctx context.Context, events []warehouse.WebEvent) ([]warehouse.WebEvent, error)

	// Touched marks the reports of the campaigns as changed. An insert does so itself.
	Touched(ctx context.Context, campaigns []uint64) error
}

// Loader loads batches. It is safe for concurrent use.
type Loader struct {
	Ring        func() *token.Ring // asked for each batch, since keys change
	Warehouse   Warehouse
	DeadLetters *deadletters.Folder // nil: lines that cannot be stored are only counted
	Caps        Caps                // nil: no table has one
	// Ignore reports whether the operator's ignore list names an open, and by which
	// entry; nil: no list. It is called from several goroutines.
	Ignore    func(addr netip.Addr, userAgent string) (reason string, ok bool)
	Sites     func(name string) bool // reports whether a site of the web pixel is configured; nil: none is
	Deleted   *Deleted               // campaigns whose opens are not kept; nil: none
	Withdrawn *consent.Set           // messages whose opens are not kept as such; nil: none
	Signals   privacy.Signals        // treatment of lines of requests that ask not to be tracked
	// CountRepeats looks up before each insert which opens are already stored.
	// On a retry the batch's own rows cannot be distinguished from repeats, so
	// they count as stored.
	CountRepeats bool
	Watcher      Watcher // nil: none

	loading sync.RWMutex // held for reading by each load
}

// Into returns a loader of the same lines by the same rules into another warehouse,
// without dead letters, caps, counts of repeats and a watcher.
func (l *Loader) Into(w Warehouse) *Loader {
	return &Loader{
		Ring: l.Ring, Warehouse: w, Ignore: l.Ignore, Sites: l.Sites, Deleted: l.Deleted, Withdrawn: l.Withdrawn, Signals: l.Signals,
	}
}

// Settle returns once the current loads have ended. Loads that begin meanwhile wait for
// it, so call it rarely.
func (l *Loader) Settle() {
	l.loading.Lock()
	l.loading.Unlock() //nolint:staticcheck // nothing is done under it: to get it is what is awaited
}

// Watcher sees opens, page views and custom events as they are stored.
type Watcher interface {
	// Watched reports whether anyone waits for them: records then wait for
	// others for WatchedInterval at most.
	Watched() bool
	// Stored is called with rows that are now in the warehouse, repeats
	// included. The rows and their strings are valid until it returns.
	Stored(opens []warehouse.Open, events []warehouse.WebEvent)
}

// Load stores the lines of the bodies; the opens of registered messages go into
// one insert under name. After an error no line counts as stored, and the same
// bodies may be loaded again under the same name: rows that had arrived are not
// doubled.
func (l *Loader) Load(ctx context.Context, name string, bodies []Body) (*Result, error) {
	return l.load(ctx, name, bodies, false)
}

// Reload is Load for a batch that may have been tried before: it asks which rows are
// absent, inserts if any is, and asks again afterwards. See bisect.complete.
func (l *Loader) Reload(ctx context.Context, name string, bodies []Body) (*Result, error) {
	return l.load(ctx, name, bodies, true)
}

func (l *Loader) load(ctx context.Context, name string, bodies []Body, isRetry bool) (*Result, error) {
	l.loading.RLock()
	defer l.loading.RUnlock()
	d := newDecoder(l, bodies)
	defer d.free()
	if err := d.decode(ctx); err != nil {
		return nil, err
	}
	if err := d.resolve(ctx, l.Warehouse); err != nil {
		return nil, err
	}
	r := &Result{Lines: map[Outcome]int{}, Bodies: make([]BodyResult, len(bodies))}
	// Opens are inserted last. A message may be registered between two tries.
	// Its open would then join an insert that had been accepted without it, and
	// would be dropped as a repeat; so by then it must be among the unresolved
	// ones.
	if err := l.writeDeadLetters(d, r); err != nil {
		return nil, err
	}
	if err := l.keepUnresolved(ctx, d, r, name, isRetry); err != nil {
		return nil, err
	}
	if err := l.keepBadTokens(ctx, d, r, name, isRetry); err != nil {
		return nil, err
	}
	if err := l.keepWeb(ctx, d, r, name, isRetry); err != nil {
		return nil, err
	}
	if err := l.keepLastOpens(ctx, d, r); err != nil {
		return nil, err
	}
	if err := l.keepAggregates(ctx, d, r, name, isRetry); err != nil {
		return nil, err
	}
	opens := bisect[warehouse.Open]{
		rows: d.opens, insert: l.Warehouse.InsertOpens, absent: l.Warehouse.AbsentOpens, event: openEvent, isRetry: isRetry,
	}
	if l.CountRepeats && !isRetry {
		if err := l.countRepeats(ctx, d, r); err != nil {
			return nil, err
		}
	}
	if err := opens.store(ctx, name, 0, len(d.opens.rows)); err != nil {
		return nil, err
	}
	r.Restored += opens.restored
	if isRetry { // an earlier try may have stored the rows without their mark
		if err := l.Warehouse.Touched(ctx, campaignsOf(d.opens.rows)); err != nil {
			return nil, err
		}
	}
	recordOutcomes(d, r, &opens, openEvent, func(*warehouse.Open) Outcome { return Stored })
	if l.Watcher != nil {
		l.Watcher.Stored(d.opens.rows, d.webEvents.rows)
	}
	return r, l.writeDeadLetters(d, r)
}

// campaignsOf returns the campaigns of the opens, each once.
func campaignsOf(opens []warehouse.Open) (ids []uint64) {
	seen := map[uint64]bool{}
	for i := range opens {
		if id := opens[i].CampaignID; !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}

// keepUnresolved stores the opens of messages that are not registered, as far as
// there is room.
func (l *Loader) keepUnresolved(ctx context.Context, d *decoder, r *Result, name string, isRetry bool) error {
	rows, err := l.admitUnresolved(ctx, d, r, isRetry)
	if err != nil {
		return err
	}
	p := bisect[warehouse.Open]{
		rows: rows, insert: l.Warehouse.InsertUnresolved, absent: l.Warehouse.AbsentUnresolved, event: openEvent, isRetry: isRetry,
	}
	if err := p.store(ctx, p.name(name, 0, len(rows.rows)), 0, len(rows.rows)); err != nil {
		return err
	}
	r.Restored += p.restored
	recordOutcomes(d, r, &p, openEvent, func(*warehouse.Open) Outcome { return Unresolved })
	return nil
}

// keepAggregates stores the opens that belong to a campaign or stratum, not to
// a message.
func (l *Loader) keepAggregates(ctx context.Context, d *decoder, r *Result, name string, isRetry bool) error {
	rows := d.aggregates
	event := func(o *warehouse.AggregateOpen) uint64 { return o.EventID }
	p := bisect[warehouse.AggregateOpen]{
		rows: rows, insert: l.Warehouse.InsertAggregateOpens, absent: l.Warehouse.AbsentAggregateOpens, event: event, isRetry: isRetry,
	}
	if err := p.store(ctx, p.name(name, 0, len(rows.rows)), 0, len(rows.rows)); err != nil {
		return err
	}
	r.Restored += p.restored
	recordOutcomes(d, r, &p, event, func(o *warehouse.AggregateOpen) Outcome {
		if o.CampaignID == 0 {
			return Withheld
		}
		return Aggregated
	})
	return nil
}

// keepBadTokens stores requests with a bad token, as far as there is room. All of them
// count as bad tokens, kept or not.
func (l *Loader) keepBadTokens(ctx context.Context, d *decoder, r *Result, name string, isRetry bool) error {
	rows := d.badTokens
	for i := range rows.rows {
		r.count(rows.origins[i].body, BadToken, 0)
	}
	if l.Caps != nil {
		rows.rows = rows.rows[:l.Caps.TakeBadTokens(len(rows.rows))]
	}
	p := bisect[warehouse.BadToken]{
		rows: rows, insert: l.Warehouse.InsertBadTokens, absent: l.Warehouse.AbsentBadTokens,
		event: func(b *warehouse.BadToken) uint64 { return b.EventID }, isRetry: isRetry,
	}
	// A row that the table refuses is dropped; it is counted above.
	err := p.store(ctx, p.name(name, 0, len(rows.rows)), 0, len(rows.rows))
	r.Restored += p.restored
	return err
}

func openEvent(o *warehouse.Open) uint64 { return o.EventID }

// countRepeats counts the opens that are already in the warehouse, and repeats
// within the batch.
func (l *Loader) countRepeats(ctx context.Context, d *decoder, r *Result) error {
	if len(d.opens.rows) == 0 {
		return nil
	}
	absent, err := l.Warehouse.AbsentOpens(ctx, d.opens.rows)
	if err != nil {
		return err
	}
	first := make(map[uint64]bool, len(absent))
	for i := range absent {
		first[absent[i].EventID] = true
	}
	for i := range d.opens.rows {
		event := d.opens.rows[i].EventID
		if !first[event] {
			r.Bodies[d.opens.origins[i].body].Repeats++
		}
		delete(first, event)
	}
	return nil
}

// recordOutcomes counts each row of p under its outcome or, if the warehouse
// refuses it, as a dead letter.
func recordOutcomes[R any](d *decoder, r *Result, p *bisect[R], event func(*R) uint64, stored func(*R) Outcome) {
	for i := range p.rows.rows {
		if p.refused[i] {
			d.reject(p.rows.origins[i], Refused, "the warehouse does not take a value of it")
			continue
		}
		row := &p.rows.rows[i]
		r.count(p.rows.origins[i].body, stored(row), event(row))
	}
}

// writeDeadLetters writes the lines that cannot be stored to their folder and
// counts them. Lines beyond their source's quota are only counted. It fails if
// the disk does.
func (l *Loader) writeDeadLetters(d *decoder, r *Result) error {
	letters, bodies := make([]deadletters.Letter, 0, len(d.dead)), make([]int, 0, len(d.dead))
	for i := range d.dead {
		dead, body := &d.dead[i], &d.bodies[d.dead[i].body]
		if l.Withdrawn.HasErased() && mention.Messages([]byte(dead.line), l.Withdrawn.Erased) {
			r.Bodies[dead.body].NotKept++ // the line names an erased person
			continue
		}
		letters, bodies = append(letters, deadletters.Letter{
			ReceivedAt: body.ReceivedAt, Source: body.Source, Reason: string(dead.outcome), Detail: dead.detail, Line: dead.line,
		}), append(bodies, dead.body)
	}
	var notKept []int
	if l.DeadLetters != nil {
		var err error
		if notKept, err = l.DeadLetters.Write(letters); err != nil {
			return fmt.Errorf("keep lines that cannot be stored: %w", err)
		}
	}
	for _, i := range notKept {
		r.Bodies[bodies[i]].NotKept++
	}
	for i := range d.dead {
		r.count(d.dead[i].body, d.dead[i].outcome, 0)
	}
	d.dead = nil
	return nil
}
