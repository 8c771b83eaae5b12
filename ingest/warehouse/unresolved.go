package warehouse

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"

	"glint/schema"
)

// unresolvedColumns are the columns of opens without the campaign.
var unresolvedColumns = openColumns[1:]

// InsertUnresolved stores opens whose message is not registered yet, in one
// named insert: see InsertOpens. It ignores CampaignID.
func (w *Warehouse) InsertUnresolved(ctx context.Context, name string, opens []Open) error {
	return insert(ctx, w, "unresolved_opens", unresolvedColumns, name, opens)
}

// Waiting holds the row counts of the capped tables.
type Waiting struct {
	UnresolvedOpens, BadTokens uint64
}

// Waiting returns these counts.
func (w *Warehouse) Waiting(ctx context.Context) (n Waiting, err error) {
	if err := w.ask(ctx, "waiting_rows", nil, &n.UnresolvedOpens, &n.BadTokens); err != nil {
		return n, fmt.Errorf("count waiting rows: %w", err)
	}
	return n, nil
}

// MoveResolved moves opens whose message has been registered meanwhile into
// opens, at most limit of them, and returns their number. It may be called
// again after any error, and concurrently: moving an open twice changes
// nothing.
func (w *Warehouse) MoveResolved(ctx context.Context, limit int) (moved int, err error) {
	resolved, moved, err := w.resolvable(ctx, limit, pageOpens)
	if err != nil {
		return 0, fmt.Errorf("look for registered messages: %w", err)
	}
	if moved == 0 {
		return 0, nil
	}
	ctx = moving(ctx, resolved)
	// First the copy, then the mark: after an interruption the open is copied
	// again. It is marked only if the copy exists.
	for _, step := range []string{"move_opens", "mark_moved"} {
		if err := w.conn.Exec(ctx, schema.Query(step)); err != nil {
			return 0, fmt.Errorf("move opens of registered messages: %w", err)
		}
	}
	return moved, nil
}

// moving returns the context for moving the events in resolved.
func moving(ctx context.Context, resolved *ext.Table) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithExternalTable(resolved), clickhouse.WithSettings(moveSettings()))
}

// moveSettings are the settings of an INSERT … SELECT.
func moveSettings() clickhouse.Settings {
	return clickhouse.Settings{
		"async_insert":                    0,
		"insert_deduplicate":              0, // the rows replace each other by key
		"max_partitions_per_insert_block": 0,
	}
}

// newKeyTable returns an external table for the keys of events to move.
func newKeyTable() (*ext.Table, error) {
	return ext.NewTable("resolved", ext.Column("message_id", "UUID"), ext.Column("opened_at", "Int64"),
		ext.Column("event_id", "UInt64"), ext.Column("campaign_id", "UInt64"))
}

// pageOpens is the approximate number of waiting opens examined together: each
// page takes less than 100 MB of the engine's memory.
const pageOpens = 500_000

// resolvable returns the keys of opens that can be moved, as an external table.
func (w *Warehouse) resolvable(ctx context.Context, limit, page int) (resolved *ext.Table, n int, err error) {
	resolved, err = newKeyTable()
	if err != nil {
		return nil, 0, err
	}
	for after := (uuid.UUID{}); n < limit; {
		var last uuid.UUID
		var waiting uint64
		args := []any{clickhouse.Named("after", after.String()), clickhouse.Named("limit", page)}
		err := w.ask(ctx, "waiting_page", args, &last, &waiting)
		if err != nil {
			return nil, 0, err
		}
		if waiting == 0 {
			break
		}
		found, err := w.appendResolvable(ctx, resolved, after, last, limit-n)
		if err != nil {
			return nil, 0, err
		}
		n, after = n+found, last
		if waiting < uint64(page) {
			break // there is no further page
		}
	}
	return resolved, n, nil
}

// appendResolvable examines the messages after one id up to another.
func (w *Warehouse) appendResolvable(ctx context.Context, resolved *ext.Table, after, last uuid.UUID, limit int) (n int, err error) {
	const size = 16 + 8 + 8 + 8
	rows, err := w.records(ctx, "resolvable_opens", size, clickhouse.Named("limit", limit),
		clickhouse.Named("after", after.String()), clickhouse.Named("last", last.String()))
	if err != nil {
		return 0, err
	}
	for le := binary.LittleEndian; len(rows) > 0; rows = rows[size:] {
		openedAt, event, campaign := int64(le.Uint64(rows[16:])), le.Uint64(rows[24:]), le.Uint64(rows[32:])
		if err := resolved.Append(uuidOf(rows), openedAt, event, campaign); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}
