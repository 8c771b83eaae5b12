package warehouse

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	chcolumn "github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/google/uuid"

	"glint/schema"
)

// DeliveryKind is the kind of a delivery event, as the Enum8 of
// deliveries.kind.
type DeliveryKind int8

// The kinds.
const (
	Sent DeliveryKind = iota + 1
	Delivered
	Deferred
	Bounced
	Complained
	Clicked
	Unsubscribed
	Replied
	Converted
)

// Delivery is one row of the table deliveries or, until its message is
// registered, of unresolved_deliveries.
type Delivery struct {
	CampaignID     uint64
	MessageID      uuid.UUID
	Kind           DeliveryKind
	OccurredAt     time.Time // UTC, milliseconds
	LinkHash       uint64    // hash of a click's link; 0: none
	ReceivedAt     time.Time // UTC, milliseconds
	Class          int8      // as the table's Enum8
	Reason         string
	VerdictVersion uint32
	RulesetVersion uint16
	UserAgent      string
	IP             netip.Addr // zero: not kept
	Network        string
	ASNumber       uint32
	Country        string
	URL            string
	BounceType     string
	Automatic      bool
	Source         string
	Extra          string

	// For events whose message is not registered, in place of MessageID.
	Campaign     string // name
	RecipientKey RecipientKey
}

var deliveryFacts = []column[Delivery]{
	{"kind", of(func(d *Delivery) int8 { return int8(d.Kind) })},
	{"occurred_at", of(func(d *Delivery) int64 { return d.OccurredAt.UnixMilli() })},
	{"link_hash", of(func(d *Delivery) uint64 { return d.LinkHash })},
	{"received_at", of(func(d *Delivery) int64 { return d.ReceivedAt.UnixMilli() })},
	{"class", of(func(d *Delivery) int8 { return d.Class })},
	{"reason", of(func(d *Delivery) string { return d.Reason })},
	{"verdict_version", of(func(d *Delivery) uint32 { return d.VerdictVersion })},
	{"ruleset_version", of(func(d *Delivery) uint16 { return d.RulesetVersion })},
	{"user_agent", of(func(d *Delivery) string { return d.UserAgent })},
	{"ip", of(func(d *Delivery) netip.Addr { return ipv6(d.IP) })},
	{"network", of(func(d *Delivery) string { return d.Network })},
	{"as_number", of(func(d *Delivery) uint32 { return d.ASNumber })},
	{"country", of(func(d *Delivery) string { return d.Country })},
	{"url", of(func(d *Delivery) string { return d.URL })},
	{"bounce_type", of(func(d *Delivery) string { return d.BounceType })},
	{"automatic", of(func(d *Delivery) uint8 { return flag(d.Automatic) })},
	{"source", of(func(d *Delivery) string { return d.Source })},
	{"extra", of(func(d *Delivery) string { return d.Extra })},
}

var deliveryColumns = append([]column[Delivery]{
	{"campaign_id", of(func(d *Delivery) uint64 { return d.CampaignID })},
	{"message_id", of(func(d *Delivery) uuid.UUID { return d.MessageID })},
}, deliveryFacts...)

var waitingColumns = append([]column[Delivery]{
	{"message_id", of(func(d *Delivery) uuid.UUID { return d.MessageID })},
	{"campaign", of(func(d *Delivery) string { return d.Campaign })},
	{"recipient_key", of(func(d *Delivery) RecipientKey { return d.RecipientKey })},
	{"moved", of(func(*Delivery) uint8 { return 0 })},
}, deliveryFacts...)

// InsertDeliveries inserts the rows in one named insert: see InsertOpens.
func (w *Warehouse) InsertDeliveries(ctx context.Context, name string, rows []Delivery) error {
	return insert(ctx, w, "deliveries", deliveryColumns, name, rows)
}

// InsertUnresolvedDeliveries stores events whose message is not registered yet,
// in one named insert. It ignores CampaignID.
func (w *Warehouse) InsertUnresolvedDeliveries(ctx context.Context, name string, rows []Delivery) error {
	return insert(ctx, w, "unresolved_deliveries", waitingColumns, name, rows)
}

