package audit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/receipts"
	"glint/ingest/wal"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
)

// check compares the rows, and whether all is accounted for.
func check(t *testing.T, r *Result, accounted bool, want ...Row) {
	t.Helper()
	if diff := cmp.Diff(append([]Row{}, want...), r.Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if r.Accounted() != accounted {
		t.Errorf("accounted is %v: %+v", r.Accounted(), r)
	}
	sum := Counts{}
	for _, row := range append(slices.Clone(r.Rows), Row{Counts: r.Total}) {
		sum.add(&row.Counts)
		if row.Accepted != row.Repeats+row.InOpens+row.Unresolved+row.BadTokens+row.DeadLetters+row.OverCap+row.Waiting+row.Missing ||
			row.Events != row.InOpens+row.Unresolved+row.Missing-row.Unexplained {
			t.Errorf("a row does not add up: %+v", row)
		}
	}
	if sum.Accepted != 2*r.Total.Accepted || sum.Missing != 2*r.Total.Missing {
		t.Errorf("the total is %+v", r.Total)
	}
}

func TestAllIsAccountedFor(t *testing.T) {
	w := newWorld(t)
	w.store(keys(1, 5))
	w.store(keys(1, 3), from(wal.LaneReplay, "import"))                   // the same events from elsewhere
	w.store([]uint64{4, 5, 6, 6, 6})                                      // and again
	w.store(keys(101, 110), at(now.Add(-2*time.Hour)))                    // an earlier hour
	w.store([]uint64{1}, at(now.Add(-2*time.Hour)), from("live", "=1+1")) // its row stands in a later hour
	a := w.accept(keys(201, 210))
	w.insert(now, 201, 202)
	w.wait(now, 203)
	w.testify(a, func(r *receipts.Receipt) {
		r.Events, r.BadTokens, r.DeadLetters, r.OverCap = keys(201, 203), 4, 2, 1
	})
	w.testify(w.accept(nil))
	r := w.audit()
	earlier := hour.Add(-2 * time.Hour)
	check(t, r, true,
		Row{Hour: earlier, Source: "=1+1", Counts: Counts{Accepted: 1, Events: 1, InOpens: 1}},
		Row{Hour: earlier, Source: "edge", Counts: Counts{Accepted: 10, Events: 10, InOpens: 10}},
		Row{
			Hour: hour, Source: "edge",
			Counts: Counts{
				Accepted: 20, Events: 9, Repeats: 4, InOpens: 8, Unresolved: 1,
				BadTokens: 4, DeadLetters: 2, OverCap: 1,
			},
		},
		Row{Hour: hour, Source: "import", Counts: Counts{Accepted: 3, Events: 3, InOpens: 3}},
	)
	if !r.Since.Equal(now.Add(-24*time.Hour)) || r.Total.Accepted != 34 {
		t.Errorf("since %v, total %+v", r.Since, r.Total)
	}
}

func TestAnEmptyLogIsAccountedFor(t *testing.T) {
	check(t, newWorld(t).audit(), true)
}

func TestARepeatDoesNotHideALoss(t *testing.T) {
	w := newWorld(t)
	w.store(keys(1, 10), at(now.Add(-3*time.Hour)))
	w.store(keys(1, 20))
	w.store([]uint64{15, 16})
	w.remove(15) // came twice
	w.remove(3)  // in both hours
	check(t, w.audit(), false,
		Row{Hour: hour.Add(-3 * time.Hour), Source: "edge", Counts: Counts{Accepted: 10, Events: 10, InOpens: 9, Missing: 1}},
		Row{Hour: hour, Source: "edge", Counts: Counts{Accepted: 22, Events: 20, Repeats: 2, InOpens: 18, Missing: 2}},
	)
}

func TestAnEventThatWasMovedIsInOpensOrMissing(t *testing.T) {
	w := newWorld(t)
	w.wait(now, 1, 2, 3)
	w.testify(w.accept(keys(1, 3)))
	w.engine.Text(t, enginetest.WarehouseUser, "INSERT INTO unresolved_opens SELECT * REPLACE (1 AS moved) FROM unresolved_opens WHERE event_id > 1", nil)
	w.insert(now, 2)
	check(t, w.audit(), false, Row{Hour: hour, Source: "edge", Counts: Counts{Accepted: 3, Events: 3, InOpens: 1, Unresolved: 1, Missing: 1}})
}

// movingHouse moves an event into opens between the two questions.
type movingHouse struct {
	Warehouse
	move func()
}

func (m movingHouse) UnresolvedEvents(ctx context.Context, events []uint64) ([]uint64, error) {
	waiting, err := m.Warehouse.UnresolvedEvents(ctx, events)
	m.move()
	return waiting, err
}

// fadingHouse does something each time it is asked for what was received.
type fadingHouse struct {
	Warehouse
	fade func()
}

func (f fadingHouse) ReceivedEvents(ctx context.Context, from, until time.Time, part, parts uint64, visit func(uint64)) error {
	f.fade()
	return f.Warehouse.ReceivedEvents(ctx, from, until, part, parts, visit)
}

func TestAnEventThatIsMovedMeanwhileIsNotMissing(t *testing.T) {
	w := newWorld(t)
	w.wait(now, 1)
	w.testify(w.accept(keys(1, 1)))
	r := w.audit(func(o *Options) { o.Warehouse = movingHouse{w.house, func() { w.insert(now, 1) }} })
	check(t, r, true, Row{Hour: hour, Source: "edge", Counts: Counts{Accepted: 1, Events: 1, InOpens: 1}})
}

func TestRecordsWithoutReceiptWait(t *testing.T) {
	w := newWorld(t)
	w.store(keys(1, 3))
	w.accept(keys(4, 8))
	w.accept(keys(9, 9), from(wal.LaneReplay, "edge"))
	w.accept(keys(4, 8), at(now.Add(-26*time.Hour))) // before there were receipts
	check(t, w.audit(), true, Row{Hour: hour, Source: "edge", Counts: Counts{Accepted: 9, Events: 3, InOpens: 3, Waiting: 6}})
	for lane, l := range w.logs { // also while glint is stopped
		if err := l.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(w.dir, lane, "LOCK")); err != nil {
			t.Fatal(err)
		}
	}
	check(t, w.audit(), true, Row{Hour: hour, Source: "edge", Counts: Counts{Accepted: 9, Events: 3, InOpens: 3, Waiting: 6}})
}

