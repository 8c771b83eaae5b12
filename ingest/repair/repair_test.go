package repair

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/edge/token"
	"glint/ingest/batch"
	"glint/ingest/warehouse"
)

func check(t *testing.T, got *Result, want ...Row) {
	t.Helper()
	if diff := cmp.Diff(append([]Row{}, want...), got.Rows); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func (w *world) equal(want string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.rows()); diff != "" {
		w.t.Errorf("the rows differ (-want +got):\n%.2000s", diff)
	}
}

func TestLostRowsComeBackFromTheLog(t *testing.T) {
	w := newWorld(t)
	w.store("edge", now, 1, 40)
	w.store("import", now.Add(-2*time.Hour), 41, 60)
	w.store("edge", now, 30, 40) // some of them again
	want := w.rows()
	w.sql("ALTER TABLE opens DELETE WHERE event_id IN (3, 43)")
	check(t, w.repair(),
		Row{Hour: now.Add(-2 * time.Hour).Truncate(time.Hour), Source: "import", FromLog: 1},
		Row{Hour: now.Truncate(time.Hour), Source: "edge", FromLog: 1})
	w.equal(want)
	w.lose()
	check(t, w.repair(w.archive),
		Row{Hour: now.Add(-2 * time.Hour).Truncate(time.Hour), Source: "import", FromLog: 20},
		Row{Hour: now.Truncate(time.Hour), Source: "edge", FromLog: 40})
	w.equal(want)
	check(t, w.repair())
}

func TestTheArchiveHasWhatTheLogHasNot(t *testing.T) {
	w := newWorld(t)
	w.store("edge", now, 1, 40)
	w.store("edge", now.Add(-3*time.Hour), 41, 50)
	want := w.rows()
	w.loseLog()
	w.lose()
	hour, earlier := now.Truncate(time.Hour), now.Add(-3*time.Hour).Truncate(time.Hour)
	r := w.repair()
	check(t, r, Row{Hour: earlier, Source: "edge", Left: 10}, Row{Hour: hour, Source: "edge", Left: 40})
	if r.Left != 50 || r.Lost() != 50 {
		t.Errorf("%+v", r)
	}
	check(t, w.repair(w.archive), Row{Hour: earlier, Source: "edge", FromArchive: 10}, Row{Hour: hour, Source: "edge", FromArchive: 40})
	w.equal(want)
	check(t, w.repair(w.archive))
}

// TestWhatMayNotBeKeptDoesNotComeBack: a withdrawn message's open comes back without its
// message, one of a deleted campaign as a count, and an erased one not at all.
func TestWhatMayNotBeKeptDoesNotComeBack(t *testing.T) {
	w := newWorld(t)
	w.store("edge", now, 1, 5)
	err := w.house.InsertWithdrawals(t.Context(), "w", []warehouse.Withdrawal{
		{Recipient: warehouse.RecipientKey{1}, Message: messageOf(2), Fate: warehouse.FateDrop, ChangedAt: now},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.book.Erase(map[uint64]bool{3: true}); err != nil {
		t.Fatal(err)
	}
	w.lose()
	check(t, w.repair(w.archive), Row{Hour: now.Truncate(time.Hour), Source: "edge", FromLog: 4})
	if got := w.sql("SELECT event_id FROM opens FINAL ORDER BY event_id"); got != "1\n4\n5\n" {
		t.Errorf("events %q are back", got)
	}
	if got := w.sql("SELECT event_id, campaign_id FROM aggregate_opens FINAL"); got != "2\t0\n" {
		t.Errorf("aggregates %q", got)
	}
	if strings.Contains(w.rows(), messageOf(2).String()) || strings.Contains(w.rows(), messageOf(3).String()) {
		t.Error("the message of a withdrawn or erased open is back")
	}
	check(t, w.repair(w.archive))

	if err := w.house.DeleteCampaign(t.Context(), campaign); err != nil {
		t.Fatal(err)
	}
	w.lose()
	w.repair(w.archive)
	if got := w.sql("SELECT count() FROM opens"); got != "0\n" {
		t.Errorf("%s opens of a deleted campaign are back", got)
	}
}

// failing takes so many inserts, and then none.
type failing struct {
	*warehouse.Warehouse
	left int
}

var errGone = errors.New("the warehouse is gone")

func (f *failing) InsertOpens(ctx context.Context, name string, opens []warehouse.Open) error {
	if f.left--; f.left < 0 {
		return errGone
	}
	return f.Warehouse.InsertOpens(ctx, name, opens)
}

// TestACutOffRepairGoesOn: each run inserts a few and is cut off.
func TestACutOffRepairGoesOn(t *testing.T) {
	w := newWorld(t)
	for n := range uint64(4) {
		w.store("edge", now, 10*n+1, 10*n+10)
	}
	want := w.rows()
	w.lose()
	cut := 0
	for ; ; cut++ {
		o := w.options(w.archive)
		o.Loader, o.maxEvents = w.loader.Into(&failing{w.house, 1}), 10
		_, err := Run(t.Context(), o)
		if err == nil {
			break
		}
		if !errors.Is(err, errGone) || cut > 10 {
			t.Fatal(err)
		}
	}
	if cut != 3 {
		t.Errorf("cut off %d times, want 3", cut)
	}
	w.equal(want)
	if got := w.sql("SELECT count() = uniqExact(event_id) FROM opens"); got != "1\n" {
		t.Error("an event has several rows")
	}
}

// TestAnEraserWaitsForAnInsert: what a repair has read about persons is old once it is
// calm.
func TestAnEraserWaitsForAnInsert(t *testing.T) {
	w := newWorld(t)
	w.store("edge", now, 1, 3)
	w.lose()
	inside, goOn := make(chan struct{}), make(chan struct{})
	o := w.options()
	fresh := o.Fresh
	o.Fresh = func(ctx context.Context) error {
		close(inside)
		<-goOn
		return fresh(ctx)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := Run(context.Background(), o)
		ended <- err
	}()
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := Calm(ctx, w.dir); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("calm during an insert: %v", err)
	}
	close(goOn)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	calm, err := Calm(t.Context(), w.dir)
	if err != nil {
		t.Fatal(err)
	}
	calm()
}

// TestALineThatIsNoOpenAnyMoreIsLeft: its key was given up.
func TestALineThatIsNoOpenAnyMoreIsLeft(t *testing.T) {
	w := newWorld(t)
	w.store("edge", now, 1, 3)
	w.lose()
	o, other := w.options(w.archive), ringOf(t, 2)
	o.Loader = &batch.Loader{Ring: func() *token.Ring { return other }, Warehouse: w.house, Withdrawn: w.follow.Set, Deleted: &batch.Deleted{}}
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	check(t, r, Row{Hour: now.Truncate(time.Hour), Source: "edge", Left: 3})
	if r.Left != 3 || w.sql("SELECT count() FROM opens") != "0\n" {
		t.Errorf("%+v", r)
	}
}
