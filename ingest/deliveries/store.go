package deliveries

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"glint/edge/classify"
	"glint/ingest/warehouse"
)

// Warehouse is the part of ClickHouse that a Store uses; *warehouse.Warehouse
// implements it.
type Warehouse interface {
	CampaignNamed(ctx context.Context, name string) (warehouse.Campaign, error)
	RecipientHasher(ctx context.Context) (*warehouse.RecipientHasher, error)
	RegisteredCampaigns(ctx context.Context, messages []uuid.UUID) (map[uuid.UUID]uint64, error)
	MessagesTo(ctx context.Context, campaign uint64, recipients []warehouse.RecipientKey) (map[warehouse.RecipientKey]uuid.UUID, error)
	AbsentDeliveries(ctx context.Context, rows []warehouse.Delivery) ([]warehouse.Absent, error)
	AbsentUnresolvedDeliveries(ctx context.Context, rows []warehouse.Delivery) ([]warehouse.Absent, error)
	InsertDeliveries(ctx context.Context, name string, rows []warehouse.Delivery) error
	InsertUnresolvedDeliveries(ctx context.Context, name string, rows []warehouse.Delivery) error
}

// Fate is the result for one event.
type Fate uint8

// The fates.
const (
	Stored   Fate = iota + 1
	Repeated      // already stored, or already waiting
	Waiting       // stored; counts once its message is registered
)

// Store inserts events into the warehouse. It is not safe for concurrent use:
// see Committer.
type Store struct {
	Warehouse Warehouse
	Judge     Judge
	Now       func() time.Time
}

// Add looks up the messages of events, classifies clicks, and inserts new rows.
// It returns the fate of each event once all are durable. After an error some
// may be stored; adding the same events again is harmless.
func (s *Store) Add(ctx context.Context, events []Event) ([]Fate, error) {
	b := &adding{Store: s, events: events, fates: make([]Fate, len(events)), received: s.Now().UTC().Truncate(time.Millisecond)}
	if err := b.find(ctx); err != nil {
		return nil, err
	}
	b.rows()
	for _, write := range []func(context.Context) error{b.writeStored, b.writeWaiting} {
		if err := write(ctx); err != nil {
			return nil, err
		}
	}
	return b.fates, nil
}

// adding is one Add.
type adding struct {
	*Store
	events   []Event
	fates    []Fate
	received time.Time

	campaigns map[string]uint64 // by name; 0: unknown name
	keys      []warehouse.RecipientKey
	byID      map[uuid.UUID]uint64
	byKey     map[uint64]map[warehouse.RecipientKey]uuid.UUID

	stored, waiting batch
}

// batch holds rows of one table, with their events.
type batch struct {
	rows   []warehouse.Delivery
	events []int32
}

func (b *batch) add(d *warehouse.Delivery, event int) {
	b.rows, b.events = append(b.rows, *d), append(b.events, int32(event))
}

// find looks up the messages of all events.
func (b *adding) find(ctx context.Context) (err error) {
	var ids []uuid.UUID
	recipients := map[uint64][]warehouse.RecipientKey{}
	b.campaigns = map[string]uint64{}
	var hasher *warehouse.RecipientHasher
	for i := range b.events {
		e := &b.events[i]
		if e.Message != none {
			ids = append(ids, e.Message)
			continue
		}
		if hasher == nil {
			if hasher, err = b.Warehouse.RecipientHasher(ctx); err != nil {
				return err
			}
			b.keys = make([]warehouse.RecipientKey, len(b.events))
		}
		b.keys[i] = hasher.Key(e.Recipient)
		campaign, known := b.campaigns[e.Campaign]
		if !known {
			c, err := b.Warehouse.CampaignNamed(ctx, e.Campaign)
			if err != nil && !errors.Is(err, warehouse.ErrNoCampaign) {
				return err
			}
			campaign = c.ID
			b.campaigns[e.Campaign] = campaign
		}
		if campaign != 0 {
			recipients[campaign] = append(recipients[campaign], b.keys[i])
		}
	}
	if b.byID, err = b.Warehouse.RegisteredCampaigns(ctx, ids); err != nil {
		return err
	}
	b.byKey = map[uint64]map[warehouse.RecipientKey]uuid.UUID{}
	for campaign, keys := range recipients {
		if b.byKey[campaign], err = b.Warehouse.MessagesTo(ctx, campaign, keys); err != nil {
			return err
		}
	}
	return nil
}

