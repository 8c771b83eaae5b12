package warehouse

import (
	"encoding/json"
	"time"
)

// Posted is a message that was posted and is durable outside the table sends. Its row
// is written later.
type Posted struct {
	Send
	At      time.Time // when it was posted, in milliseconds
	Counted bool      // it counted already then
}

// Post returns the row to insert for a posted message, and whether it must be
// inserted, by the rules of Registration.Merge. From then on k contains that row,
// so several posts of one message are merged in their order.
//
// A row that was written after the post is the later word: of the post, only those
// fields count that the row leaves open. If the message counted at the time of the
// post and does not any more, it was revoked meanwhile and stays so. Post is not
// safe for concurrent use.
func (k *KnownSends) Post(r Registration, p *Posted) (row Send, write bool) {
	s := p.Send
	known, ok := k.rows[s.MessageID]
	if ok && known.registeredAt > p.At.UnixMilli() {
		s = known.behind(s)
	}
	revoked := ok && !known.complete && p.Counted
	if revoked {
		known.complete = true // so that it keeps its registration
		k.rows[s.MessageID] = known
	}
	row, write = r.Merge(k, s)
	k.rows[s.MessageID] = knownSend{
		sentAt: seconds(row.SentAt), deliveredAt: seconds(row.DeliveredAt), tracking: row.Tracking, test: row.Test == TestYes,
		complete: !revoked, state: row.State, style: row.URLStyle, attributes: attributesText(row.Attributes),
		registration: row.Registration, registeredAt: max(known.registeredAt, p.At.UnixMilli()),
	}
	return row, write
}

// behind returns an older registration of the message without the fields that the
// known one has.
func (known *knownSend) behind(s Send) Send {
	if known.sentAt != 0 {
		s.SentAt = time.Time{}
	}
	if known.deliveredAt != 0 {
		s.DeliveredAt = time.Time{}
	}
	s.State, s.Test = "", TestUnsaid
	var has map[string]string
	if known.attributes != "" && json.Unmarshal([]byte(known.attributes), &has) == nil {
		left := map[string]string{}
		for name, value := range s.Attributes {
			if _, ok := has[name]; !ok {
				left[name] = value
			}
		}
		s.Attributes = left
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
