package warehouse

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"glint/schema"
)

// Tracking is the tracking mode of a message, as the Enum8 of the tables. Its number may
// only grow.
type Tracking int8

// The states of tracking.
const (
	Identified   Tracking = iota // opens belong to a message and its recipient
	Pseudonymous                 // to a message
	LastOpen                     // only the date of the recipient's last open is kept
	Aggregate                    // only counts of the campaign
	Off                          // nothing; the message has no pixel
)

// The styles of a pixel URL in which a message can be registered.
const (
	StyleUnknown = ""      // of rows from before styles were stored: counts as StyleBoth
	StyleToken   = "token" // its bare id counts nowhere
	StyleUUID    = "uuid"
	StyleBoth    = "both" // registered in one style, and later in the other
)

// StateRegistered and StateBounced are values of Send.State.
const (
	StateRegistered = "registered"
	StateBounced    = "bounced"
)

// Test reports whether a message is a test, which is stored and never counted.
type Test int8

// The values of Send.Test.
const (
	TestUnsaid Test = iota // unchanged; a new message is no test
	TestNo
	TestYes
)

func testOf(test bool) Test {
	if test {
		return TestYes
	}
	return TestNo
}

// Send is one registered message.
type Send struct {
	CampaignID   uint64
	MessageID    uuid.UUID
	Recipient    string       // normalized
	RecipientKey RecipientKey // InsertSends fills it in
	Domain       string       // of the recipient; InsertSends fills it in
	Sequence     uint32
	SentAt       time.Time // zero: not known
	DeliveredAt  time.Time // zero: not known
	State        string    // empty: StateRegistered
	Tracking     Tracking
	Test         Test
	URLStyle     string
	Attributes   map[string]string
	Stratum      string    // whose pixel URL it has; "": one of its own, or none
	Registration uint64    // 0: complete by itself
	RegisteredAt time.Time // the latest row is the message; zero: now
}

var sendColumns = []column[Send]{
	{"campaign_id", of(func(s *Send) uint64 { return s.CampaignID })},
	{"message_id", of(func(s *Send) uuid.UUID { return s.MessageID })},
	{"recipient", of(func(s *Send) string { return s.Recipient })},
	{"recipient_key", of(func(s *Send) RecipientKey { return s.RecipientKey })},
	{"domain", of(func(s *Send) string { return s.Domain })},
	{"sequence", of(func(s *Send) uint32 { return s.Sequence })},
	{"sent_at", of(func(s *Send) time.Time { return orEpoch(s.SentAt) })},
	{"delivered_at", of(func(s *Send) time.Time { return orEpoch(s.DeliveredAt) })},
	{"state", of(func(s *Send) string { return s.State })},
	{"tracking", of(func(s *Send) int8 { return int8(s.Tracking) })},
	{"test", of(func(s *Send) uint8 { return flag(s.Test == TestYes) })},
	{"url_style", of(func(s *Send) string { return s.URLStyle })},
	{"attributes", of(func(s *Send) map[string]string { return s.Attributes })},
	{"registration", of(func(s *Send) uint64 { return s.Registration })},
	{"stratum", of(func(s *Send) string { return s.Stratum })},
	{"registered_at", of(func(s *Send) int64 { return s.RegisteredAt.UnixMilli() })},
}

// InsertSends inserts the rows in one named insert: see InsertOpens. It fills in
// the empty fields of the rows: recipient key, domain, state and time.
func (w *Warehouse) InsertSends(ctx context.Context, name string, sends []Send) error {
	return w.InsertSendBlocks(ctx, name, slices.Values([][]Send{sends}))
}

// CompleteSends adds to the tables by message and by recipient what inserts into sends left
// out when their program or the engine was killed: ClickHouse stores the rows of a
// materialized view after those of its table. Call it before relying on messages of a
// campaign that such a program may have registered.
func (w *Warehouse) CompleteSends(ctx context.Context, campaign uint64) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0, "insert_deduplicate": 0}))
	for _, query := range []string{"complete_message_campaigns", "complete_recipient_messages"} {
		if err := w.conn.Exec(ctx, schema.Query(query), clickhouse.Named("campaign_id", campaign)); err != nil {
			return fmt.Errorf("complete registered messages: %w", err)
		}
	}
	return nil
}

// InsertSendBlocks is InsertSends for rows that arrive in blocks. A block is encoded before
// the next one is requested, so that all may share one slice.
func (w *Warehouse) InsertSendBlocks(ctx context.Context, name string, blocks iter.Seq[[]Send]) error {
	hasher, err := w.RecipientHasher(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	return insertBlocks(ctx, w, "sends", sendColumns, insertSettings(name), func(yield func([]Send) bool) {
		for sends := range blocks {
			fillSends(sends, hasher, now)
			if !yield(sends) {
				return
			}
		}
	})
}

func fillSends(sends []Send, hasher *RecipientHasher, now time.Time) {
	for i := range sends {
		s := &sends[i]
		if s.Recipient != "" { // otherwise it was forgotten
			s.RecipientKey = hasher.Key(s.Recipient)
			_, s.Domain, _ = cutLast(s.Recipient, "@")
		}
		if s.State == "" {
			s.State = StateRegistered
		}
		if s.RegisteredAt.IsZero() {
			s.RegisteredAt = now
		}
	}
}

// cutLast cuts s around the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// orEpoch returns t, or 1970 for an unknown time, as the tables store it.
func orEpoch(t time.Time) time.Time {
	if t.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return t
}

// flag returns a truth value as the tables store it.
func flag(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
