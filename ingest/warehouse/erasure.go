package warehouse

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
)

// ErasedHash identifies a message of an erased person: the first bytes of the
// SHA-256 of its id, which privacy.WithdrawalKey writes in hex.
type ErasedHash [12]byte

// erasing is a row of the table erasing.
type erasing struct {
	recipient RecipientKey
	campaign  uint64
	message   uuid.UUID
	event     uint64
}

var erasingColumns = []column[erasing]{
	{"recipient_key", of(func(e *erasing) RecipientKey { return e.recipient })},
	{"campaign_id", of(func(e *erasing) uint64 { return e.campaign })},
	{"message_id", of(func(e *erasing) uuid.UUID { return e.message })},
	{"event_id", of(func(e *erasing) uint64 { return e.event })},
}

// BeginErasing adds the recipients and their messages to the table erasing, so
// that later opens of these messages are dropped. It may be called again, also
// for messages registered meanwhile.
func (w *Warehouse) BeginErasing(ctx context.Context, recipients []RecipientKey, now time.Time) error {
	rows := make([]erasing, len(recipients))
	for i := range recipients {
		rows[i].recipient = recipients[i]
	}
	if err := insert(ctx, w, "erasing", erasingColumns, "erasing-"+rand.Text(), rows); err != nil {
		return err
	}
	if err := w.erase(ctx, "erase_collect"); err != nil {
		return err
	}
	return w.erase(ctx, "erase_remember", clickhouse.Named("now_ms", now.UnixMilli()))
}

// EraseEvents adds rows of bad_tokens and web_events to the table erasing.
func (w *Warehouse) EraseEvents(ctx context.Context, events []uint64) error {
	rows := make([]erasing, len(events))
	for i := range events {
		rows[i].event = events[i]
	}
	return insert(ctx, w, "erasing", erasingColumns, "erasing-"+rand.Text(), rows)
}

func (w *Warehouse) erase(ctx context.Context, query string, args ...any) error {
	if err := w.change(ctx, query, args...); err != nil {
		return fmt.Errorf("erase: %s: %w", query, err)
	}
	return nil
}

// ErasingMessages returns the messages in the table erasing.
func (w *Warehouse) ErasingMessages(ctx context.Context) ([]MessageRef, error) {
	const size = 8 + 16
	rows, err := w.records(ctx, "erasing_messages", size)
	if err != nil {
		return nil, fmt.Errorf("read messages that are being erased: %w", err)
	}
	refs := make([]MessageRef, 0, len(rows)/size)
	for ; len(rows) > 0; rows = rows[size:] {
		refs = append(refs, MessageRef{binary.LittleEndian.Uint64(rows), uuidOf(rows[8:])})
	}
	return refs, nil
}

// ErasingEvents returns the events of these messages.
func (w *Warehouse) ErasingEvents(ctx context.Context) (map[uint64]bool, error) {
	rows, err := w.records(ctx, "erasing_events", 8)
	if err != nil {
		return nil, fmt.Errorf("read events that are being erased: %w", err)
	}
	events := make(map[uint64]bool, len(rows)/8)
	for ; len(rows) > 0; rows = rows[8:] {
		events[binary.LittleEndian.Uint64(rows)] = true
	}
	return events, nil
}

// ErasedMessages calls visit with the messages of persons erased since that
// time.
func (w *Warehouse) ErasedMessages(ctx context.Context, since time.Time, visit func(ErasedHash)) error {
	rows, err := w.records(ctx, "erased_messages", len(ErasedHash{}), clickhouse.Named("since_ms", sinceMilli(since)))
	if err != nil {
		return fmt.Errorf("read messages of erased persons: %w", err)
	}
	for ; len(rows) > 0; rows = rows[len(ErasedHash{}):] {
		visit(ErasedHash(rows))
	}
	return nil
}

// ErasedTables are the tables that hold persons, in the order in which they are
// emptied: those by which messages are found come last.
var ErasedTables = []string{
	"opens", "deliveries", "unresolved_opens", "unresolved_deliveries", "bad_tokens", "web_events", "last_opens", "withdrawals",
	"message_campaigns", "sends", "recipient_messages",
}

// ErasingRows returns, for each of ErasedTables, the number of rows that the
// table erasing names.
func (w *Warehouse) ErasingRows(ctx context.Context) (map[string]uint64, error) {
	counts := map[string]uint64{}
	if err := w.ask(ctx, "erase_counts", nil, &counts); err != nil {
		return nil, fmt.Errorf("count rows of persons: %w", err)
	}
	return counts, nil
}

// EraseRows deletes the rows named by the table erasing from one of
// ErasedTables, and returns once no readable part contains them.
func (w *Warehouse) EraseRows(ctx context.Context, table string) error {
	return w.erase(ctx, "erase_"+table)
}

// TextRow is the text of a row that may name a person.
type TextRow struct {
	EventID uint64
	Text    string
}

const textPage = 20_000

