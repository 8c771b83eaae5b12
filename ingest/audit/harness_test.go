package audit

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/host/atomicfile"
	"glint/ingest/receipts"
	"glint/ingest/wal"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

// now is a time in the middle of an hour; rows of unresolved opens live 30 days
// by the engine's clock.
var now = time.Now().UTC().Truncate(time.Hour).Add(30 * time.Minute)

// hour is the beginning of that hour.
var hour = now.Truncate(time.Hour)

// world is a log, its receipts and a warehouse, as ingest leaves them.
type world struct {
	t      testing.TB
	engine *enginetest.Warehouse
	house  *warehouse.Warehouse
	dir    string
	logs   map[string]*wal.Log
	book   *receipts.Writer
	acked  map[string]uint64
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), logs: map[string]*wal.Log{}, acked: map[string]uint64{}}
	w.engine, w.house = client.Open(t)
	var err error
	for _, lane := range []string{wal.LaneLive, wal.LaneReplay} {
		if w.logs[lane], err = wal.Open(wal.Options{Dir: filepath.Join(w.dir, lane), Lane: lane}); err != nil {
			t.Fatal(err)
		}
		w.acknowledge(lane, 0)
	}
	w.reopenBook(now.Add(-24 * time.Hour))
	t.Cleanup(func() {
		_ = w.book.Close()
		for _, l := range w.logs {
			_ = l.Close(context.Background())
		}
	})
	return w
}

// receiptsDir returns the folder of the receipts.
func (w *world) receiptsDir() string { return filepath.Join(w.dir, receipts.Folder) }

// reopenBook begins a book at a time; an older one goes on.
func (w *world) reopenBook(at time.Time) {
	w.t.Helper()
	// As if the book had been open all the while: receipts age by the time that has
	// passed, never beyond the wall clock.
	var passed time.Duration
	elapsed := func() time.Duration {
		passed += 2 * receipts.DefaultRetain
		return passed
	}
	var err error
	w.book, err = receipts.OpenWriter(receipts.Options{Dir: w.receiptsDir(), Now: func() time.Time { return at }, Elapsed: elapsed})
	if err != nil {
		w.t.Fatal(err)
	}
}

// acknowledge writes the checkpoint of a lane.
func (w *world) acknowledge(lane string, record uint64) {
	w.t.Helper()
	w.acked[lane] = record
	dir := filepath.Join(w.dir, "batches", lane)
	b, err := json.Marshal(map[string]any{"log_id": lane + "-LOG", "acknowledged_record": record})
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = atomicfile.WriteFile(filepath.Join(dir, "checkpoint.json"), b)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// accepted is a record of the log.
type accepted struct {
	lane, source string
	at           time.Time
	record       uint64
	events       []uint64
}

// accept appends a record with a line for each event. The events are live, of
// source edge, and come now; change may say otherwise.
func (w *world) accept(events []uint64, change ...func(*accepted)) *accepted {
	w.t.Helper()
	a := &accepted{lane: wal.LaneLive, source: "edge", at: now, events: events}
	for _, f := range change {
		f(a)
	}
	var body strings.Builder
	for _, key := range events {
		body.WriteString(line(key, a.at, nil) + "\n")
	}
	p, err := w.logs[a.lane].Append(w.t.Context(), &wal.Record{
		ReceivedAt: a.at, Source: a.source, Lines: uint32(len(events)), DecodedBytes: uint64(body.Len()), Body: []byte(body.String()),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	a.record = p.Record
	return a
}

// line is the log line of an event that was opened then; change may spoil it.
func line(key uint64, opened time.Time, change func(*event.Event)) string {
	e := event.Event{Version: event.Version, OpenedAt: opened, Kind: event.KindUUID, Token: messageOf(key).String(), Method: "GET"}
	binary.BigEndian.PutUint64(e.ID[8:], key)
	e.ID[0] = 1
	if change != nil {
		change(&e)
	}
	return string(e.AppendJSON(nil))
}

// messageOf gives each event a message of its own.
func messageOf(key uint64) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[:], key)
	return id
}

// open is the row of an event.
func open(key uint64, received time.Time) warehouse.Open {
	return warehouse.Open{
		CampaignID: 1, MessageID: messageOf(key), Facts: warehouse.Facts{OpenedAt: received, EventID: key, ReceivedAt: received, Source: "edge"},
	}
}

// insert puts opens of the events into the warehouse.
func (w *world) insert(at time.Time, events ...uint64) {
	w.t.Helper()
	opens := make([]warehouse.Open, len(events))
	for i, key := range events {
		opens[i] = open(key, at)
	}
	if err := w.house.InsertOpens(w.t.Context(), uuid.NewString(), opens); err != nil {
		w.t.Fatal(err)
	}
}

// wait puts opens of the events into unresolved_opens.
func (w *world) wait(at time.Time, events ...uint64) {
	w.t.Helper()
	opens := make([]warehouse.Open, len(events))
	for i, key := range events {
		opens[i] = open(key, at)
	}
	if err := w.house.InsertUnresolved(w.t.Context(), uuid.NewString(), opens); err != nil {
		w.t.Fatal(err)
	}
}

// testify keeps the receipt of a record and acknowledges it; change may report
// other ends than events.
func (w *world) testify(a *accepted, change ...func(*receipts.Receipt)) {
	w.t.Helper()
	r := receipts.Receipt{
		LogID: a.lane + "-LOG", Record: a.record, ReceivedAt: a.at, Lane: a.lane, Source: a.source,
		Lines: len(a.events), Events: a.events,
	}
	for _, f := range change {
		f(&r)
	}
	if err := w.book.Append([]receipts.Receipt{r}); err != nil {
		w.t.Fatal(err)
	}
	w.acknowledge(a.lane, max(w.acked[a.lane], a.record))
}

// store takes a record all the way.
func (w *world) store(events []uint64, change ...func(*accepted)) {
	w.t.Helper()
	a := w.accept(events, change...)
	w.insert(a.at, events...)
	w.testify(a)
}

// remove deletes the open of an event directly from the table.
func (w *world) remove(key uint64) {
	w.t.Helper()
	w.engine.Text(w.t, enginetest.WarehouseUser, fmt.Sprint("ALTER TABLE opens DELETE WHERE event_id = ", key), map[string]string{"mutations_sync": "2"})
}

// audit runs one; change may say more than where.
func (w *world) audit(change ...func(*Options)) *Result {
	w.t.Helper()
	o := Options{Nodes: []Node{{LogDir: w.dir}}, Warehouse: w.house, Ring: &token.Ring{}, Now: func() time.Time { return now.Add(time.Hour) }}
	for _, f := range change {
		f(&o)
	}
	r, err := Run(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// keys are the events first to last.
func keys(first, last uint64) (keys []uint64) {
	for key := first; key <= last; key++ {
		keys = append(keys, key)
	}
	return keys
}

// from and at change where a record comes from, and when.
func from(lane, source string) func(*accepted) {
	return func(a *accepted) { a.lane, a.source = lane, source }
}

func at(when time.Time) func(*accepted) { return func(a *accepted) { a.at = when } }