// RegisteredCampaigns returns the campaigns of the registered messages, in any
// style of their pixel URLs.
func (w *Warehouse) RegisteredCampaigns(ctx context.Context, messages []uuid.UUID) (map[uuid.UUID]uint64, error) {
	fail := func(err error) error { return fmt.Errorf("look up messages: %w", err) }
	found := make(map[uuid.UUID]uint64, len(messages))
	if len(messages) == 0 {
		return found, nil
	}
	wanted, err := newTable("wanted_messages", tableColumn{"message_id", "UUID", messages})
	if err != nil {
		return nil, fail(err)
	}
	const size = 16 + 8
	rows, err := w.records(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), "lookup_registered", size)
	if err != nil {
		return nil, fail(err)
	}
	for ; len(rows) > 0; rows = rows[size:] {
		found[uuidOf(rows)] = binary.LittleEndian.Uint64(rows[16:])
	}
	return found, nil
}

// MessagesTo returns the messages to the given recipients in a campaign, by
// recipient key. If a recipient has several, it returns the smallest id.
// Unregistered recipients are absent.
func (w *Warehouse) MessagesTo(ctx context.Context, campaign uint64, recipients []RecipientKey) (map[RecipientKey]uuid.UUID, error) {
	fail := func(err error) error { return fmt.Errorf("look up recipients: %w", err) }
	found := make(map[RecipientKey]uuid.UUID, len(recipients))
	if len(recipients) == 0 {
		return found, nil
	}
	low, high := halves(recipients, func(k *RecipientKey) *RecipientKey { return k })
	wanted, err := newTable("wanted_recipients", tableColumn{"low", "UInt64", low}, tableColumn{"high", "UInt64", high})
	if err != nil {
		return nil, fail(err)
	}
	const size = 16 + 16
	rows, err := w.records(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), "lookup_recipients", size,
		clickhouse.Named("campaign_id", campaign))
	if err != nil {
		return nil, fail(err)
	}
	for ; len(rows) > 0; rows = rows[size:] {
		key, id := RecipientKey(rows[:16]), uuidOf(rows[16:])
		if known, twice := found[key]; !twice || bytes.Compare(id[:], known[:]) < 0 {
			found[key] = id
		}
	}
	return found, nil
}

// halves returns the keys as pairs of numbers.
func halves[R any](rows []R, key func(*R) *RecipientKey) (low, high []uint64) {
	low, high = make([]uint64, len(rows)), make([]uint64, len(rows))
	for i := range rows {
		k := key(&rows[i])
		low[i], high[i] = binary.LittleEndian.Uint64(k[:8]), binary.LittleEndian.Uint64(k[8:])
	}
	return low, high
}

// Absent is a row that must be written.
type Absent struct {
	Row   int
	Known bool // the event is stored, with a lower version
}

// AbsentDeliveries returns the rows that are not in the table deliveries, or
// only with a lower version.
func (w *Warehouse) AbsentDeliveries(ctx context.Context, rows []Delivery) ([]Absent, error) {
	campaigns := make([]uint64, len(rows))
	for i := range rows {
		campaigns[i] = rows[i].CampaignID
	}
	return w.absentDeliveries(ctx, "absent_deliveries", "inserted_deliveries", rows, tableColumn{"campaign_id", "UInt64", campaigns})
}

// AbsentUnresolvedDeliveries is AbsentDeliveries for unresolved_deliveries. An
// event that was moved counts as present.
func (w *Warehouse) AbsentUnresolvedDeliveries(ctx context.Context, rows []Delivery) ([]Absent, error) {
	campaigns := make([]string, len(rows))
	for i := range rows {
		campaigns[i] = rows[i].Campaign
	}
	low, high := halves(rows, func(d *Delivery) *RecipientKey { return &d.RecipientKey })
	return w.absentDeliveries(ctx, "absent_unresolved_deliveries", "inserted_unresolved", rows,
		tableColumn{"campaign", "String", campaigns}, tableColumn{"low", "UInt64", low}, tableColumn{"high", "UInt64", high})
}

func (w *Warehouse) absentDeliveries(ctx context.Context, query, table string, rows []Delivery, more ...tableColumn) (absent []Absent, err error) {
	if len(rows) == 0 {
		return nil, nil
	}
	fail := func(err error) error { return fmt.Errorf("look for known events: %w", err) }
	n := len(rows)
	number, version, kind := make([]uint32, n), make([]uint32, n), make([]int8, n)
	at, link, message := make([]int64, n), make([]uint64, n), make([]uuid.UUID, n)
	for i := range rows {
		d := &rows[i]
		number[i], version[i], kind[i] = uint32(i), d.VerdictVersion, int8(d.Kind)
		at[i], link[i], message[i] = d.OccurredAt.UnixMilli(), d.LinkHash, d.MessageID
	}
	inserted, err := newTable(table, append(more, tableColumn{"row", "UInt32", number}, tableColumn{"message_id", "UUID", message},
		tableColumn{"kind", "Int8", kind}, tableColumn{"occurred_at", "Int64", at}, tableColumn{"link_hash", "UInt64", link},
		tableColumn{"version", "UInt32", version})...)
	if err != nil {
		return nil, fail(err)
	}
	const size = 4 + 4
	found, err := w.records(clickhouse.Context(ctx, clickhouse.WithExternalTable(inserted)), query, size)
	if err != nil {
		return nil, fail(err)
	}
	for ; len(found) > 0; found = found[size:] {
		a := Absent{int(binary.LittleEndian.Uint32(found)), binary.LittleEndian.Uint32(found[4:]) > 0}
		if a.Row >= n {
			return nil, fail(fmt.Errorf("%w: %s: row %d of %d", ErrAnswer, query, a.Row, n))
		}
		absent = append(absent, a)
	}
	return absent, nil
}

