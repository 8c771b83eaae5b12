// Package repair inserts events again that the warehouse has lost: events that were stored
// according to a receipt, but are in no table.
//
// It finds them by an audit, takes their lines from the log or else from an archive, and
// loads them like the first time: with the time and the source of their receipt, but by
// the current withdrawals. Erased events have no receipt; withdrawn ones are stored in
// their reduced form.
//
// A run may be repeated, killed, and be concurrent with others: it checks for rows before
// it inserts them, and rows of the same event replace each other. It changes neither the
// log nor the receipts nor the archive.
package repair

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"glint/ingest/archive"
	"glint/ingest/audit"
	"glint/ingest/batch"
	"glint/ingest/consent"
	"glint/ingest/host/filelock"
	"glint/ingest/receipts"
	"glint/ingest/warehouse"
)

// Options configure a repair.
type Options struct {
	LogDir    string          // folder of the log and its receipts
	Warehouse audit.Warehouse // the warehouse to repair: one server, not several replicas
	Loader    *batch.Loader   // into that server
	// Fresh is called before each insert, under the lock of Calm: it reloads the lists of
	// withdrawn and erased messages.
	Fresh    func(context.Context) error
	Since    time.Time // of receipt; zero: from the first receipt on
	Until    time.Time // before this; zero: until now
	Archive  []archive.File
	Progress func(verb string, total int) func(n int) // as in audit.Options

	maxEvents int // maximum number of wanted events at a time; 0: defaultMaxEvents
}

// defaultMaxEvents is a limit of about 100 MB.
const defaultMaxEvents = 1 << 20

// Row counts the lost events of one hour of receipt and one source.
//
// The json tags here and of Result are a contract: cli/JSON.md.
type Row struct {
	Hour        time.Time `json:"hour"`
	Source      string    `json:"source"`
	FromLog     uint64    `json:"from_log"`     // inserted again, from a line of the log
	FromArchive uint64    `json:"from_archive"` // the same, from a line of the archive
	Left        uint64    `json:"left"`         // not inserted: their lines are in neither, or cannot be stored any more
}

// Result is the result of a repair.
type Result struct {
	Rows        []Row  `json:"rows"` // by hour and source
	FromLog     uint64 `json:"from_log"`
	FromArchive uint64 `json:"from_archive"`
	Left        uint64 `json:"left"`
}

// Lost returns the number of events that no table had.
func (r *Result) Lost() uint64 { return r.FromLog + r.FromArchive + r.Left }

// add adds the result for another server with the same events. An event that cannot be
// restored on one cannot be restored on the other either.
func (r *Result) add(other *Result) {
	for _, row := range other.Rows {
		i, found := slices.BinarySearchFunc(r.Rows, row, byHour)
		if !found {
			r.Rows = slices.Insert(r.Rows, i, Row{Hour: row.Hour, Source: row.Source})
		}
		sum := &r.Rows[i]
		sum.FromLog, sum.FromArchive, sum.Left = sum.FromLog+row.FromLog, sum.FromArchive+row.FromArchive, max(sum.Left, row.Left)
	}
	r.total()
}

func (r *Result) total() {
	r.FromLog, r.FromArchive, r.Left = 0, 0, 0
	for i := range r.Rows {
		r.FromLog += r.Rows[i].FromLog
		r.FromArchive += r.Rows[i].FromArchive
		r.Left += r.Rows[i].Left
	}
}

func byHour(a, b Row) int {
	return cmp.Or(a.Hour.Compare(b.Hour), cmp.Compare(a.Source, b.Source))
}

// Servers repairs each server of a warehouse, with the rules of loader; it sets Warehouse
// and Loader of the options. It also returns the result together with an error, for example
// if a replica is down: the others are repaired nevertheless.
func Servers(ctx context.Context, w *warehouse.Warehouse, loader *batch.Loader, o Options) (*Result, error) {
	total := &Result{Rows: []Row{}}
	err := w.EachServer(ctx, func(_ string, server *warehouse.Warehouse) error {
		o.Warehouse, o.Loader = server, loader.Into(server)
		done, err := Run(ctx, o)
		if err == nil {
			total.add(done)
		}
		return err
	})
	return total, err
}

// OwnLists gives a loader separate lists of withdrawn and erased messages, and returns a
// function that reloads them from a warehouse: see Options.Fresh.
func OwnLists(loader *batch.Loader, logger *slog.Logger) (read func(ctx context.Context, from *warehouse.Warehouse) error) {
	loader.Withdrawn, loader.Deleted = &consent.Set{}, &batch.Deleted{}
	follow := &consent.Follower{Set: loader.Withdrawn, Logger: logger}
	return func(ctx context.Context, from *warehouse.Warehouse) error {
		return errors.Join(follow.Load(ctx, from), loader.Deleted.Load(ctx, from))
	}
}

// Run repairs one server. It returns an error of audit.Run, of the disk, the archive, the
// warehouse or the context; events inserted before it stay, and the next run does the rest.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.maxEvents == 0 {
		o.maxEvents = defaultMaxEvents
	}
	r := &run{Options: o, wanted: map[uint64]*record{}, rows: map[rowKey]*Row{}}
	_, err := audit.Run(ctx, audit.Options{
		Nodes: []audit.Node{{LogDir: o.LogDir}}, Warehouse: o.Warehouse, Since: o.Since, Until: o.Until, Progress: o.Progress, Missing: r.missing,
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
	}
	slices.SortFunc(result.Rows, byHour)
	result.total()
	return result, nil
}

// run is one repair of one server.
type run struct {
	Options
	wanted map[uint64]*record // events whose lines are wanted
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

// missing finds the records that contained the events, and restores the wanted events once
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
		looked[event] = r.wanted[event] == nil // otherwise it is also missing in another hour
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

// restore inserts the wanted events whose lines are found.
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

// load inserts the events of the gathered lines, counts those that are then in a table, and
// empties g.
func (r *run) load(ctx context.Context, g *gathered) error {
	if len(g.bodies) == 0 {
		return nil
	}
	defer g.empty()
	calm, err := Calm(ctx, r.LogDir)
	if err != nil {
		return err
	}
	defer calm()
	if err := r.Fresh(ctx); err != nil {
		return err
	}
	result, err := r.Loader.Reload(ctx, "repair-"+rand.Text(), g.all())
	if err != nil {
		return fmt.Errorf("insert lost events again: %w", err)
	}
	for i := range result.Bodies {
		for _, event := range result.Bodies[i].Events {
			if from := r.wanted[event]; from != nil {
				g.count(from.row)
				delete(r.wanted, event)
			}
		}
	}
	return nil
}

// lockFile is held while lines are loaded.
const lockFile = "repair.lock"

// Calm waits until no repair of that log is between reloading its lists and the end of its
// insert, and blocks other repairs there until calm is called. An erasure calls it: later
// repairs know the erased persons.
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

// hoursWanted returns the hours of receipt of the wanted events.
func (r *run) hoursWanted() map[time.Time]bool {
	hours := map[time.Time]bool{}
	for from := range maps.Values(r.wanted) {
		hours[from.received.UTC().Truncate(time.Hour)] = true
	}
	return hours
}
