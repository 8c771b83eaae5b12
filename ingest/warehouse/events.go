package warehouse

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"

	"glint/schema"
)

// EventPart returns the part, of that many, to which an event belongs.
func EventPart(event, parts uint64) uint64 { return (event * 0x9e3779b97f4a7c15 >> 32) % parts }

// ReceivedEvents calls visit with the events in opens received at or after from
// and before until, of one part of all events: see EventPart. An event may be
// visited several times, and some may be missing if an answer was cut off:
// check events that were not visited with MissingOpens.
func (w *Warehouse) ReceivedEvents(ctx context.Context, from, until time.Time, part, parts uint64, visit func(event uint64)) error {
	rows, err := w.conn.Query(ctx, schema.Query("received_events"),
		clickhouse.Named("from_ms", from.UnixMilli()), clickhouse.Named("until_ms", until.UnixMilli()),
		clickhouse.Named("part", part), clickhouse.Named("parts", parts))
	if err != nil {
		return fmt.Errorf("read received events: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var event uint64
		if err := rows.Scan(&event); err != nil {
			return fmt.Errorf("read received events: %w", err)
		}
		visit(event)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read received events: %w", err)
	}
	return nil
}

// MissingOpens returns the given events that have no row in opens. It takes
// about as long for one event as for half a million.
func (w *Warehouse) MissingOpens(ctx context.Context, events []uint64) ([]uint64, error) {
	return w.askOfEvents(ctx, "missing_opens", events)
}

// UnresolvedEvents returns the given events whose message is not registered
// yet, without those moved into opens.
func (w *Warehouse) UnresolvedEvents(ctx context.Context, events []uint64) ([]uint64, error) {
	return w.askOfEvents(ctx, "unresolved_events", events)
}

// askOfEvents runs a query that selects some of the events.
func (w *Warehouse) askOfEvents(ctx context.Context, query string, events []uint64) ([]uint64, error) {
	if len(events) == 0 {
		return nil, nil
	}
	fail := func(err error) error { return fmt.Errorf("look up events: %w", err) }
	wanted, err := ext.NewTable("wanted_events", ext.Column("event_id", "UInt64"))
	if err != nil {
		return nil, fail(err)
	}
	if _, err := wanted.Block().Columns[0].Append(events); err != nil { // all at once: row by row each value would be boxed
		return nil, fail(err)
	}
	rows, err := w.records(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), query, 8)
	if err != nil {
		return nil, fail(err)
	}
	var picked []uint64
	for ; len(rows) > 0; rows = rows[8:] {
		picked = append(picked, binary.LittleEndian.Uint64(rows))
	}
	return picked, nil
}
