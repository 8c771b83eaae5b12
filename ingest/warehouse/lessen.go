package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"glint/schema"
)

// Lessening is a message of which less may be kept from now on than the URL in
// its mail says.
type Lessening struct {
	Message uuid.UUID
	Fate    Fate // not FateKeep
}

// Lessen writes what is to happen to the opens of registered messages of a
// campaign, and returns the time of that change. A message that
// has as strict a fate stays as it is. Call it before the
// messages are changed, so that nothing is forgotten if that is cut off, and
// ApplyWithdrawals with the time after it. It may be called again after any
// error.
func (w *Warehouse) Lessen(ctx context.Context, campaign uint64, messages []Lessening) (at time.Time, err error) {
	at = time.Now().UTC().Truncate(time.Millisecond)
	if len(messages) == 0 {
		return at, nil
	}
	ids, fates := make([]uuid.UUID, len(messages)), make([]string, len(messages))
	for i, m := range messages {
		ids[i], fates[i] = m.Message, m.Fate.String()
	}
	table, err := newTable("lessened_messages", tableColumn{"message_id", "UUID", ids}, tableColumn{"fate", "String", fates})
	if err == nil {
		err = w.conn.Exec(clickhouse.Context(sweeping(ctx), clickhouse.WithExternalTable(table)), schema.Query("lessen_messages"),
			clickhouse.Named("campaign_id", campaign), clickhouse.Named("now", at.UnixMilli()))
	}
	if err != nil {
		return at, fmt.Errorf("lessen messages: %w", err)
	}
	return at, nil
}
