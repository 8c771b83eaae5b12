package warehouse

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	chcolumn "github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/google/uuid"
)

// A table without replication stores the name of an insert before the part with its
// rows. If ClickHouse is killed between the two, it later acknowledges and drops the
// repeat of that insert, although it never had the rows. So after a repeated insert
// glint asks which rows are missing.

// rowKey is the key of a row in all tables that are written by events.
type rowKey struct {
	campaign uint64
	message  uuid.UUID
	openedAt time.Time
	event    uint64
}

// AbsentOpens returns the given rows that are not in the table opens.
func (w *Warehouse) AbsentOpens(ctx context.Context, opens []Open) ([]Open, error) {
	return absent(ctx, w, "absent_opens", opens, (*Open).key)
}

// AbsentUnresolved returns the given rows that are not in the table unresolved_opens. A
// row that was moved counts as present.
func (w *Warehouse) AbsentUnresolved(ctx context.Context, opens []Open) ([]Open, error) {
	return absent(ctx, w, "absent_unresolved", opens, (*Open).key)
}

// AbsentBadTokens returns the given rows that are not in the table bad_tokens.
func (w *Warehouse) AbsentBadTokens(ctx context.Context, bad []BadToken) ([]BadToken, error) {
	return absent(ctx, w, "absent_bad_tokens", bad, func(b *BadToken) rowKey {
		return rowKey{openedAt: b.OpenedAt, event: b.EventID}
	})
}

func (o *Open) key() rowKey { return rowKey{o.CampaignID, o.MessageID, o.OpenedAt, o.EventID} }

func absent[R any](ctx context.Context, w *Warehouse, query string, rows []R, key func(*R) rowKey) (left []R, err error) {
	fail := func(err error) error { return fmt.Errorf("look for rows of a repeated insert: %w", err) }
	inserted, err := ext.NewTable("inserted_rows", ext.Column("row", "UInt32"), ext.Column("campaign_id", "UInt64"),
		ext.Column("message_id", "UUID"), ext.Column("opened_at", "Int64"), ext.Column("event_id", "UInt64"))
	if err != nil {
		return nil, fail(err)
	}
	if err := appendKeys(inserted.Block().Columns, rows, key); err != nil {
		return nil, fail(err)
	}
	found, err := w.records(clickhouse.Context(ctx, clickhouse.WithExternalTable(inserted)), query, 4)
	if err != nil {
		return nil, fail(err)
	}
	for ; len(found) > 0; found = found[4:] {
		i := binary.LittleEndian.Uint32(found)
		if int(i) >= len(rows) {
			return nil, fail(fmt.Errorf("%w: %s: row %d of %d", ErrAnswer, query, i, len(rows)))
		}
		left = append(left, rows[i])
	}
	return left, nil
}

// appendKeys fills the external table column by column: row by row each value would be
// boxed.
func appendKeys[R any](columns []chcolumn.Interface, rows []R, key func(*R) rowKey) error {
	numbers := make([]uint32, len(rows))
	campaigns, events := make([]uint64, len(rows)), make([]uint64, len(rows))
	messages := make([]uuid.UUID, len(rows))
	times := make([]int64, len(rows))
	for i := range rows {
		k := key(&rows[i])
		numbers[i], campaigns[i], messages[i], times[i], events[i] = uint32(i), k.campaign, k.message, k.openedAt.UnixMilli(), k.event
	}
	for i, values := range []any{numbers, campaigns, messages, times, events} {
		if _, err := columns[i].Append(values); err != nil {
			return err
		}
	}
	return nil
}
