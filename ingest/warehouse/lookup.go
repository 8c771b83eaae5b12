package warehouse

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"
)

// CampaignsOf returns the campaigns of messages that are registered for plain
// UUID URLs. Other messages are absent.
func (w *Warehouse) CampaignsOf(ctx context.Context, messages []uuid.UUID) (map[uuid.UUID]uint64, error) {
	found := map[uuid.UUID]uint64{}
	if len(messages) == 0 {
		return found, nil
	}
	wanted, err := ext.NewTable("wanted_messages", ext.Column("message_id", "UUID"))
	if err != nil {
		return nil, fmt.Errorf("look up messages: %w", err)
	}
	for _, id := range messages {
		if err := wanted.Append(id); err != nil {
			return nil, fmt.Errorf("look up messages: %w", err)
		}
	}
	const size = 16 + 8
	rows, err := w.records(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), "lookup_messages", size)
	if err != nil {
		return nil, fmt.Errorf("look up messages: %w", err)
	}
	for ; len(rows) > 0; rows = rows[size:] {
		found[uuidOf(rows)] = binary.LittleEndian.Uint64(rows[16:])
	}
	return found, nil
}

// uuidOf reads a UUID as ClickHouse keeps it: two halves, the bytes of each in
// reverse.
func uuidOf(b []byte) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[:8], binary.LittleEndian.Uint64(b))
	binary.BigEndian.PutUint64(id[8:], binary.LittleEndian.Uint64(b[8:]))
	return id
}

// OpenedMessages returns the messages of a campaign that have an open of any
// class.
func (w *Warehouse) OpenedMessages(ctx context.Context, campaign uint64) (map[uuid.UUID]bool, error) {
	rows, err := w.records(ctx, "opened_messages", 16, clickhouse.Named("campaign_id", campaign))
	if err != nil {
		return nil, fmt.Errorf("read opened messages: %w", err)
	}
	opened := make(map[uuid.UUID]bool, len(rows)/16)
	for ; len(rows) > 0; rows = rows[16:] {
		opened[uuidOf(rows)] = true
	}
	return opened, nil
}
