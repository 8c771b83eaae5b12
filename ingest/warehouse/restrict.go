package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"glint/schema"
)

// Restriction is a message whose tracking mode becomes lower than that of the URL in
// its mail.
type Restriction struct {
	Message uuid.UUID
	Fate    Fate // not FateKeep
}

// Restrict stores the fates of registered messages of a campaign, and returns the time
// of that change. It does not change messages with an equally strict fate. Call it
// before the messages are changed, so that an interruption loses no fate, and then
// ApplyWithdrawals with the time. It may be called again after any error.
func (w *Warehouse) Restrict(ctx context.Context, campaign uint64, messages []Restriction) (at time.Time, err error) {
	at = time.Now().UTC().Truncate(time.Millisecond)
	if len(messages) == 0 {
		return at, nil
	}
	ids, fates := make([]uuid.UUID, len(messages)), make([]string, len(messages))
	for i, m := range messages {
		ids[i], fates[i] = m.Message, m.Fate.String()
	}
	table, err := newTable("restricted_messages", tableColumn{"message_id", "UUID", ids}, tableColumn{"fate", "String", fates})
	if err == nil {
		err = w.conn.Exec(clickhouse.Context(sweeping(ctx), clickhouse.WithExternalTable(table)), schema.Query("restrict_messages"),
			clickhouse.Named("campaign_id", campaign), clickhouse.Named("now", at.UnixMilli()))
	}
	if err != nil {
		return at, fmt.Errorf("restrict messages: %w", err)
	}
	return at, nil
}
