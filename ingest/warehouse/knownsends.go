package warehouse

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
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
const partSends = 500_000

// KnownSends reads what is registered of a campaign. Within a registration it is
// read after BeginRegistration.
func (w *Warehouse) KnownSends(ctx context.Context, campaign uint64) (*KnownSends, error) {
	fail := func(err error) (*KnownSends, error) { return nil, fmt.Errorf("read registered messages: %w", err) }
	var rows uint64
	err := w.ask(ctx, "campaign_sends", []any{clickhouse.Named("campaign_id", campaign)}, &rows)
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

// KnownMessages reads what is registered of some messages of a campaign, and
// returns the time of the latest of their rows; zero: there is none.
func (w *Warehouse) KnownMessages(ctx context.Context, campaign uint64, messages []uuid.UUID) (*KnownSends, time.Time, error) {
	fail := func(err error) (*KnownSends, time.Time, error) {
		return nil, time.Time{}, fmt.Errorf("read registered messages: %w", err)
	}
	wanted, err := newTable("wanted_messages", tableColumn{"message_id", "UUID", messages})
	if err != nil {
		return fail(err)
	}
	var latest int64
	var n uint64
	var records string
	err = w.ask(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), "known_messages",
		[]any{clickhouse.Named("campaign_id", campaign)}, &latest, &n, &records)
	if err != nil {
		return fail(err)
	}
	k := &KnownSends{campaign: campaign, rows: make(map[uuid.UUID]knownSend, n)}
	if err := k.take(n, records); err != nil || latest == 0 {
		return k, time.Time{}, err
	}
	return k, time.UnixMilli(latest).UTC(), nil
}

// errRecords says that the answer to known_sends is not of its form.
var errRecords = fmt.Errorf("%w: known_sends", ErrAnswer)

// read reads one part of the messages.
func (k *KnownSends) read(ctx context.Context, w *Warehouse, part, parts uint64) error {
	var n uint64
	var records string
	args := []any{clickhouse.Named("campaign_id", k.campaign), clickhouse.Named("part", part), clickhouse.Named("parts", parts)}
	err := w.ask(ctx, "known_sends", args, &n, &records)
	if err != nil {
		return err
	}
	return k.take(n, records)
}

// take adds n records.
func (k *KnownSends) take(n uint64, records string) (err error) {
	texts := map[string]string{}
	b := []byte(records)
	for range n {
		if b, err = k.add(b, texts); err != nil {
			return err
		}
	}
	if len(b) != 0 {
		return errRecords
	}
	return nil
}

// fixedRecord is the length of a record up to its texts: see known_sends.sql.
const fixedRecord = 16 + 4 + 4 + 8 + 3

// add takes one record off b.
func (k *KnownSends) add(b []byte, texts map[string]string) (rest []byte, err error) {
	if len(b) < fixedRecord {
		return nil, errRecords
	}
	le := binary.LittleEndian
	id := uuidOf(b)
	s := knownSend{
		sentAt: le.Uint32(b[16:]), deliveredAt: le.Uint32(b[20:]), registration: le.Uint64(b[24:]),
		tracking: Tracking(b[32]), test: b[33] != 0, complete: b[34] != 0,
	}
	b = b[fixedRecord:]
	for _, text := range []*string{&s.state, &s.style} {
		if len(b) < 1 || len(b) < 1+int(b[0]) {
			return nil, errRecords
		}
		*text, b = once(texts, b[1:1+b[0]]), b[1+b[0]:]
	}
	if len(b) < 4 || len(b)-4 < int(le.Uint32(b)) {
		return nil, errRecords
	}
	end := 4 + int(le.Uint32(b))
	s.attributes = once(texts, b[4:end])
	k.rows[id] = s
	return b[end:], nil
}

// maxTexts bounds what once remembers: attributes may all differ.
const maxTexts = 1000

// once returns the text in b, the same string for equal ones.
func once(texts map[string]string, b []byte) string {
	if text, ok := texts[string(b)]; ok {
		return text
	}
	text := string(b)
	if len(texts) < maxTexts {
		texts[text] = text
	}
	return text
}

// Len is how many messages are known.
func (k *KnownSends) Len() int { return len(k.rows) }

// Messages returns the ids of the messages that count.
func (k *KnownSends) Messages() iter.Seq[uuid.UUID] {
	return func(yield func(uuid.UUID) bool) {
		for id := range k.rows {
			if k.rows[id].complete && !yield(id) {
				return
			}
		}
	}
}

// Counts reports whether the message is known and belongs to a complete
// registration.
func (k *KnownSends) Counts(message uuid.UUID) bool { return k.rows[message].complete }

// Merge returns the row to insert for a message of the registration, and whether
// it has to be inserted: one that is known is not, unless a field changes. Fields that
// s leaves open (a zero time, an empty state, TestUnsaid, an attribute) keep their known
// value. Tracking only grows, and an URL that was given out stays good: two
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
