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

// unresolvedColumns are the columns of opens but for the campaign.
var unresolvedColumns = openColumns[1:]

// InsertUnresolved keeps opens whose message is not registered yet, in one named
// insert: see InsertOpens. Their CampaignID is not looked at.
func (w *Warehouse) InsertUnresolved(ctx context.Context, name string, opens []Open) error {
	return insert(ctx, w, "unresolved_opens", unresolvedColumns, name, opens)
}

// Waiting is how many rows the capped tables hold.
type Waiting struct {
	UnresolvedOpens, BadTokens uint64
}

// Waiting counts them.
func (w *Warehouse) Waiting(ctx context.Context) (n Waiting, err error) {
	if err := w.ask(ctx, "waiting_rows", nil, &n.UnresolvedOpens, &n.BadTokens); err != nil {
		return n, fmt.Errorf("count waiting rows: %w", err)
	}
	return n, nil
}

// MoveResolved moves waiting opens whose message has been registered into opens,
// limit of them at the most, and returns how many. It may be called again after
// any error, and by several at once: moving an open twice changes nothing.
func (w *Warehouse) MoveResolved(ctx context.Context, limit int) (moved int, err error) {
	resolved, moved, err := w.resolvable(ctx, limit, pageOpens)
	if err != nil {
		return 0, fmt.Errorf("look for registered messages: %w", err)
	}
	if moved == 0 {
		return 0, nil
	}
	ctx = moving(ctx, resolved)
	// First the copy, then the mark: cut off between the two, it is copied again. The
	// mark is only made where the copy is there.
	for _, step := range []string{"move_opens", "mark_moved"} {
		if err := w.conn.Exec(ctx, schema.Query(step)); err != nil {
			return 0, fmt.Errorf("move opens of registered messages: %w", err)
		}
	}
	return moved, nil
}

// moving returns the context of a move of the events in resolved.
func moving(ctx context.Context, resolved *ext.Table) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithExternalTable(resolved), clickhouse.WithSettings(moveSettings()))
}

// moveSettings are the settings of an insert of rows that are selected.
func moveSettings() clickhouse.Settings {
	return clickhouse.Settings{
		"async_insert":                    0,
		"insert_deduplicate":              0, // the rows replace themselves
		"max_partitions_per_insert_block": 0,
	}
}

// newKeyTable returns the external table that names the events of a move.
func newKeyTable() (*ext.Table, error) {
	return ext.NewTable("resolved", ext.Column("message_id", "UUID"), ext.Column("opened_at", "Int64"),
		ext.Column("event_id", "UInt64"), ext.Column("campaign_id", "UInt64"))
}

// pageOpens is about how many waiting opens are looked at together: whatever
// waits, a look takes less than 100 MB of the engine's memory.
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
			break // there is no page behind
		}
	}
	return resolved, n, nil
}

// appendResolvable looks at the messages after one and up to another.
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
