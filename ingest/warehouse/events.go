package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"

	"glint/schema"
)

// MissingOpens returns those of the events that have no row in opens. Rows that
// were received before since are not looked at; zero looks at all of them. A
// query takes as long for one event as for half a million.
func (w *Warehouse) MissingOpens(ctx context.Context, events []uint64, since time.Time) ([]uint64, error) {
	ms := int64(0)
	if !since.IsZero() {
		ms = since.UnixMilli()
	}
	return w.askOfEvents(ctx, "missing_opens", events, clickhouse.Named("received_since_ms", ms))
}

// UnresolvedEvents returns those of the events that wait for the registration of
// their message. One that was moved into opens does not wait.
func (w *Warehouse) UnresolvedEvents(ctx context.Context, events []uint64) ([]uint64, error) {
	return w.askOfEvents(ctx, "unresolved_events", events)
}

// askOfEvents runs a query that picks some of the events.
func (w *Warehouse) askOfEvents(ctx context.Context, query string, events []uint64, parameters ...any) ([]uint64, error) {
	if len(events) == 0 {
		return nil, nil
	}
	fail := func(err error) error { return fmt.Errorf("look up events: %w", err) }
	wanted, err := ext.NewTable("wanted_events", ext.Column("event_id", "UInt64"))
	if err != nil {
		return nil, fail(err)
	}
	if _, err := wanted.Block().Columns[0].Append(events); err != nil { // at once: row by row each value would be boxed
		return nil, fail(err)
	}
	rows, err := w.conn.Query(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), schema.Query(query), parameters...)
	if err != nil {
		return nil, fail(err)
	}
	defer func() { _ = rows.Close() }()
	var picked []uint64
	for rows.Next() {
		var event uint64
		if err := rows.Scan(&event); err != nil {
			return nil, fail(err)
		}
		picked = append(picked, event)
	}
	if err := rows.Err(); err != nil {
		return nil, fail(err)
	}
	return picked, nil
}