// EachText calls visit for each row of bad_tokens, and for each row of
// web_events whose text may contain an address.
func (w *Warehouse) EachText(ctx context.Context, visit func(table string, row TextRow)) error {
	var afterMS int64
	var afterEvent uint64
	for {
		var n uint64
		var opened []int64
		var events []uint64
		var texts []string
		err := w.ask(ctx, "erase_scan_bad_tokens", []any{
			clickhouse.Named("after_ms", afterMS), clickhouse.Named("after_event", afterEvent), clickhouse.Named("limit", uint64(textPage)),
		}, &n, &opened, &events, &texts)
		if err != nil {
			return fmt.Errorf("read bad tokens: %w", err)
		}
		for i := range events {
			visit("bad_tokens", TextRow{events[i], texts[i]})
		}
		if n < textPage {
			break
		}
		afterMS, afterEvent = opened[n-1], events[n-1]
	}
	afterMS, afterEvent = 0, 0
	var afterSite, afterName string
	for {
		var n uint64
		var sites, names, texts []string
		var occurred []int64
		var events []uint64
		err := w.ask(ctx, "erase_scan_web_events", []any{
			clickhouse.Named("after_site", afterSite), clickhouse.Named("after_name", afterName),
			clickhouse.Named("after_ms", afterMS), clickhouse.Named("after_event", afterEvent), clickhouse.Named("limit", uint64(textPage)),
		}, &n, &sites, &names, &occurred, &events, &texts)
		if err != nil {
			return fmt.Errorf("read web events: %w", err)
		}
		for i := range events {
			visit("web_events", TextRow{events[i], texts[i]})
		}
		if n < textPage {
			return nil
		}
		afterSite, afterName, afterMS, afterEvent = sites[n-1], names[n-1], occurred[n-1], events[n-1]
	}
}

// EndErasing empties the table erasing.
func (w *Warehouse) EndErasing(ctx context.Context) error {
	if err := w.conn.Exec(sweeping(ctx), "TRUNCATE TABLE erasing"); err != nil {
		return fmt.Errorf("end erasure: %w", err)
	}
	return nil
}

// ErrOldParts is wrapped by DropOldParts if parts stay longer than it waits.
var ErrOldParts = errors.New("warehouse: parts that were replaced are still on the disk")

// SyncMerges makes merges and deletions sync their new parts to disk before the
// replaced parts may be deleted.
func (w *Warehouse) SyncMerges(ctx context.Context, tables []string) error {
	return w.partSettings(ctx, tables, "MODIFY SETTING min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, fsync_part_directory = 1")
}

// DropOldParts returns once the parts that merges and deletions have replaced
// are gone from the disk. ClickHouse otherwise keeps them for 8 minutes, since
// it does not sync new parts: call SyncMerges before the merges or deletions.
// Afterwards the tables have their usual settings.
func (w *Warehouse) DropOldParts(ctx context.Context, tables []string, lifetime, patience time.Duration) (err error) {
	seconds := max(1, int64(lifetime/time.Second))
	if err := w.partSettings(ctx, tables, fmt.Sprintf("MODIFY SETTING old_parts_lifetime = %d", seconds)); err != nil {
		return err
	}
	defer func() {
		reset := "RESET SETTING old_parts_lifetime, min_rows_to_fsync_after_merge, min_compressed_bytes_to_fsync_after_merge, fsync_part_directory"
		err = errors.Join(err, w.partSettings(context.WithoutCancel(ctx), tables, reset))
	}()
	for until := time.Now().Add(lifetime + patience); ; {
		parts, err := w.oldParts(ctx, tables)
		if err != nil {
			return fmt.Errorf("look for replaced parts: %w", err)
		}
		if parts == 0 {
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("%w: %d", ErrOldParts, parts)
		}
		// The engine's own cleanup sleeps for minutes, and forever if a table
		// is empty. Dropping a partition, even a missing one, triggers it at
		// once.
		for _, table := range tables {
			err := w.eachPart(table, func(server *Warehouse, table string) error {
				return server.conn.Exec(ctx, "ALTER TABLE "+table+" DROP PARTITION ID '000000'")
			})
			if err != nil {
				return fmt.Errorf("remove replaced parts of %s: %w", table, err)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// oldParts counts the parts of tables that were replaced and are still on a disk.
func (w *Warehouse) oldParts(ctx context.Context, tables []string) (uint64, error) {
	var sum atomic.Uint64
	count := func(server *Warehouse, tables ...string) error {
		var parts uint64
		err := server.ask(ctx, "old_parts", []any{clickhouse.Named("tables", tables)}, &parts)
		sum.Add(parts)
		return err
	}
	err := count(w, tables...)
	if err == nil && w.shards != nil && slices.Contains(tables, "opens") {
		err = w.eachShard(func(_ int, shard *Warehouse) error { return count(shard, "opens_local") })
	}
	return sum.Load(), err
}

func (w *Warehouse) partSettings(ctx context.Context, tables []string, change string) error {
	for _, table := range tables {
		err := w.eachPart(table, func(server *Warehouse, table string) error {
			return server.conn.Exec(sweeping(ctx), "ALTER TABLE "+table+" "+change)
		})
		if err != nil {
			return fmt.Errorf("change settings of %s: %w", table, err)
		}
	}
	return nil
}

// RunGoesOn reports whether a run of judge or reclassify is in progress: it
// rewrites rows that it has read before.
func (w *Warehouse) RunGoesOn(ctx context.Context) (bool, error) {
	states, err := w.runStates(ctx)
	if err != nil {
		return false, err
	}
	for _, open := range states.open {
		if time.Since(open.touchedAt) < deadRun {
			return true, nil
		}
	}
	return false, nil
}
