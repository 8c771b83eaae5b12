package warehouse

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"

	"glint/schema"
)

// Arrival records that events of a campaign were stored, with the earliest and
// latest time of their receipt.
type Arrival struct {
	At          time.Time // time of the warehouse's clock; zero: not known
	CampaignID  uint64
	First, Last time.Time
}

// FeedEvent is an event in a feed, with the class of the request alone.
type FeedEvent struct {
	CampaignID uint64    `json:"campaign_id"`
	MessageID  uuid.UUID `json:"message_id"`
	Kind       string    `json:"kind"` // opened, clicked and so on
	At         time.Time `json:"at"`
	EventID    uint64    `json:"event_id"` // id of an open, or of a click's link; otherwise 0
	ReceivedAt time.Time `json:"received_at"`
	Class      string    `json:"class"`
	Reason     string    `json:"reason"`
}

// FeedQuery holds the parameters of FeedPage.
type FeedQuery struct {
	Events string    // reliable, first (opens of messages without an earlier open), click, all
	Wanted []Arrival // one per campaign
	After  FeedEvent // last event of the previous page; zero: from the beginning
	Limit  int
}

// ArrivalsSince returns the arrivals after a time, in order, at most limit of
// them, and the time of the warehouse. An arrival may become visible seconds
// after its time.
func (w *Warehouse) ArrivalsSince(ctx context.Context, since time.Time, limit int) (all []Arrival, now time.Time, err error) {
	var nowMilli int64
	var n uint64
	var arrived, first, last []int64
	var campaigns []uint64
	args := []any{clickhouse.Named("since_ms", since.UnixMilli()), clickhouse.Named("limit", limit)}
	if err := w.ask(ctx, "feed_arrivals", args, &nowMilli, &n, &arrived, &campaigns, &first, &last); err != nil {
		return nil, now, fmt.Errorf("read arrivals: %w", err)
	}
	for i, campaign := range campaigns {
		all = append(all, Arrival{time.UnixMilli(arrived[i]).UTC(), campaign, time.UnixMilli(first[i]), time.UnixMilli(last[i])})
	}
	return all, time.UnixMilli(nowMilli).UTC(), nil
}

// ReceivedSince returns the campaigns with events received after a time, each
// with the earliest and latest receipt. It reads a column of the whole table.
func (w *Warehouse) ReceivedSince(ctx context.Context, since time.Time) (all []Arrival, err error) {
	var nowMilli int64
	var n uint64
	var first, last []int64
	var campaigns []uint64
	if err := w.ask(ctx, "feed_received", []any{clickhouse.Named("since_ms", since.UnixMilli())}, &nowMilli, &n, &campaigns, &first, &last); err != nil {
		return nil, fmt.Errorf("read what was received: %w", err)
	}
	for i, campaign := range campaigns {
		all = append(all, Arrival{CampaignID: campaign, First: time.UnixMilli(first[i]), Last: time.UnixMilli(last[i])})
	}
	return all, nil
}

// FeedPage returns the next events of a feed, by key. A page that is not full is the last.
func (w *Warehouse) FeedPage(ctx context.Context, q *FeedQuery) ([]FeedEvent, error) {
	fail := func(err error) ([]FeedEvent, error) { return nil, fmt.Errorf("read events of the feed: %w", err) }
	wanted, err := ext.NewTable("wanted", ext.Column("campaign_id", "UInt64"), ext.Column("first_ms", "Int64"), ext.Column("last_ms", "Int64"))
	if err != nil {
		return fail(err)
	}
	for i := range q.Wanted {
		if err := wanted.Append(q.Wanted[i].CampaignID, q.Wanted[i].First.UnixMilli(), q.Wanted[i].Last.UnixMilli()); err != nil {
			return fail(err)
		}
	}
	query := "feed_events"
	args := []any{
		clickhouse.Named("events", q.Events), clickhouse.Named("limit", q.Limit),
		clickhouse.Named("campaign", q.After.CampaignID), clickhouse.Named("message", q.After.MessageID.String()),
	}
	if q.Events == "reliable" || q.Events == "first" {
		query = "feed_first_opens"
	} else {
		args = append(args, clickhouse.Named("kind", q.After.Kind), clickhouse.Named("occurred_ms", sinceMilli(q.After.At)),
			clickhouse.Named("event", q.After.EventID))
	}
	var n uint64
	var l feedLists
	ctx = clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted))
	row := w.conn.QueryRow(ctx, w.wantedIn(schema.Query(query), q.Wanted), args...)
	if err := answered(row, query, append([]any{&n}, l.lists()...)...); err != nil {
		return fail(err)
	}
	return l.events(), nil
}

// wantedIn returns the query; with shards, it names the campaigns in place of the external
// table wanted, which a condition does not find that goes to another shard.
func (w *Warehouse) wantedIn(query string, wanted []Arrival) string {
	if w.shards == nil {
		return query
	}
	ids := make([]string, len(wanted))
	for i := range wanted {
		ids[i] = strconv.FormatUint(wanted[i].CampaignID, 10)
	}
	return strings.ReplaceAll(query, "IN (SELECT campaign_id FROM wanted)", "IN ("+strings.Join(ids, ", ")+")")
}

// FeedKind is a message and one kind of its events.
type FeedKind struct {
	MessageKey
	Kind string
}

// FeedStanding returns which events of these messages still exist: an erasure
// or a withdrawal may have removed some.
func (w *Warehouse) FeedStanding(ctx context.Context, messages []MessageKey) (map[FeedKind]bool, error) {
	fail := func(err error) (map[FeedKind]bool, error) {
		return nil, fmt.Errorf("look whether events of the feed are still there: %w", err)
	}
	wanted, err := wantedKeys(messages)
	if err != nil {
		return fail(err)
	}
	var n uint64
	var campaigns []uint64
	var ids []uuid.UUID
	var kinds []string
	if err := w.ask(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), "feed_standing", nil, &n, &campaigns, &ids, &kinds); err != nil {
		return fail(err)
	}
	standing := make(map[FeedKind]bool, n)
	for i := range ids {
		standing[FeedKind{MessageKey{CampaignID: campaigns[i], MessageID: ids[i]}, kinds[i]}] = true
	}
	return standing, nil
}

// feedLists are the columns of a page.
type feedLists struct {
	campaigns, ids         []uint64
	messages               []uuid.UUID
	kinds, classes, reason []string
	occurred, received     []int64
}

func (l *feedLists) lists() []any {
	return []any{&l.campaigns, &l.messages, &l.kinds, &l.occurred, &l.ids, &l.received, &l.classes, &l.reason}
}

func (l *feedLists) events() []FeedEvent {
	all := make([]FeedEvent, len(l.campaigns))
	for i := range all {
		all[i] = FeedEvent{
			CampaignID: l.campaigns[i], MessageID: l.messages[i], Kind: l.kinds[i], At: time.UnixMilli(l.occurred[i]).UTC(), EventID: l.ids[i],
			ReceivedAt: time.UnixMilli(l.received[i]).UTC(), Class: l.classes[i], Reason: l.reason[i],
		}
	}
	return all
}

// CampaignNameOf returns the name of a campaign, or "" if no campaign has that
// id.
func (w *Warehouse) CampaignNameOf(ctx context.Context, id uint64) (string, error) {
	var found uint64
	var name string
	if err := w.ask(ctx, "campaign_by_id", []any{clickhouse.Named("campaign_id", id)}, &found, &name); err != nil {
		return "", fmt.Errorf("look up the name of a campaign: %w", err)
	}
	return name, nil
}
