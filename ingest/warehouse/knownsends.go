package warehouse

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
)

// KnownSends are the registered messages of a campaign. It is safe for
// concurrent use, and takes about 110 bytes per message.
type KnownSends struct {
	campaign uint64
	rows     map[uuid.UUID]knownSend
}

// knownSend holds the fields of a registered message.
type knownSend struct {
	sentAt, deliveredAt uint32 // seconds; 0: not known
	tracking            Tracking
	test                bool
	complete            bool // it counts, or would count if it were no test
	state, style        string
	attributes          string // JSON; empty: none
	registration        uint64
	registeredAt        int64 // Unix milliseconds
}

// partSends is the approximate number of messages read at a time.
const partSends = 500_000

// KnownSends reads the registered messages of a campaign. Within a registration
// call it after BeginRegistration.
func (w *Warehouse) KnownSends(ctx context.Context, campaign uint64) (*KnownSends, error) {
	return w.knownSends(ctx, campaign, Identified)
}

// LesserSends reads the registered messages of a campaign that are measured less than mode
// says; the others are unknown to its result.
func (w *Warehouse) LesserSends(ctx context.Context, campaign uint64, mode Tracking) (*KnownSends, error) {
	return w.knownSends(ctx, campaign, mode+1)
}

func (w *Warehouse) knownSends(ctx context.Context, campaign uint64, least Tracking) (*KnownSends, error) {
	fail := func(err error) (*KnownSends, error) { return nil, fmt.Errorf("read registered messages: %w", err) }
	var rows uint64
	err := w.ask(ctx, "campaign_sends", []any{clickhouse.Named("campaign_id", campaign)}, &rows)
	if err != nil {
		return fail(err)
	}
	k := &KnownSends{campaign: campaign, rows: map[uuid.UUID]knownSend{}}
	if least == Identified {
		k.rows = make(map[uuid.UUID]knownSend, rows)
	}
	parts := (rows + partSends - 1) / partSends
	for part := range parts {
		if err := k.read(ctx, w, least, part, parts); err != nil {
			return fail(err)
		}
	}
	return k, nil
}

// KnownMessages reads the given messages of a campaign as far as they are
// registered.
func (w *Warehouse) KnownMessages(ctx context.Context, campaign uint64, messages []uuid.UUID) (*KnownSends, error) {
	fail := func(err error) (*KnownSends, error) { return nil, fmt.Errorf("read registered messages: %w", err) }
	wanted, err := newTable("wanted_messages", tableColumn{"message_id", "UUID", messages})
	if err != nil {
		return fail(err)
	}
	var n uint64
	var records string
	err = w.ask(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), "known_messages",
		[]any{clickhouse.Named("campaign_id", campaign)}, &n, &records)
	if err != nil {
		return fail(err)
	}
	k := &KnownSends{campaign: campaign, rows: make(map[uuid.UUID]knownSend, n)}
	return k, k.take(n, records)
}

// errRecords means that the answer to known_sends does not have its form.
var errRecords = fmt.Errorf("%w: known_sends", ErrAnswer)

// read reads one part of the messages.
func (k *KnownSends) read(ctx context.Context, w *Warehouse, least Tracking, part, parts uint64) error {
	var n uint64
	var records string
	args := []any{clickhouse.Named("campaign_id", k.campaign), clickhouse.Named("tracking", int8(least)), clickhouse.Named("part", part), clickhouse.Named("parts", parts)}
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
const fixedRecord = 16 + 4 + 4 + 8 + 8 + 3

// add reads one record from b and returns the rest.
func (k *KnownSends) add(b []byte, texts map[string]string) (rest []byte, err error) {
	if len(b) < fixedRecord {
		return nil, errRecords
	}
	le := binary.LittleEndian
	id := uuidOf(b)
	s := knownSend{
		sentAt: le.Uint32(b[16:]), deliveredAt: le.Uint32(b[20:]), registration: le.Uint64(b[24:]), registeredAt: int64(le.Uint64(b[32:])),
		tracking: Tracking(b[40]), test: b[41] != 0, complete: b[42] != 0,
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

// maxTexts is the number of texts that once caches: attributes may all differ.
const maxTexts = 1000

// once returns the text in b, and the same string for equal texts.
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

// NewKnownSends returns the messages of a campaign without any.
func NewKnownSends(campaign uint64) *KnownSends {
	return &KnownSends{campaign: campaign, rows: map[uuid.UUID]knownSend{}}
}

// NotBefore returns the given time in milliseconds, or the time of the latest of the
// messages if that is later.
func (k *KnownSends) NotBefore(at time.Time) time.Time {
	latest := at.UnixMilli()
	for _, known := range k.rows {
		latest = max(latest, known.registeredAt)
	}
	return time.UnixMilli(latest).UTC()
}

// Len returns the number of known messages.
func (k *KnownSends) Len() int { return len(k.rows) }

// Counts reports whether the message is known and belongs to a complete
// registration.
func (k *KnownSends) Counts(message uuid.UUID) bool { return k.rows[message].complete }

// Tracking returns the message's tracking mode, and whether the message is known.
func (k *KnownSends) Tracking(message uuid.UUID) (Tracking, bool) {
	known, ok := k.rows[message]
	return known.tracking, ok
}

// Merge returns the row to insert for a message of the registration, and
// whether it must be inserted: a known message is inserted only if a field
// changes. Fields that s leaves open (a zero time, an empty state, TestUnsaid,
// an attribute) keep their known value. Tracking only becomes narrower, and
// URLs that were given out stay valid: two styles become StyleBoth.
//
// A message that counts keeps the registration that made it count. So the
// argument written of CompleteRegistration is the number of rows with
// row.Registration == r.ID.
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

// mergeTime returns the given time, or else the known one.
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

// mergeStyles returns the combined style. It returns StyleUnknown for rows from
// before styles were stored, whose URL may have had either.
func mergeStyles(known, given string) string {
	switch {
	case known == given || given == StyleUnknown, known == StyleUnknown, known == StyleBoth:
		return known
	}
	return StyleBoth
}

// mergeAttributes returns the known attributes overwritten by the given ones,
// and whether that changes any.
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