func TestALaterBatchMayBeDoneBeforeAnEarlierOne(t *testing.T) {
	w := newWorld(t)
	w.store(keys(1, 1))
	w.accept(keys(2, 2)) // on its way
	third := w.accept(keys(3, 3))
	w.insert(now, 3)
	w.testify(third)
	w.acknowledge(wal.LaneLive, 1)
	check(t, w.audit(), true, Row{Hour: hour, Source: "edge", Counts: Counts{Accepted: 3, Events: 2, InOpens: 2, Waiting: 1}})
}

func TestAnAcknowledgedRecordWithoutReceiptIsNotWaiting(t *testing.T) {
	w := newWorld(t)
	w.store(keys(1, 1))
	w.accept(keys(2, 4))
	w.accept(keys(5, 5))
	w.store(keys(6, 6)) // acknowledges what is before
	r := w.audit()
	check(t, r, false, Row{Hour: hour, Source: "edge", Counts: Counts{Accepted: 6, Events: 2, InOpens: 2, Missing: 4, Unexplained: 4}})
	if diff := cmp.Diff([]Records{{"", "live", "live-LOG", 2, 3}}, r.WithoutReceipt); diff != "" || len(r.Lost) > 0 {
		t.Errorf("%s, lost: %v", diff, r.Lost)
	}
}

