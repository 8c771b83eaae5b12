package warehouse

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// PersonRows returns a recipient's rows, by table, each as a JSON object: ids
// and 64-bit numbers as text, times as RFC 3339.
func (w *Warehouse) PersonRows(ctx context.Context, key RecipientKey) (map[string][]json.RawMessage, error) {
	return w.jsonRows(ctx, "person_rows", clickhouse.Named("recipient_key", hex.EncodeToString(key[:])))
}

// EventRows returns the rows of bad_tokens and web_events with those event ids, as
// PersonRows does.
func (w *Warehouse) EventRows(ctx context.Context, events []uint64) (map[string][]json.RawMessage, error) {
	if len(events) == 0 {
		return nil, nil
	}
	return w.jsonRows(ctx, "person_events", clickhouse.Named("events", events))
}

func (w *Warehouse) jsonRows(ctx context.Context, query string, args ...any) (map[string][]json.RawMessage, error) {
	settings := clickhouse.Settings{
		"output_format_json_quote_64bit_integers": 1, "date_time_output_format": "iso", "output_format_json_escape_forward_slashes": 0,
	}
	var n uint64
	var places, lines []string
	if err := w.ask(clickhouse.Context(ctx, clickhouse.WithSettings(settings)), query, args, &n, &places, &lines); err != nil {
		return nil, fmt.Errorf("read rows of a person: %w", err)
	}
	rows := map[string][]json.RawMessage{}
	for i, line := range lines {
		if !json.Valid([]byte(line)) {
			return nil, fmt.Errorf("read rows of a person: %w: a row of %s", ErrAnswer, places[i])
		}
		rows[places[i]] = append(rows[places[i]], json.RawMessage(line))
	}
	return rows, nil
}
