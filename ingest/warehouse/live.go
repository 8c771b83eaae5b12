package warehouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"
)

// Fetcher is the kind of client that fetched an image, in the three kinds that
// the live page shows.
type Fetcher int

// The kinds. A client of unknown kind and Apple Mail's relay may hide a person.
const (
	ByPerson Fetcher = iota
	ByHidden
	ByMachine
)

// Fetchers is the number of kinds.
const Fetchers = 3

// The Enum8 values of opens.class that Fetcher distinguishes.
const (
	classUnknown     = 0
	classHuman       = 1
	classProxyHuman  = 2
	classPrefetch    = 3
	classNotImage    = 9
	appleRelayReason = "apple_mpp"
)

// Fetcher returns the kind of the open's client. It returns false if the row is
// not an open, or its time is not possible. queries/live_counts.sql makes the
// same division.
func (o *Open) Fetcher() (Fetcher, bool) {
	if o.Class == classNotImage || o.TimeSuspect != SuspectNone {
		return 0, false
	}
	switch {
	case o.Class == classHuman || o.Class == classProxyHuman:
		return ByPerson, true
	case o.Class == classUnknown || o.Class == classPrefetch && strings.HasPrefix(o.Reason, appleRelayReason):
		return ByHidden, true
	}
	return ByMachine, true
}

// MinuteCount is the number of opens in one minute.
type MinuteCount struct {
	Minute int64 // Unix minutes
	N      [Fetchers]uint64
}

// LiveCounts returns, by minute, the opens of all campaigns opened since one
// time and received before another, tests included.
func (w *Warehouse) LiveCounts(ctx context.Context, since, receivedBefore time.Time) ([]MinuteCount, error) {
	var n uint64
	var minutes []int64
	var counts [Fetchers][]uint64
	err := w.ask(ctx, "live_counts", []any{
		clickhouse.Named("since_ms", since.UnixMilli()), clickhouse.Named("until_ms", receivedBefore.UnixMilli()),
	}, &n, &minutes, &counts[ByPerson], &counts[ByHidden], &counts[ByMachine])
	if err != nil {
		return nil, fmt.Errorf("count opens by minute: %w", err)
	}
	all := make([]MinuteCount, len(minutes))
	for i, minute := range minutes {
		all[i].Minute = minute
		for kind := range counts {
			all[i].N[kind] = counts[kind][i]
		}
	}
	return all, nil
}

// MessageKey identifies a message by the key of its row.
type MessageKey struct {
	CampaignID uint64
	MessageID  uuid.UUID
}

// Addressee is the recipient of a message. Recipient is empty unless opens may
// be shown with it.
type Addressee struct {
	Recipient string
	Test      bool
}

// wantedKeys returns the external table wanted, which some queries use.
func wantedKeys(messages []MessageKey) (*ext.Table, error) {
	wanted, err := ext.NewTable("wanted_keys", ext.Column("campaign_id", "UInt64"), ext.Column("message_id", "UUID"))
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		if err := wanted.Append(m.CampaignID, m.MessageID); err != nil {
			return nil, err
		}
	}
	return wanted, nil
}

// Addressees returns the addressees of the messages; unregistered messages are
// absent. Only identified messages have a recipient.
func (w *Warehouse) Addressees(ctx context.Context, messages []MessageKey) (map[uuid.UUID]Addressee, error) {
	found := map[uuid.UUID]Addressee{}
	if len(messages) == 0 {
		return found, nil
	}
	fail := func(err error) (map[uuid.UUID]Addressee, error) {
		return nil, fmt.Errorf("look up recipients of opens: %w", err)
	}
	wanted, err := wantedKeys(messages)
	if err != nil {
		return fail(err)
	}
	var n uint64
	var ids []uuid.UUID
	var recipients []string
	var tracking []int8
	var tests []uint8
	err = w.ask(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), "live_messages", nil, &n, &ids, &recipients, &tracking, &tests)
	if err != nil {
		return fail(err)
	}
	for i, id := range ids {
		a := Addressee{Test: tests[i] == 1}
		if Tracking(tracking[i]) == Identified {
			a.Recipient = recipients[i]
		}
		found[id] = a
	}
	return found, nil
}