// rows builds the rows of all events.
func (b *adding) rows() {
	b.stored.rows = make([]warehouse.Delivery, 0, len(b.events))
	b.stored.events = make([]int32, 0, len(b.events))
	for i := range b.events {
		e := &b.events[i]
		d := b.row(e)
		if e.Message != none {
			d.CampaignID, d.MessageID = b.byID[e.Message], e.Message
		} else if d.CampaignID = b.campaigns[e.Campaign]; d.CampaignID != 0 {
			d.MessageID = b.byKey[d.CampaignID][b.keys[i]]
		}
		if d.CampaignID != 0 && d.MessageID != none {
			b.stored.add(&d, i)
			continue
		}
		if e.Message == none {
			d.Campaign, d.RecipientKey = e.Campaign, b.keys[i]
		}
		d.CampaignID = 0
		b.waiting.add(&d, i)
	}
}

// row returns the row of an event without its message.
func (b *adding) row(e *Event) warehouse.Delivery {
	d := warehouse.Delivery{
		Kind: e.Kind, OccurredAt: e.At, LinkHash: linkHash(e.URL), ReceivedAt: b.received,
		URL: e.URL, BounceType: e.BounceType, Automatic: e.Automatic, Source: string(e.Source), Extra: extraOf(e),
		RulesetVersion: classify.RulesetVersion,
	}
	own := e.Kind == warehouse.Clicked && b.Judge.click(e, &d)
	d.VerdictVersion = version(&d, own)
	return d
}

// linkHash returns the first eight bytes of the SHA-256 of a link, or 0 for
// none.
func linkHash(url string) uint64 {
	if url == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(url))
	return max(binary.BigEndian.Uint64(sum[:8]), 1)
}

func (b *adding) writeStored(ctx context.Context) error {
	w := b.Warehouse
	return b.write(ctx, &b.stored, Stored, questions{w.AbsentDeliveries, w.InsertDeliveries})
}

func (b *adding) writeWaiting(ctx context.Context) error {
	w := b.Warehouse
	return b.write(ctx, &b.waiting, Waiting, questions{w.AbsentUnresolvedDeliveries, w.InsertUnresolvedDeliveries})
}

// identity identifies an event.
type identity struct {
	campaign uint64
	name     string
	message  uuid.UUID
	key      warehouse.RecipientKey
	kind     warehouse.DeliveryKind
	at       int64
	link     uint64
}

// questions are the queries that a table's rows need.
type questions struct {
	absent func(context.Context, []warehouse.Delivery) ([]warehouse.Absent, error)
	insert func(context.Context, string, []warehouse.Delivery) error
}

// minSplit is the number of rows from which two concurrent inserts pay off.
const minSplit = 20_000

// write inserts the rows that are not stored, each identity once, and sets the
// fates of all. Many rows are written in two concurrent halves without common
// identities, so that the engine uses two processors.
func (b *adding) write(ctx context.Context, rows *batch, fate Fate, ask questions) error {
	halves := []*batch{rows}
	if len(rows.rows) >= minSplit {
		halves = rows.split()
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, half := range halves {
		g.Go(func() error { return b.writeHalf(ctx, half, fate, ask) })
	}
	return g.Wait()
}

// split divides the rows by their message or recipient.
func (b *batch) split() []*batch {
	halves := []*batch{{}, {}}
	for i := range b.rows {
		d := &b.rows[i]
		half := halves[(d.MessageID[15]^d.RecipientKey[0])&1]
		half.add(d, int(b.events[i]))
	}
	return halves
}

func (b *adding) writeHalf(ctx context.Context, rows *batch, fate Fate, ask questions) error {
	if len(rows.rows) == 0 {
		return nil
	}
	b.once(rows)
	left, err := ask.absent(ctx, rows.rows)
	if err != nil {
		return err
	}
	for _, event := range rows.events {
		b.fates[event] = Repeated
	}
	written := make([]warehouse.Delivery, 0, len(left))
	for _, a := range left {
		if !a.Known {
			b.fates[rows.events[a.Row]] = fate
		}
		written = append(written, rows.rows[a.Row])
	}
	if len(written) == 0 {
		return nil
	}
	return ask.insert(ctx, "deliveries-"+rand.Text(), written)
}

// once keeps, for each identity, the row with the highest version, at the
// position of the first. The others are repeats.
func (b *adding) once(rows *batch) {
	places := make(map[identity]int32, len(rows.rows))
	kept := 0
	for i := range rows.rows {
		d := &rows.rows[i]
		id := identity{d.CampaignID, d.Campaign, d.MessageID, d.RecipientKey, d.Kind, d.OccurredAt.UnixMilli(), d.LinkHash}
		place, twice := places[id]
		if !twice {
			places[id] = int32(kept)
			rows.rows[kept], rows.events[kept] = *d, rows.events[i]
			kept++
			continue
		}
		b.fates[rows.events[i]] = Repeated
		if d.VerdictVersion > rows.rows[place].VerdictVersion {
			rows.rows[place] = *d
		}
	}
	rows.rows, rows.events = rows.rows[:kept], rows.events[:kept]
}
