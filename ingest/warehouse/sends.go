package warehouse

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Send is one registered message.
type Send struct {
	CampaignID  uint64
	MessageID   uuid.UUID
	Recipient   string
	Sequence    uint32
	SentAt      time.Time // zero: not known
	DeliveredAt time.Time // zero: not known
}

var sendColumns = []column[Send]{
	{"campaign_id", of(func(s *Send) uint64 { return s.CampaignID })},
	{"message_id", of(func(s *Send) uuid.UUID { return s.MessageID })},
	{"recipient", of(func(s *Send) string { return s.Recipient })},
	{"sequence", of(func(s *Send) uint32 { return s.Sequence })},
	{"sent_at", of(func(s *Send) time.Time { return orEpoch(s.SentAt) })},
	{"delivered_at", of(func(s *Send) time.Time { return orEpoch(s.DeliveredAt) })},
}

// InsertSends inserts the rows in one named insert: see InsertOpens.
func (w *Warehouse) InsertSends(ctx context.Context, name string, sends []Send) error {
	return insert(ctx, w, "sends", sendColumns, name, sends)
}

// orEpoch is how the table writes an unknown time.
func orEpoch(t time.Time) time.Time {
	if t.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return t
}
