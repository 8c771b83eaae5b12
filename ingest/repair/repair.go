// Package repair inserts again what the warehouse has lost: events of which a receipt
// says that they were stored, and which no table has.
//
// It looks for them as package audit does, takes their lines from where they still are
// (the log, then an archive), and loads them as they were loaded first: with the time
// and the source of their receipt, by the rules of now about whose opens may be kept.
// What was erased has no receipt, and what was withdrawn comes back as it may be kept.
//
// A run may be repeated, killed, and be made by several at once: rows are asked for
// before they are inserted, and one event's rows replace each other. It changes neither
// the log nor the receipts nor the archive.
package repair

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"glint/ingest/archive"
	"glint/ingest/audit"
	"glint/ingest/batch"
	"glint/ingest/host/filelock"
	"glint/ingest/receipts"
)

// Options say what is repaired.
type Options struct {
	LogDir    string          // of the log, and of its receipts
	Warehouse audit.Warehouse // that may have lost something: one server, not several replicas
	Loader    *batch.Loader   // into that server; without dead letters, caps and a watcher
	// Fresh is called before each insert, under the lock of Calm: it reads whose opens
	// may not be kept.
	Fresh    func(context.Context) error
	Since    time.Time // of receipt; zero: from the first receipt on
	Until    time.Time // before this; zero: until now
	Archive  []archive.File
	Progress func(verb string, total int) func(n int) // as of audit.Options

	maxEvents int // that are looked for at a time; 0: defaultMaxEvents
}

// defaultMaxEvents take about 100 MB.
const defaultMaxEvents = 1 << 20

// Row counts the events of one hour of receipt and one source that no table had.
//
// The json tags here and of Result are a contract: cli/JSON.md.
type Row struct {
	Hour        time.Time `json:"hour"`
	Source      string    `json:"source"`
	FromLog     uint64    `json:"from_log"`     // inserted again, from a line of the log
	FromArchive uint64    `json:"from_archive"` // the same, from a line of the archive
	Left        uint64    `json:"left"`         // not inserted: their lines are in neither, or cannot be stored any more
}

// Result is what a repair has done.
type Result struct {
	Rows        []Row  `json:"rows"` // by hour and source
	FromLog     uint64 `json:"from_log"`
	FromArchive uint64 `json:"from_archive"`
	Left        uint64 `json:"left"`
}

// Lost is how many events no table had.
func (r *Result) Lost() uint64 { return r.FromLog + r.FromArchive + r.Left }

// Add takes over what was done about another server that has the same events.
func (r *Result) Add(other *Result) {
	for _, row := range other.Rows {
		i, found := slices.BinarySearchFunc(r.Rows, row, byHour)
		if !found {
			r.Rows = slices.Insert(r.Rows, i, Row{Hour: row.Hour, Source: row.Source})
		}
		r.Rows[i].FromLog += row.FromLog
		r.Rows[i].FromArchive += row.FromArchive
		r.Rows[i].Left += row.Left
	}
	r.FromLog, r.FromArchive, r.Left = r.FromLog+other.FromLog, r.FromArchive+other.FromArchive, r.Left+other.Left
}

func byHour(a, b Row) int {
	return cmp.Or(a.Hour.Compare(b.Hour), cmp.Compare(a.Source, b.Source))
}

// Run repairs. Errors are those of audit.Run, of the disk, the archive, the warehouse and
// the context; what was inserted until then stays, and the next run does the rest.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.maxEvents == 0 {
		o.maxEvents = defaultMaxEvents
	}
	r := &run{Options: o, wanted: map[uint64]*record{}, rows: map[rowKey]*Row{}}
	_, err := audit.Run(ctx, audit.Options{
		LogDir: o.LogDir, Warehouse: o.Warehouse, Since: o.Since, Until: o.Until, Progress: o.Progress, Missing: r.missing,
	})
	if err == nil {
		err = r.restore(ctx)
	}
	if err != nil {
		return nil, err
	}
	result := &Result{Rows: []Row{}}
	for _, row := range r.rows {
		result.Rows = append(result.Rows, *row)
		result.FromLog, result.FromArchive, result.Left = result.FromLog+row.FromLog, result.FromArchive+row.FromArchive, result.Left+row.Left
	}
	slices.SortFunc(result.Rows, byHour)
	return result, nil
}

