package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"glint/schema"
)

// columnsOfFacts are the facts by which opens and deliveries were judged. They
// expire together: a row without them keeps its verdict.
var columnsOfFacts = map[string][]string{
	"opens": {
		"user_agent", "ip", "network", "network_list_date", "as_number", "region", "connection_type", "proxy_type", "proxy_description",
		"bot_detection", "bot_name", "bot_category", "method", "protocol", "ja4", "header_bits", "header_facts", "referer_host", "path", "extra",
	},
	"deliveries": {"user_agent", "ip", "network", "as_number", "url", "extra"},
}

// lifetimes returns the lifetimes, in seconds, that glint has set on the
// columns or rows of a table, and whether its rows have a TTL in any form.
func (w *Warehouse) lifetimes(ctx context.Context, table string) (seconds []uint64, rows bool, err error) {
	if w.shards != nil && table == "opens" {
		table = "opens_local"
	}
	if err = w.ask(ctx, "lifetimes", []any{clickhouse.Named("table", table)}, &seconds, &rows); err != nil {
		err = fmt.Errorf("read lifetimes of %s: %w", table, err)
	}
	return seconds, rows, err
}

// SetFactsLifetime makes the facts of requests expire after d; 0 keeps them.
// The engine deletes them when it merges, or at once if d has changed.
func (w *Warehouse) SetFactsLifetime(ctx context.Context, d time.Duration) error {
	for table, columns := range columnsOfFacts {
		err := w.eachPart(table, func(server *Warehouse, table string) error { return server.setFactsLifetime(ctx, table, columns, d) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *Warehouse) setFactsLifetime(ctx context.Context, table string, columns []string, d time.Duration) error {
	set, _, err := w.lifetimes(ctx, table)
	if err != nil {
		return err
	}
	seconds := uint64(d / time.Second)
	others := slices.ContainsFunc(set, func(n uint64) bool { return n != seconds })
	if d == 0 && len(set) == 0 || len(set) == len(columns) && !others {
		return nil
	}
	if d == 0 && len(set) < len(columns) {
		return fmt.Errorf("some columns of %s have a lifetime that glint did not give", table)
	}
	changes := make([]string, len(columns))
	for i, column := range columns {
		changes[i] = fmt.Sprintf("MODIFY COLUMN %s TTL toDateTime(received_at) + toIntervalSecond(%d)", column, seconds)
		if d == 0 {
			changes[i] = "MODIFY COLUMN " + column + " REMOVE TTL"
		}
	}
	if err := w.conn.Exec(ctx, "ALTER TABLE "+table+" "+strings.Join(changes, ", ")); err != nil {
		return fmt.Errorf("set lifetimes of %s: %w", table, err)
	}
	return nil
}

// SetWebLifetime makes page views and custom events expire after d; 0 keeps
// them.
func (w *Warehouse) SetWebLifetime(ctx context.Context, d time.Duration) error {
	set, rows, err := w.lifetimes(ctx, "web_events")
	if err != nil {
		return err
	}
	seconds := uint64(d / time.Second)
	change := fmt.Sprintf("MODIFY TTL toDateTime(occurred_at) + toIntervalSecond(%d)", seconds)
	switch {
	case d == 0 && !rows, slices.Equal(set, []uint64{seconds}):
		return nil
	case d == 0:
		change = "REMOVE TTL"
	}
	if err := w.conn.Exec(ctx, "ALTER TABLE web_events "+change); err != nil {
		return fmt.Errorf("set the lifetime of web_events: %w", err)
	}
	return nil
}

// ForgetRecipients removes the links from messages to persons: for modes
// identified and last_open from messages registered before the first time, for
// mode pseudonymous before the second; a zero time means none. If all messages
// of a campaign are older, it removes the campaign's key too, so that nothing
// more can be registered in it. Withdrawals continue to apply, but no longer
// name their recipient. It returns the number of changed rows of messages.
func (w *Warehouse) ForgetRecipients(ctx context.Context, identified, pseudonymous time.Time) (messages uint64, err error) {
	args := []any{
		clickhouse.Named("identified_ms", max(0, identified.UnixMilli())), clickhouse.Named("pseudonymous_ms", max(0, pseudonymous.UnixMilli())),
	}
	var keys, links, dates, withdrawn uint64
	var campaigns []uint64
	if err := w.ask(ctx, "expired_recipients", args, &messages, &keys, &links, &dates, &withdrawn, &campaigns); err != nil {
		return 0, fmt.Errorf("look for messages that are old enough: %w", err)
	}
	for _, step := range []struct {
		rows  uint64
		query string
	}{
		{links + withdrawn, "keep_forgotten_withdrawals"},
		{withdrawn, "forget_withdrawals"},
		{keys, "forget_campaign_keys"},
		{links, "forget_recipient_messages"},
		{dates, "forget_last_opens"},
		{messages, "forget_recipients"},
	} {
		if step.rows == 0 {
			continue
		}
		if err := w.conn.Exec(sweeping(ctx), schema.Query(step.query), args...); err != nil {
			return 0, fmt.Errorf("%s: %w", step.query, err)
		}
	}
	return messages, w.Touched(ctx, campaigns)
}