func TestAReceiptThatDoesNotExplainALine(t *testing.T) {
	w := newWorld(t)
	w.insert(now, 1, 2)
	w.testify(w.accept(keys(1, 3)), func(r *receipts.Receipt) { r.Events = keys(1, 2) })
	check(t, w.audit(), false, Row{Hour: hour, Source: "edge", Counts: Counts{Accepted: 3, Events: 2, InOpens: 2, Missing: 1, Unexplained: 1}})
}

// damage flips a bit of the record in the middle of the live lane's only segment.
func (w *world) damageLog() {
	w.t.Helper()
	if err := w.logs[wal.LaneLive].Close(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	flip(w.t, filepath.Join(w.dir, wal.LaneLive, "*.seg"), func(size int) int { return size / 2 })
}

// flip flips a bit in the only file of that pattern.
func flip(t testing.TB, pattern string, where func(size int) int) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	data[where(len(data))] ^= 4
	if err := os.WriteFile(files[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestARecordThatIsNowhereIsNamed(t *testing.T) {
	for _, stored := range []bool{true, false} { // of the records around it
		w := newWorld(t)
		for i := range uint64(3) {
			a := w.accept(keys(10*i+1, 10*i+9))
			if stored && i != 1 {
				w.insert(now, a.events...)
				w.testify(a)
			}
		}
		w.damageLog()
		r := w.audit()
		if diff := cmp.Diff([]Records{{"", "live", "live-LOG", 2, 2}}, r.Lost); diff != "" || r.Accounted() || r.Total.Accepted != 18 {
			t.Errorf("%s, %+v", diff, r)
		}
	}
}

func TestADamagedReceiptIsTold(t *testing.T) {
	w := newWorld(t)
	w.store(keys(1, 3))
	w.store(keys(4, 6))
	w.store(keys(7, 9))
	flip(t, filepath.Join(w.receiptsDir(), "*.receipts"), func(size int) int { return size / 2 })
	r := w.audit()
	check(t, r, false, Row{Hour: hour, Source: "edge", Counts: Counts{Accepted: 9, Events: 6, InOpens: 6, Missing: 3, Unexplained: 3}})
	if r.ReceiptDamages != 1 {
		t.Errorf("%d damages", r.ReceiptDamages)
	}
}

func TestOnlyTheAskedTimeIsLookedAt(t *testing.T) {
	w := newWorld(t)
	for i := range uint64(6) { // at half past, and on the hour
		w.store(keys(10*i+1, 10*i+i+1), at(now.Add(-time.Duration(i)*30*time.Minute)))
	}
	r := w.audit(func(o *Options) { o.Since, o.Until = now.Add(-time.Hour), now })
	check(t, r, true,
		Row{Hour: hour.Add(-time.Hour), Source: "edge", Counts: Counts{Accepted: 3, Events: 3, InOpens: 3}},
		Row{Hour: hour, Source: "edge", Counts: Counts{Accepted: 2, Events: 2, InOpens: 2}},
	)
	if !r.Since.Equal(now.Add(-time.Hour)) {
		t.Errorf("since %v", r.Since)
	}
	if r := w.audit(func(o *Options) { o.Since = now.Add(-1000 * time.Hour) }); !r.Since.Equal(now.Add(-24 * time.Hour)) {
		t.Errorf("it pretends to know since %v", r.Since)
	}
}

func TestALogThatWasReplacedWaits(t *testing.T) {
	w := newWorld(t)
	w.accept(keys(1, 2))
	w.acknowledge(wal.LaneLive, 1000) // of the log before
	check(t, w.audit(), true, Row{Hour: hour, Source: "edge", Counts: Counts{Accepted: 2, Waiting: 2}})
}

func TestALaneWithoutFolder(t *testing.T) {
	w := newWorld(t)
	w.store(keys(1, 2))
	if err := w.logs[wal.LaneReplay].Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"replay", "batches/replay"} {
		if err := os.RemoveAll(filepath.Join(w.dir, dir)); err != nil {
			t.Fatal(err)
		}
	}
	check(t, w.audit(), true, Row{Hour: hour, Source: "edge", Counts: Counts{Accepted: 2, Events: 2, InOpens: 2}})
}

func TestWithoutReceiptsThereIsNoAudit(t *testing.T) {
	w := newWorld(t)
	_, err := Run(t.Context(), Options{Nodes: []Node{{LogDir: t.TempDir()}}, Warehouse: w.house})
	if !errors.Is(err, ErrNoReceipts) {
		t.Errorf("%v", err)
	}
}

func TestAnHourInManyPasses(t *testing.T) {
	w := newWorld(t)
	var events []uint64
	for i := range uint64(5000) {
		events = append(events, i*0x9e3779b97f4a7c15+1)
	}
	w.store(events)
	w.store(events[:1000], from(wal.LaneReplay, "edge"))
	w.remove(events[10])
	for _, most := range []int{0, 1000} {
		told := 0
		r := w.audit(func(o *Options) {
			o.maxKeys = most
			o.Progress = func(_ string, total int) func(int) {
				if total != 6000 {
					t.Errorf("%d events to compare", total)
				}
				return func(n int) { told += n }
			}
		})
		check(t, r, false, Row{Hour: hour, Source: "edge", Counts: Counts{Accepted: 6000, Events: 5000, Repeats: 1000, InOpens: 4999, Missing: 1}})
		if told != 6000 {
			t.Errorf("told of %d events", told)
		}
	}
}

func TestReceiptsThatGoMeanwhile(t *testing.T) {
	w := newWorld(t)
	old := now.Add(-20 * time.Hour)
	w.store(keys(1, 2), at(old))
	w.store(keys(3, 4))
	removed := 0
	house := fadingHouse{w.house, func() {
		if removed++; removed == 1 {
			_ = w.book.Close()
			w.reopenBook(old.Add(receipts.DefaultRetain + 2*time.Hour))
		}
	}}
	r := w.audit(func(o *Options) { o.Warehouse = house })
	check(t, r, true, Row{Hour: hour, Source: "edge", Counts: Counts{Accepted: 2, Events: 2, InOpens: 2}})
	if !r.Since.After(old) {
		t.Errorf("since %v", r.Since)
	}
}

func TestAnInterruptEndsAnAudit(t *testing.T) {
	w := newWorld(t)
	w.store(keys(1, 2))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Options{Nodes: []Node{{LogDir: w.dir}}, Warehouse: w.house}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestGapsBetweenNumbers(t *testing.T) {
	for _, c := range []struct {
		name        string
		seen        []uint64
		first, last uint64
		want        [][2]uint64
	}{
		{"none is looked at", []uint64{1, 5}, 0, 0, nil},
		{"no gap", []uint64{3, 1, 2, 2}, 1, 3, nil},
		{"two", []uint64{1, 3, 6}, 1, 6, [][2]uint64{{2, 2}, {4, 5}}},
		{"one before", []uint64{1, 5, 6}, 5, 6, nil},
		{"one behind", []uint64{1, 2, 9}, 1, 4, [][2]uint64{{3, 4}}},
		{"at the end", []uint64{1, 2}, 1, 4, [][2]uint64{{3, 4}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := numbers{seen: c.seen, first: c.first, last: c.last}
			var got [][2]uint64
			for _, g := range n.gaps("log") {
				got = append(got, [2]uint64{g.First, g.Last})
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// TestBadTokensAreNamed has a bad token that is kept, beside what receipts say.
func TestBadTokensAreNamed(t *testing.T) {
	w := newWorld(t)
	bad := warehouse.BadToken{Facts: warehouse.Facts{OpenedAt: time.Now(), EventID: 1, ReceivedAt: time.Now(), KeyID: 7}, Fault: "unknown_key"}
	if err := w.house.InsertBadTokens(t.Context(), "bad", []warehouse.BadToken{bad}); err != nil {
		t.Fatal(err)
	}
	r := w.audit()
	want := []warehouse.BadTokenCount{{Fault: "unknown_key", KeyID: new(uint8(7)), Requests: 1}}
	if diff := cmp.Diff(want, r.BadTokens); diff != "" {
		t.Error(diff)
	}
}
