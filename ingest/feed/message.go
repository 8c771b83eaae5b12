package feed

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"glint/ingest/warehouse"
)

// Message is the body of a request.
type Message struct {
	ID         string    `json:"id"`
	Campaign   string    `json:"campaign"`
	CampaignID string    `json:"campaign_id"`
	MessageID  string    `json:"message_id"`
	Kind       string    `json:"kind"`
	At         time.Time `json:"at"`
	Class      string    `json:"class"`
	Reason     string    `json:"reason"`
	Test       bool      `json:"test"`
	Recipient  string    `json:"recipient,omitempty"`
}

// idOf returns the id of an event, which is the same at each try and after each
// restart. A first open has the id of its message: if an earlier received open arrives in
// the warehouse after a later one, both have the same id.
func idOf(events Events, e *warehouse.FeedEvent) string {
	b := make([]byte, 0, 128)
	b = append(b, e.MessageID[:]...)
	b = binary.BigEndian.AppendUint64(b, e.CampaignID)
	if events.firstOnly() {
		b = append(b, events...)
	} else {
		b = append(b, e.Kind...)
		b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMilli()))
		b = binary.BigEndian.AppendUint64(b, e.EventID)
	}
	sum := sha256.Sum256(b)
	return "evt_" + hex.EncodeToString(sum[:16])
}

// body returns the body of the request for an event.
func body(id, campaign string, e *warehouse.FeedEvent, to warehouse.Addressee) ([]byte, error) {
	return json.Marshal(&Message{
		ID: id, Campaign: campaign, CampaignID: strconv.FormatUint(e.CampaignID, 10), MessageID: e.MessageID.String(),
		Kind: e.Kind, At: e.At, Class: e.Class, Reason: e.Reason, Test: to.Test, Recipient: to.Recipient,
	})
}
