package sends

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"glint/ingest/warehouse"
)

// registrar stores the registrations of a campaign that had none.
type registrar struct {
	mu      sync.Mutex
	names   map[string]bool
	sends   []warehouse.Send
	written int // of the completed registration
	fail    error
}

func (w *registrar) BeginRegistration(_ context.Context, campaign uint64, rows int) (warehouse.Registration, error) {
	return warehouse.Registration{ID: 7, CampaignID: campaign, Rows: rows, StartedAt: time.UnixMilli(1)}, nil
}

func (w *registrar) KnownSends(context.Context, uint64) (*warehouse.KnownSends, error) {
	return &warehouse.KnownSends{}, nil
}

func (w *registrar) InsertSendBlocks(_ context.Context, name string, blocks iter.Seq[[]warehouse.Send]) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		return w.fail
	}
	if w.names == nil {
		w.names = map[string]bool{}
	}
	w.names[name] = true
	for sends := range blocks {
		w.sends = append(w.sends, sends...)
	}
	return nil
}

func (w *registrar) CompleteRegistration(_ context.Context, _ warehouse.Registration, written int) error {
	w.written = written
	return nil
}

func (*registrar) Restrict(context.Context, uint64, []warehouse.Restriction) (time.Time, error) {
	return time.Time{}, errors.New("no message is known before")
}

func (*registrar) ApplyWithdrawals(context.Context, time.Time) (warehouse.Swept, error) {
	return warehouse.Swept{}, errors.New("no message is known before")
}

func TestRegisterWritesEveryMessageOnce(t *testing.T) {
	b := batch(t, "recipient,sent_at,delivered_at,test,tracking,Plan\nada@example.com,2026-11-21T10:00:00+01:00,,,,gold\ngrace@example.com,,2026-11-21T09:05:00Z,true,off,\n", StyleUUID)
	b.SentAt = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	b.Recipients.Kept = []int{5}
	var w registrar
	rows := 0
	outcome, err := b.Register(context.Background(), &w, func(n int) { rows += n })
	if err != nil {
		t.Fatal(err)
	}
	first := warehouse.Send{
		CampaignID: b.Campaign.ID, MessageID: b.MessageID(0), Recipient: "ada@example.com", SentAt: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC),
		State: warehouse.StateRegistered, URLStyle: warehouse.StyleUUID, Attributes: map[string]string{"Plan": "gold"}, Registration: 7, RegisteredAt: time.UnixMilli(1),
	}
	second := warehouse.Send{
		CampaignID: b.Campaign.ID, MessageID: b.MessageID(1), Recipient: "grace@example.com", SentAt: b.SentAt, DeliveredAt: time.Date(2026, 11, 21, 9, 5, 0, 0, time.UTC),
		State: warehouse.StateRegistered, Tracking: warehouse.Off, Test: warehouse.TestYes, URLStyle: warehouse.StyleToken,
		Attributes: map[string]string{}, Registration: 7, RegisteredAt: time.UnixMilli(1),
	}
	if diff := cmp.Diff([]warehouse.Send{first, second}, w.sends); diff != "" || rows != 2 || len(w.names) != 1 || w.written != 2 || outcome != (Outcome{New: 2}) {
		t.Errorf("%+v, %d rows in %d inserts, %d complete (-want +got):\n%s", outcome, rows, len(w.names), w.written, diff)
	}
}

func TestAFailedInsertLeavesTheRegistrationOpen(t *testing.T) {
	b := batch(t, list, StyleToken)
	w := registrar{fail: errors.New("no disk"), written: -1}
	_, err := b.Register(context.Background(), &w, func(int) { t.Error("progress of a failed insert") })
	e, ok := errors.AsType[*CutOffError](err)
	if !ok || !errors.Is(err, w.fail) || e.Stored != 0 || e.Rows != 3 || w.written != -1 {
		t.Errorf("Register: %v, %d complete; want the insert's error, and nothing complete", err, w.written)
	}
}

func TestACancelledRegistrationIsNotCompleted(t *testing.T) {
	b := batch(t, list, StyleToken)
	w := registrar{written: -1}
	ctx, cancel := context.WithCancel(context.Background())
	_, err := b.Register(ctx, &w, func(int) { cancel() }) // after the insert
	if e, ok := errors.AsType[*CutOffError](err); !ok || !errors.Is(err, context.Canceled) || e.Stored != 3 || w.written != -1 {
		t.Errorf("Register: %v, %d complete", err, w.written)
	}
}

func TestRegisterSplitsLargeFiles(t *testing.T) {
	r := &Recipients{Header: []string{"recipient"}}
	for i := range 2*chunk + 1 {
		r.Rows = append(r.Rows, Row{Recipient: fmt.Sprint(i)})
	}
	b := &Batch{Recipients: r, Campaign: campaign(), BaseURL: "https://pixel.example.com", Style: StyleUUID, Ring: ring(t)}
	if err := b.Derive(); err != nil {
		t.Fatal(err)
	}
	var w registrar
	if _, err := b.Register(context.Background(), &w, func(int) {}); err != nil {
		t.Fatal(err)
	}
	seen := map[uuid.UUID]bool{}
	for _, s := range w.sends {
		seen[s.MessageID] = true
	}
	if len(w.names) != 3 || len(w.sends) != 2*chunk+1 || len(seen) != 2*chunk+1 || w.written != 2*chunk+1 {
		t.Errorf("%d inserts of %d rows with %d messages; want 3 of %d", len(w.names), len(w.sends), len(seen), 2*chunk+1)
	}
}

func TestLargeAttributesMakeSmallInserts(t *testing.T) {
	r := &Recipients{Header: []string{"recipient", "note"}, Kept: []int{1}}
	cell := strings.Repeat("x", MaxAttributeBytes)
	const rows = 3*maxChunkBytes/MaxAttributeBytes - 1000
	for i := range rows {
		r.Rows = append(r.Rows, Row{Recipient: fmt.Sprint(i), Cells: []string{"", cell}})
	}
	b := &Batch{Recipients: r}
	var ends []int
	for end := 0; end < rows; ends = append(ends, end) {
		end = b.chunkEnd(end)
	}
	if len(ends) != 3 || ends[0] > maxChunkBytes/MaxAttributeBytes || ends[2] != rows {
		t.Errorf("inserts of %d rows end at %v", rows, ends)
	}
}
