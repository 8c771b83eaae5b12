package repair

import (
	"bytes"
	"context"
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/klauspost/compress/gzip"

	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/archive"
	"glint/ingest/batch"
	"glint/ingest/consent"
	"glint/ingest/receipts"
	"glint/ingest/wal"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

// now is in the middle of an hour, an hour ago at least.
var now = time.Now().UTC().Truncate(time.Hour).Add(-30 * time.Minute)

// world is a log whose pipeline has brought its lines into a real warehouse.
type world struct {
	t       *testing.T
	engine  *enginetest.Warehouse
	house   *warehouse.Warehouse
	dir     string
	lanes   *wal.Lanes
	book    *receipts.Writer
	loader  *batch.Loader
	follow  *consent.Follower
	archive string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), archive: t.TempDir()}
	w.engine, w.house = client.Open(t)
	var err error
	w.follow = &consent.Follower{Set: &consent.Set{}, Logger: slog.New(slog.DiscardHandler)}
	ring := ringOf(t, 1)
	w.loader = &batch.Loader{Ring: func() *token.Ring { return ring }, Warehouse: w.house, Withdrawn: w.follow.Set, Deleted: &batch.Deleted{}}
	if w.lanes, err = wal.OpenLanes(w.dir, wal.Options{Retain: time.Hour}, wal.Options{Retain: time.Hour}, wal.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.lanes.Close(context.Background()) })
	// As if it were open since a day, so that receipts of then are not too old.
	w.book, err = receipts.OpenWriter(receipts.Options{Dir: filepath.Join(w.dir, receipts.Folder), Now: func() time.Time { return now.Add(-24 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.book.Close() })
	return w
}

// ringOf has one key, whose secret begins with that byte.
func ringOf(t *testing.T, secret byte) *token.Ring {
	t.Helper()
	ring, err := token.NewRing(token.Key{ID: 7, State: token.Signing, Secret: [token.SecretLen]byte{secret}})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// line is one of many forms: of a message, of one that is not registered, of a stratum.
func (w *world) line(key uint64) string {
	w.t.Helper()
	e := event.Event{
		Version: event.Version, OpenedAt: now.Add(-4*time.Hour + time.Duration(key)*time.Second), Method: "GET", Network: "none", IP: "192.0.2.0",
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.1.0",
	}
	binary.BigEndian.PutUint64(e.ID[8:], key)
	made := token.Token{Campaign: campaign, Message: token.MessageID(messageOf(key)), IssuedAt: uint32(now.Add(-5 * time.Hour).Unix())}
	switch key % 10 {
	case 8:
		made.Mode = token.Aggregate
	case 9:
		e.Kind, e.Token = event.KindUUID, messageOf(key).String()
		return string(e.AppendJSON(nil))
	}
	text, err := w.loader.Ring().Sign(made)
	if err != nil {
		w.t.Fatal(err)
	}
	e.Kind, e.Token = event.KindToken, text
	return string(e.AppendJSON(nil))
}

const campaign = 77

func messageOf(key uint64) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[8:], key)
	id[6], id[8] = 0x80, 0x80
	return id
}

// store brings events into the log and, with receipts, into the warehouse and the archive.
func (w *world) store(source string, received time.Time, first, last uint64) {
	w.t.Helper()
	var body strings.Builder
	for key := first; key <= last; key++ {
		body.WriteString(w.line(key) + "\n")
	}
	at, err := w.lanes.Live.Append(w.t.Context(), &wal.Record{
		ReceivedAt: received, Source: source, Lines: uint32(last - first + 1), DecodedBytes: uint64(body.Len()), Body: []byte(body.String()),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	p := &batch.Pipeline{
		Lane: wal.LaneLive, Dir: filepath.Join(w.dir, "batches", wal.LaneLive), Source: batch.NewSource(w.lanes.Live, w.follow.Logger),
		Loader: w.loader, MaxLines: 1000, MaxBytes: 1 << 20, FlushInterval: time.Millisecond, Inserters: 1, Receipts: w.book, Logger: w.follow.Logger,
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		progress, err := batch.ReadProgress(p.Dir)
		if err != nil || time.Since(began) > time.Minute {
			w.t.Fatalf("not stored: %v", err)
		}
		if progress.Acknowledged >= at.Record {
			break
		}
	}
	cancel()
	if err := <-ended; err != nil {
		w.t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(body.String())) // into memory
	_ = z.Close()
	file := filepath.Join(w.archive, received.Format("year=2006/month=01/day=02/hour=15"), uuid.NewString()+".json.gz")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(file, packed.Bytes(), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// rows is the content of the tables, value by value.
func (w *world) rows() string {
	w.t.Helper()
	text := ""
	for _, table := range []string{"opens", "aggregate_opens", "unresolved_opens"} {
		text += table + "\n" + w.sql("SELECT * FROM "+table+" FINAL ORDER BY event_id FORMAT TSVWithNames")
	}
	return text
}

func (w *world) sql(statement string) string {
	w.t.Helper()
	return w.engine.Text(w.t, enginetest.WarehouseUser, statement, map[string]string{"mutations_sync": "2"})
}

// lose empties the tables directly.
func (w *world) lose() {
	w.t.Helper()
	for _, table := range []string{"opens", "aggregate_opens", "unresolved_opens"} {
		w.sql("TRUNCATE TABLE " + table)
	}
}

// loseLog removes all segments.
func (w *world) loseLog() {
	w.t.Helper()
	if err := w.lanes.Close(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	for _, lane := range []string{wal.LaneLive, wal.LaneReplay} {
		if err := os.RemoveAll(filepath.Join(w.dir, lane)); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) options(archives ...string) Options {
	w.t.Helper()
	files, faults := archive.Find(archives)
	if len(faults) > 0 {
		w.t.Fatal(faults)
	}
	return Options{LogDir: w.dir, Warehouse: w.house, Loader: w.loader, Archive: files, Fresh: func(ctx context.Context) error {
		if err := w.follow.Load(ctx, w.house); err != nil {
			return err
		}
		return w.loader.Deleted.Load(ctx, w.house)
	}}
}

func (w *world) repair(archives ...string) *Result {
	w.t.Helper()
	r, err := Run(w.t.Context(), w.options(archives...))
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}
