package warehouse

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Posted is a message that was posted and is durable outside the table sends. Its row
// is written later.
type Posted struct {
	Send
	At      time.Time // when it was posted, in milliseconds
	Counted bool      // it counted already then
	Before  Before    // as it was registered then
}

// Before holds the fields of a message that a registration may overwrite. The zero
// value is a message that is not registered.
type Before struct {
	SentAt      time.Time         `json:"sent_at,omitzero"`
	DeliveredAt time.Time         `json:"delivered_at,omitzero"`
	State       string            `json:"state,omitempty"`
	Test        Test              `json:"test,omitempty"`
	Attributes  map[string]string `json:"attributes,omitempty"`
}

// Before returns the fields of a message as k has them.
func (k *KnownSends) Before(message uuid.UUID) Before {
	known, ok := k.rows[message]
	if !ok {
		return Before{}
	}
	return known.fields()
}

func (known *knownSend) fields() Before {
	b := Before{SentAt: timeOf(1000 * int64(known.sentAt)), DeliveredAt: timeOf(1000 * int64(known.deliveredAt)), State: known.state, Test: testOf(known.test)}
	if known.attributes != "" {
		_ = json.Unmarshal([]byte(known.attributes), &b.Attributes) // it is ClickHouse's own
	}
	return b
}

// Post returns the row to insert for a posted message, and whether it must be
// inserted, by the rules of Registration.Merge. From then on k contains that row,
// so several posts of one message are merged in their order. The row has the time of
// the post, or a later one if the known row would win otherwise. It counts by itself,
// without a Registration: an insert of one block is atomic.
//
// A row that was written after the post is the later word: of the post, only those
// fields count that are still as they were before it. If the message counted at the
// time of the post and does not any more, it was revoked meanwhile and stays so. Post
// is not safe for concurrent use.
func (k *KnownSends) Post(p *Posted) (row Send, write bool) {
	s := p.Send
	known, ok := k.rows[s.MessageID]
	if ok && known.registeredAt > p.At.UnixMilli() {
		s = known.behind(p)
	}
	revoked := ok && !known.complete && p.Counted
	if revoked {
		known.complete = true // so that it keeps its registration
		k.rows[s.MessageID] = known
	}
	r := Registration{CampaignID: k.campaign, StartedAt: p.At}
	if ok && !p.At.After(time.UnixMilli(known.registeredAt)) {
		r.StartedAt = time.UnixMilli(known.registeredAt + 1).UTC()
	}
	row, write = r.Merge(k, s)
	k.rows[s.MessageID] = knownSend{
		sentAt: seconds(row.SentAt), deliveredAt: seconds(row.DeliveredAt), tracking: row.Tracking, test: row.Test == TestYes,
		complete: !revoked, state: row.State, style: row.URLStyle, attributes: attributesText(row.Attributes),
		registration: row.Registration, registeredAt: r.StartedAt.UnixMilli(),
	}
	return row, write
}

// behind returns the post of a message without the fields that the known row, which
// is later, has changed.
func (known *knownSend) behind(p *Posted) Send {
	s, now := p.Send, known.fields()
	if !now.SentAt.Equal(p.Before.SentAt) {
		s.SentAt = time.Time{}
	}
	if !now.DeliveredAt.Equal(p.Before.DeliveredAt) {
		s.DeliveredAt = time.Time{}
	}
	if now.State != cmp.Or(p.Before.State, StateRegistered) {
		s.State = ""
	}
	if now.Test != cmp.Or(p.Before.Test, TestNo) {
		s.Test = TestUnsaid
	}
	s.Attributes = map[string]string{}
	for name, value := range p.Attributes {
		if now.Attributes[name] == p.Before.Attributes[name] {
			s.Attributes[name] = value
		}
	}
	return s
}

// seconds returns a time as knownSend has it.
func seconds(t time.Time) uint32 {
	if t.IsZero() {
		return 0
	}
	return uint32(t.Unix())
}

// attributesText returns attributes as knownSend has them.
func attributesText(attributes map[string]string) string {
	if len(attributes) == 0 {
		return ""
	}
	text, _ := json.Marshal(attributes) // a map of texts has no fault
	return string(text)
}