// run is one repair of one server.
type run struct {
	Options
	wanted map[uint64]*record // events whose lines are looked for
	rows   map[rowKey]*Row
}

type rowKey struct {
	hour   time.Time
	source string
}

// record is a record of the log that had wanted events.
type record struct {
	lane     string
	number   uint64
	received time.Time
	row      *Row
}

// missing finds out which records the events came in, and looks for their lines once
// they are many.
func (r *run) missing(ctx context.Context, hour time.Time, source string, events []uint64) (err error) {
	for len(events) > 0 {
		n := min(len(events), max(1, r.maxEvents-len(r.wanted)))
		if err := r.want(ctx, hour, source, events[:n]); err != nil {
			return err
		}
		if events = events[n:]; len(r.wanted) >= r.maxEvents {
			if err := r.restore(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) want(ctx context.Context, hour time.Time, source string, events []uint64) (err error) {
	looked := make(map[uint64]bool, len(events))
	for _, event := range events {
		looked[event] = r.wanted[event] == nil // else it is missed in another hour, too
	}
	shelf, err := receipts.OpenReader(filepath.Join(r.LogDir, receipts.Folder))
	if err != nil {
		return err
	}
	h, err := shelf.Hour(hour)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	return h.Each(func(receipt *receipts.Receipt) error {
		if receipt.Source != source {
			return nil
		}
		var from *record
		for _, event := range receipt.Events {
			if !looked[event] {
				continue
			}
			if from == nil {
				from = &record{receipt.Lane, receipt.Record, receipt.ReceivedAt, r.row(hour, source)}
			}
			looked[event], r.wanted[event] = false, from
		}
		return ctx.Err()
	})
}

func (r *run) row(hour time.Time, source string) *Row {
	key := rowKey{hour, source}
	if r.rows[key] == nil {
		r.rows[key] = &Row{Hour: hour, Source: source}
	}
	return r.rows[key]
}

// restore inserts the wanted events, as far as their lines are found.
func (r *run) restore(ctx context.Context) error {
	if len(r.wanted) == 0 {
		return nil
	}
	if err := r.fromLog(ctx); err != nil {
		return err
	}
	if err := r.fromArchive(ctx); err != nil {
		return err
	}
	for _, from := range r.wanted {
		from.row.Left++
	}
	clear(r.wanted)
	return nil
}

// load inserts the events of the bodies, and counts those that are there then.
func (r *run) load(ctx context.Context, bodies []batch.Body, count func(*Row)) error {
	if len(bodies) == 0 {
		return nil
	}
	calm, err := Calm(ctx, r.LogDir)
	if err != nil {
		return err
	}
	defer calm()
	if err := r.Fresh(ctx); err != nil {
		return err
	}
	result, err := r.Loader.Reload(ctx, "repair-"+rand.Text(), bodies)
	if err != nil {
		return fmt.Errorf("insert lost events again: %w", err)
	}
	for i := range result.Bodies {
		for _, event := range result.Bodies[i].Events {
			if from := r.wanted[event]; from != nil {
				count(from.row)
				delete(r.wanted, event)
			}
		}
	}
	return nil
}

// lockFile is held while lines are loaded.
const lockFile = "repair.lock"

// Calm returns once no repair of that log is between reading whose opens may not be kept
// and the end of its insert, and keeps others from it until calm is called. Whoever
// erases persons waits for that: what comes later knows them.
func Calm(ctx context.Context, logDir string) (calm func(), err error) {
	f, err := os.OpenFile(filepath.Join(logDir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		if err = filelock.Wait(ctx, f, func() {}); err != nil {
			err = errors.Join(err, f.Close())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("wait for a repair: %w", err)
	}
	return func() { _ = f.Close() }, nil
}

// hoursWanted are the hours of receipt of what is looked for.
func (r *run) hoursWanted() map[time.Time]bool {
	hours := map[time.Time]bool{}
	for from := range maps.Values(r.wanted) {
		hours[from.received.UTC().Truncate(time.Hour)] = true
	}
	return hours
}

// gone reports an error about a folder that was never there.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
