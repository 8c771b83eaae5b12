package warehouse

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"glint/schema"
)

// KnownSends are the messages of a campaign that are registered already. It is
// safe for concurrent use, and takes about 100 bytes for each message.
type KnownSends struct {
	campaign uint64
	rows     map[uuid.UUID]knownSend
}

// knownSend is what is known of a message, as the table has it.
type knownSend struct {
	sentAt, deliveredAt uint32 // seconds; 0: not known
	tracking            Tracking
	test                bool
	complete            bool // it counts, or it would if it were no test
	state, style        string
	attributes          string // JSON; empty: none
	registration        uint64
}

// partSends is about how many messages are read at a time.
const partSends = 250_000

// KnownSends reads what is registered of a campaign. Within a registration it is
// read after BeginRegistration.
func (w *Warehouse) KnownSends(ctx context.Context, campaign uint64) (*KnownSends, error) {
	fail := func(err error) (*KnownSends, error) { return nil, fmt.Errorf("read registered messages: %w", err) }
	var rows uint64
	err := w.conn.QueryRow(ctx, schema.Query("campaign_sends"), clickhouse.Named("campaign_id", campaign)).Scan(&rows)
	if err != nil {
		return fail(err)
	}
	k := &KnownSends{campaign: campaign, rows: make(map[uuid.UUID]knownSend, rows)}
	parts := (rows + partSends - 1) / partSends
	for part := range parts {
		if err := k.read(ctx, w, part, parts); err != nil {
			return fail(err)
		}
	}
	return k, nil
}

// read reads one part of the messages.
func (k *KnownSends) read(ctx context.Context, w *Warehouse, part, parts uint64) error {
	var n uint64
	var ids []uuid.UUID
	var sentAt, deliveredAt []uint32
	var states, styles, attributes []string
	var tracking []int8
	var tests, complete []uint8
	var registrations []uint64
	err := w.conn.QueryRow(ctx, schema.Query("known_sends"), clickhouse.Named("campaign_id", k.campaign),
		clickhouse.Named("part", part), clickhouse.Named("parts", parts)).
		Scan(&n, &ids, &sentAt, &deliveredAt, &states, &tracking, &tests, &styles, &attributes, &registrations, &complete)
	if err != nil {
		return err
	}
	texts := map[string]string{}
	for i, id := range ids {
		k.rows[id] = knownSend{
			sentAt: sentAt[i], deliveredAt: deliveredAt[i], tracking: Tracking(tracking[i]), test: tests[i] != 0,
			complete: complete[i] != 0, state: once(texts, states[i]), style: once(texts, styles[i]),
			attributes: attributes[i], registration: registrations[i],
		}
	}
	return nil
}

// once returns the first text that was equal to s, so that only that is kept.
func once(texts map[string]string, s string) string {
	if first, ok := texts[s]; ok {
		return first
	}
	texts[s] = s
	return s
}

// Len is how many messages are known.
func (k *KnownSends) Len() int { return len(k.rows) }

// Counts reports whether the message is known and belongs to a complete
// registration.
func (k *KnownSends) Counts(message uuid.UUID) bool { return k.rows[message].complete }

// Merge returns the row to insert for a message of the registration, and whether
// it has to be inserted: one that is known is not, unless a field changes. What s
// leaves open (a zero time, an empty state, TestUnsaid, an attribute) stays as it
// is known. Tracking only grows, and an URL that was given out stays good: two
// styles become StyleBoth.
//
// A message that counts keeps the registration that made it count. So the rows of
// CompleteRegistration's written are those with row.Registration == r.ID.
func (r Registration) Merge(k *KnownSends, s Send) (row Send, write bool) {
	s.CampaignID, s.Registration, s.RegisteredAt = r.CampaignID, r.ID, r.StartedAt
	if s.State == "" {
		s.State = StateRegistered
	}
	known, ok := k.rows[s.MessageID]
	if !ok {
		return s, true
	}
	write = !known.complete
	if known.complete {
		s.Registration = known.registration
	}
	s.SentAt = mergeTime(s.SentAt, known.sentAt, &write)
	s.DeliveredAt = mergeTime(s.DeliveredAt, known.deliveredAt, &write)
	if s.State == StateRegistered {
		s.State = known.state
	}
	s.Tracking = max(s.Tracking, known.tracking)
	if s.Test == TestUnsaid {
		s.Test = testOf(known.test)
	}
	s.URLStyle = mergeStyles(known.style, s.URLStyle)
	var more bool
	if s.Attributes, more = mergeAttributes(known.attributes, s.Attributes); more {
		write = true
	}
	write = write || s.State != known.state || s.Tracking != known.tracking || (s.Test == TestYes) != known.test || s.URLStyle != known.style
	return s, write
}

// mergeTime returns the time that is given or else the known one.
func mergeTime(given time.Time, known uint32, changed *bool) time.Time {
	switch {
	case !given.IsZero() && given.Unix() != int64(known):
		*changed = true
		return given
	case known == 0:
		return time.Time{}
	}
	return time.Unix(int64(known), 0).UTC()
}

// mergeStyles is StyleUnknown for a row of before styles were kept: its URL may
// have had either.
func mergeStyles(known, given string) string {
	switch {
	case known == given || given == StyleUnknown, known == StyleUnknown, known == StyleBoth:
		return known
	}
	return StyleBoth
}

// mergeAttributes returns the known attributes with those that are given put over
// them, and whether there is another one or one of another value.
func mergeAttributes(known string, given map[string]string) (all map[string]string, changed bool) {
	if known == "" {
		return given, len(given) > 0
	}
	if err := json.Unmarshal([]byte(known), &all); err != nil { // it is ClickHouse's own
		return given, true
	}
	for name, value := range given {
		if old, ok := all[name]; !ok || old != value {
			changed = true
		}
	}
	maps.Copy(all, given)
	return all, changed
}