// tableColumn is a column of an external table with all its values: appending
// row by row would box each value.
type tableColumn struct {
	name, kind string
	values     any
}

func newTable(name string, columns ...tableColumn) (*ext.Table, error) {
	var kinds []func(*ext.Table) error
	for _, c := range columns {
		kinds = append(kinds, ext.Column(c.name, chcolumn.Type(c.kind)))
	}
	t, err := ext.NewTable(name, kinds...)
	if err != nil {
		return nil, err
	}
	for i, c := range columns {
		if _, err := t.Block().Columns[i].Append(c.values); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// WaitingDeliveries counts the events whose message is not registered yet, and
// those among them that can be moved now.
type WaitingDeliveries struct{ Waiting, Resolvable uint64 }

// WaitingDeliveries returns these counts.
func (w *Warehouse) WaitingDeliveries(ctx context.Context) (n WaitingDeliveries, err error) {
	if err := w.ask(ctx, "waiting_deliveries", nil, &n.Waiting, &n.Resolvable); err != nil {
		return n, fmt.Errorf("count waiting events: %w", err)
	}
	return n, nil
}

// MoveDeliveries moves events whose message has been registered meanwhile into
// deliveries. It may be called again after any error, and concurrently.
func (w *Warehouse) MoveDeliveries(ctx context.Context) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(moveSettings()))
	for _, step := range []string{"move_deliveries", "mark_moved_deliveries"} { // in this order: see MoveResolved
		if err := w.conn.Exec(ctx, schema.Query(step)); err != nil {
			return fmt.Errorf("move events of registered messages: %w", err)
		}
	}
	return nil
}

// Marking is a change of registered messages. Messages of other campaigns and
// unregistered messages are not changed.
type Marking struct {
	CampaignID uint64
	Messages   []uuid.UUID
	Test       Test
	Tracking   Tracking // limit: tracking only becomes narrower
	Withdrawn  Fate     // fate of recipients who withdraw: see FateOf
}

// MarkSends marks messages, unless dryRun is set, and returns the numbers of them that
// are registered and that change.
func (w *Warehouse) MarkSends(ctx context.Context, m Marking, dryRun bool) (registered, changed uint64, err error) {
	fail := func(err error) (uint64, uint64, error) { return 0, 0, fmt.Errorf("mark messages: %w", err) }
	table, err := newTable("marked_messages", tableColumn{"message_id", "UUID", m.Messages})
	if err != nil {
		return fail(err)
	}
	test := int8(-1)
	if m.Test != TestUnsaid {
		test = int8(flag(m.Test == TestYes))
	}
	args := []any{
		clickhouse.Named("campaign_id", m.CampaignID), clickhouse.Named("test", test), clickhouse.Named("tracking", int8(m.Tracking)),
	}
	marked := clickhouse.Context(ctx, clickhouse.WithExternalTable(table), clickhouse.WithSettings(moveSettings()))
	if err := w.ask(marked, "marked_sends", args, &registered, &changed); err != nil {
		return fail(err)
	}
	if dryRun || changed == 0 {
		return registered, changed, nil
	}
	var restricted []Restriction
	if fate := FateOf(m.Tracking, m.Withdrawn); fate != FateKeep {
		for _, message := range m.Messages {
			restricted = append(restricted, Restriction{message, fate})
		}
	}
	at, err := w.Restrict(ctx, m.CampaignID, restricted)
	if err != nil {
		return fail(err)
	}
	if err := w.conn.Exec(marked, schema.Query("mark_sends"), append(args, clickhouse.Named("now", time.Now().UnixMilli()))...); err != nil {
		return fail(err)
	}
	if len(restricted) > 0 {
		if _, err := w.ApplyWithdrawals(ctx, at); err != nil {
			return fail(err)
		}
	}
	return registered, changed, nil
}
