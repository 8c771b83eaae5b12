package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
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

var sendColumns = []string{"campaign_id", "message_id", "recipient", "sequence", "sent_at", "delivered_at"}

// InsertSends inserts the rows under name: see Warehouse.insert.
func (w *Warehouse) InsertSends(ctx context.Context, name string, sends []Send) error {
	return w.insert(ctx, "sends", sendColumns, name, func(b driver.Batch) error {
		for i := range sends {
			s := &sends[i]
			if err := b.Append(s.CampaignID, s.MessageID, s.Recipient, s.Sequence, orEpoch(s.SentAt), orEpoch(s.DeliveredAt)); err != nil {
				return fmt.Errorf("row %d: %w", i, err)
			}
		}
		return nil
	})
}

// orEpoch is how the table writes an unknown time.
func orEpoch(t time.Time) time.Time {
	if t.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return t
}
