package warehouse

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"glint/schema"
)

// LastOpenDate is one row of the table last_opens.
type LastOpenDate struct {
	Recipient RecipientKey
	OpenedOn  time.Time // day in UTC; zero: none is stored
}

var lastOpenColumns = []column[LastOpenDate]{
	{"recipient_key", of(func(o *LastOpenDate) RecipientKey { return o.Recipient })},
	{"opened_on", of(func(o *LastOpenDate) time.Time { return orEpoch(o.OpenedOn) })},
}

// InsertLastOpens inserts the rows in one named insert. The table does not
// store names: a repeated date is merged.
func (w *Warehouse) InsertLastOpens(ctx context.Context, name string, rows []LastOpenDate) error {
	defer w.lastOpensTidy.Store(false) // after an error, too, as the rows may be stored
	return insert(ctx, w, "last_opens", lastOpenColumns, name, rows)
}

// LastOpensOf returns the recipients of the given messages for whom a date may
// be kept, each with the stored date.
func (w *Warehouse) LastOpensOf(ctx context.Context, messages []MessageKey) (map[uuid.UUID]LastOpenDate, error) {
	found := map[uuid.UUID]LastOpenDate{}
	if len(messages) == 0 {
		return found, nil
	}
	wanted, err := wantedKeys(messages)
	const size = 16 + 16 + 2
	var rows []byte
	if err == nil {
		rows, err = w.records(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), "last_open_recipients", size)
	}
	if err != nil {
		return nil, fmt.Errorf("look up recipients of last opens: %w", err)
	}
	for ; len(rows) > 0; rows = rows[size:] {
		o := LastOpenDate{Recipient: RecipientKey(rows[16:32])}
		if days := binary.LittleEndian.Uint16(rows[32:]); days > 0 {
			o.OpenedOn = time.Unix(int64(days)*24*60*60, 0).UTC()
		}
		found[uuidOf(rows)] = o
	}
	return found, nil
}

// TidyLastOpens leaves one date per recipient on disk, and removes the dates of
// recipients who refused or withdrew, or whose last message of the mode was
// restricted. If nothing is to be done it only reads.
// It looks for replaced dates, which reads all of them, only once at first and
// after an insert by w.
func (w *Warehouse) TidyLastOpens(ctx context.Context) error {
	var withdrawn uint64
	err := w.ask(ctx, "withdrawn_last_opens", nil, &withdrawn)
	if err == nil && withdrawn > 0 {
		err = w.conn.Exec(sweeping(ctx), schema.Query("delete_withdrawn_last_opens"))
	}
	if err == nil {
		err = w.mergeLastOpens(ctx)
	}
	if err != nil {
		return fmt.Errorf("tidy dates of last opens: %w", err)
	}
	return nil
}

func (w *Warehouse) mergeLastOpens(ctx context.Context) error {
	if w.lastOpensTidy.Swap(true) { // set before reading, so that a concurrent insert triggers another look
		return nil
	}
	var replaced uint64
	err := w.ask(ctx, "replaced_last_opens", nil, &replaced)
	if err == nil && replaced > 0 {
		err = w.conn.Exec(ctx, schema.Query("merge_last_opens"))
	}
	if err != nil {
		w.lastOpensTidy.Store(false)
	}
	return err
}
