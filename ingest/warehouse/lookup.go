package warehouse

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"

	"glint/schema"
)

// CampaignsOf returns the campaigns of those of the messages that are
// registered.
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
	rows, err := w.conn.Query(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), schema.Query("lookup_messages"))
	if err != nil {
		return nil, fmt.Errorf("look up messages: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var message uuid.UUID
		var campaign uint64
		if err := rows.Scan(&message, &campaign); err != nil {
			return nil, fmt.Errorf("look up messages: %w", err)
		}
		found[message] = campaign
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("look up messages: %w", err)
	}
	return found, nil
}

// OpenedMessages returns the messages of a campaign that have an open of any
// class, as their rows stand now.
func (w *Warehouse) OpenedMessages(ctx context.Context, campaign uint64) (map[uuid.UUID]bool, error) {
	rows, err := w.conn.Query(ctx, schema.Query("opened_messages"), clickhouse.Named("campaign_id", campaign))
	if err != nil {
		return nil, fmt.Errorf("read opened messages: %w", err)
	}
	defer func() { _ = rows.Close() }()
	opened := map[uuid.UUID]bool{}
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("read opened messages: %w", err)
		}
		opened[id] = true
	}
	return opened, rows.Err()
}
