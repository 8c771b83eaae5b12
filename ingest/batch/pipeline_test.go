package batch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"glint/ingest/deadletters"
	"glint/ingest/warehouse"
)

// strictHouse is a ClickHouse with a memory for names: a name that it knows
// changes nothing, whatever the rows are.
type strictHouse struct {
	mu    sync.Mutex
	names map[string]int
	rows  map[uint64]int // inserted how often, by event
	loses int            // that many inserts are noted by their name, and their rows lost
	fail  func(name string, opens []warehouse.Open) (before, after error)
}

func (h *strictHouse) InsertOpens(_ context.Context, name string, opens []warehouse.Open) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	before, after := error(nil), error(nil)
	if h.fail != nil {
		before, after = h.fail(name, opens)
	}
	if before != nil {
		return before
	}
	h.names[name]++
	if h.names[name] == 1 && h.loses > 0 {
		h.loses--
		return errors.New("killed between the name and the rows")
	}
	if h.names[name] == 1 {
		for i := range opens {
			h.rows[opens[i].EventID]++
		}
	}
	return after
}

func (h *strictHouse) InsertUnresolved(context.Context, string, []warehouse.Open) error { return nil }

func (h *strictHouse) InsertBadTokens(context.Context, string, []warehouse.BadToken) error {
	return errors.New("bad tokens were not expected")
}

func (h *strictHouse) InsertAggregateOpens(context.Context, string, []warehouse.AggregateOpen) error {
	return errors.New("aggregate opens were not expected")
}

func (*strictHouse) LastOpensOf(context.Context, []warehouse.MessageKey) (map[uuid.UUID]warehouse.LastOpenDate, error) {
	return nil, nil
}

func (*strictHouse) InsertLastOpens(context.Context, string, []warehouse.LastOpenDate) error {
	return nil
}

func (*strictHouse) AbsentAggregateOpens(context.Context, []warehouse.AggregateOpen) ([]warehouse.AggregateOpen, error) {
	return nil, nil
}

func (h *strictHouse) CampaignsOf(context.Context, []uuid.UUID) (map[uuid.UUID]uint64, error) {
	return nil, nil
}

func (h *strictHouse) AbsentOpens(_ context.Context, opens []warehouse.Open) (left []warehouse.Open, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range opens {
		if h.rows[opens[i].EventID] == 0 {
			left = append(left, opens[i])
		}
	}
	return left, nil
}

func (*strictHouse) AbsentUnresolved(context.Context, []warehouse.Open) ([]warehouse.Open, error) {
	return nil, nil
}

func (*strictHouse) Touched(context.Context, []uint64) error { return nil }

func (*strictHouse) AbsentBadTokens(context.Context, []warehouse.BadToken) ([]warehouse.BadToken, error) {
	return nil, nil
}

func (h *strictHouse) stored() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.rows)
}

func newHouse() *strictHouse { return &strictHouse{names: map[string]int{}, rows: map[uint64]int{}} }

// start runs a lane on log and house, with its files in dir, until stop.
func start(t *testing.T, dir string, log Source, house Warehouse, maxLines int) (stop func()) {
	t.Helper()
	letters, err := deadletters.Open(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	lane := &Pipeline{
		Lane: "live", Dir: dir, Source: log, MaxLines: maxLines, MaxBytes: 1 << 20, FlushInterval: 20 * time.Millisecond, Inserters: 2,
		Loader: &Loader{Ring: fixed(ring(t, 0)), Warehouse: house, DeadLetters: letters}, Logger: slog.New(slog.DiscardHandler),
	}
	return run(t, lane)
}

func run(t *testing.T, lane *Pipeline) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- lane.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the lane ended with %v", err)
		}
	}
}

func wait(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func fill(t *testing.T, log *fakeLog, records int) {
	t.Helper()
	for n := range records {
		log.append(t, openLine(t, byte(2*n+1), nil), openLine(t, byte(2*n+2), nil))
	}
}

func TestRecordsReachTheWarehouseAndAreReleased(t *testing.T) {
	log, house := newFakeLog(), newHouse()
	fill(t, log, 20)
	stop := start(t, t.TempDir(), log, house, 10)
	wait(t, "the release of all records", func() bool { return log.releasedBefore() == 21 })
	stop()
	if got := house.stored(); got != 40 {
		t.Errorf("%d rows are stored, want 40", got)
	}
	if got := len(house.names); got != 4 {
		t.Errorf("20 records of 2 lines came in %d inserts of at most 10 lines, want 4", got)
	}
}

// TestATrickleIsABatchPerPace appends a record every 100 ms for 21 s, by a simulated
// clock.
func TestATrickleIsABatchPerPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, record := newFakeLog(), 0
		began := time.Now()
		go func() {
			for range 210 {
				log.append(t, "x")
				time.Sleep(100 * time.Millisecond)
			}
		}()
		g := &gatherer{next: log.Read(1), maxLines: 1000, maxBytes: 1 << 20, flushInterval: func() time.Duration { return 2 * time.Second }}
		for batches := 0; record < 210; batches++ {
			bodies, err := g.gather(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			record += len(bodies)
			waited := time.Since(began) - time.Duration(batches)*2*time.Second
			if waited < 0 || waited > 300*time.Millisecond {
				t.Fatalf("batch %d came %v late", batches, waited)
			}
		}
		time.Sleep(time.Minute) // a quiet night
		log.append(t, "x")
		began = time.Now()
		if _, err := g.gather(t.Context()); err != nil || time.Since(began) != gatherAtLeast {
			t.Errorf("the first record after a pause waited %v, %v", time.Since(began), err)
		}
	})
}

func TestARecordLargerThanABatchIsABatchOfItsOwn(t *testing.T) {
	log, house := newFakeLog(), newHouse()
	var large []string
	for n := range 30 {
		large = append(large, openLine(t, byte(100+n), nil))
	}
	log.append(t, openLine(t, 1, nil))
	log.append(t, large...)
	log.append(t, openLine(t, 2, nil))
	stop := start(t, t.TempDir(), log, house, 10)
	wait(t, "the release of all records", func() bool { return log.releasedBefore() == 4 })
	stop()
	if got := house.stored(); got != 32 {
		t.Errorf("%d rows are stored, want 32", got)
	}
}

// TestLostAnswersAndRestartsStoreEveryRowOnce fails inserts before and after
// they take effect, and ends the lane again and again in the middle.
func TestLostAnswersAndRestartsStoreEveryRowOnce(t *testing.T) {
	dir, log, house := t.TempDir(), newFakeLog(), newHouse()
	tries := 0
	house.fail = func(string, []warehouse.Open) (before, after error) {
		switch tries++; tries % 3 {
		case 1:
			return errors.New("connection refused"), nil
		case 2:
			return nil, errors.New("the answer was lost")
		}
		return nil, nil
	}
	for round := range 10 {
		stop := start(t, dir, log, house, 6)
		log.append(t, openLine(t, byte(3*round+1), nil), openLine(t, byte(3*round+2), nil), openLine(t, byte(3*round+3), nil))
		time.Sleep(time.Duration(round%4) * 15 * time.Millisecond) // ends it at different points
		stop()
	}
	stop := start(t, dir, log, house, 6)
	wait(t, "the release of all records", func() bool { return log.releasedBefore() == 11 })
	stop()
	for event, times := range house.rows {
		if times != 1 {
			t.Errorf("event %d was stored %d times", event, times)
		}
	}
	if got := house.stored(); got != 30 {
		t.Errorf("%d rows are stored, want 30", got)
	}
}

func TestAfterARestartOfTheMachineAllIsInsertedAgainUnderTheSameNames(t *testing.T) {
	dir, log, house := t.TempDir(), newFakeLog(), newHouse()
	fill(t, log, 6)
	stop := start(t, dir, log, house, 4)
	wait(t, "the release of all records", func() bool { return log.releasedBefore() == 7 })
	stop()
	m := manifests{dir: dir}
	c, err := m.checkpoint()
	if err != nil || c.Acknowledged != 6 {
		t.Fatalf("checkpoint %+v, %v; want 6 records acknowledged", c, err)
	}
	c.BootID = "another run of the machine"
	if err := m.saveCheckpoint(c); err != nil {
		t.Fatal(err)
	}
	lost := newHouse() // the warehouse without the rows that it had not synced
	stop = start(t, dir, log, lost, 4)
	wait(t, "all rows again", func() bool { return lost.stored() == 12 })
	stop()
	if a, b := fmt.Sprint(house.names), fmt.Sprint(lost.names); a != b {
		t.Errorf("the names changed:\n%s\n%s", a, b)
	}
}

// TestRowsWhoseNameAloneSurvivedAreInsertedAgain kills a warehouse three times in a
// row between storing the name of an insert and its rows.
func TestRowsWhoseNameAloneSurvivedAreInsertedAgain(t *testing.T) {
	for _, restart := range []bool{false, true} {
		dir, log, house := t.TempDir(), newFakeLog(), newHouse()
		house.loses = 3
		fill(t, log, 2)
		stop := start(t, dir, log, house, 100)
		if restart {
			wait(t, "the first try", func() bool {
				house.mu.Lock()
				defer house.mu.Unlock()
				return house.loses < 3
			})
			stop()
			stop = start(t, dir, log, house, 100)
		}
		wait(t, "the release of all records", func() bool { return log.releasedBefore() == 3 })
		stop()
		for event, times := range house.rows {
			if times != 1 {
				t.Errorf("event %d was stored %d times", event, times)
			}
		}
		if got := house.stored(); got != 4 {
			t.Errorf("%d rows are stored, want 4 (restart: %v)", got, restart)
		}
	}
}

func TestABadRowCostsOneRow(t *testing.T) {
	log, house := newFakeLog(), newHouse()
	house.fail = func(_ string, opens []warehouse.Open) (before, after error) {
		for i := range opens {
			if opens[i].EventID == 5 {
				return fmt.Errorf("row %d: %w", i, warehouse.ErrRows), nil
			}
		}
		return nil, nil
	}
	fill(t, log, 6)
	stop := start(t, t.TempDir(), log, house, 100)
	wait(t, "the release of all records", func() bool { return log.releasedBefore() == 7 })
	stop()
	if got := house.stored(); got != 11 {
		t.Errorf("%d rows are stored, want all but one of 12", got)
	}
}

func TestRecordsLostInTheLogDoNotHoldUpTheOthers(t *testing.T) {
	dir, log, house := t.TempDir(), newFakeLog(), newHouse()
	fill(t, log, 4)
	house.fail = func(string, []warehouse.Open) (before, after error) { return errors.New("connection refused"), nil }
	stop := start(t, dir, log, house, 100)
	wait(t, "a decided batch", func() bool {
		all, _, err := (&manifests{dir: dir}).load()
		return err == nil && len(all) > 0
	})
	stop()
	log.bodies = append(log.bodies[:1], log.bodies[3]) // records 2 and 3 are in quarantine
	house.fail = nil
	stop = start(t, dir, log, house, 100)
	wait(t, "the release of all records", func() bool { return log.releasedBefore() == 5 })
	stop()
	if got := house.stored(); got != 4 {
		t.Errorf("%d rows are stored, want the 4 that are left", got)
	}
}

func TestAnotherLogInTheSamePlaceIsInsertedFromItsBeginning(t *testing.T) {
	dir, old, house := t.TempDir(), newFakeLog(), newHouse()
	fill(t, old, 5)
	stop := start(t, dir, old, house, 4)
	wait(t, "the release of all records", func() bool { return old.releasedBefore() == 6 })
	stop()
	fresh := newFakeLog()
	fresh.append(t, openLine(t, 101, nil))
	fresh.append(t, openLine(t, 102, nil))
	stop = start(t, dir, fresh, house, 1) // the first names would be the old log's
	wait(t, "the release of all records", func() bool { return fresh.releasedBefore() == 3 })
	stop()
	if got := house.stored(); got != 12 {
		t.Errorf("%d rows are stored, want 10 of the old log and 2 of the new one", got)
	}
}

// TestAMessageRegisteredBetweenTwoTriesIsNotLost lets the first try take effect
// without its answer, and registers the message before the second one.
func TestAMessageRegisteredBetweenTwoTriesIsNotLost(t *testing.T) {
	w := newWorld(t)
	bodies := []Body{{Record: 1, ReceivedAt: now, Source: "default", Lines: []byte(openLine(t, 1, nil) + "\n" + plainLine(t, 2, plain.String()))}}
	lost := errors.New("the answer was lost")
	w.house.insertErr = lost
	if _, err := w.Load(t.Context(), "name", bodies); !errors.Is(err, lost) {
		t.Fatalf("got %v, want %v", err, lost)
	}
	w.house.registered[plain] = 42
	w.house.insertErr = nil
	if _, err := w.Load(t.Context(), "name", bodies); err != nil {
		t.Fatal(err)
	}
	if len(w.house.unresolved) != 1 {
		t.Error("the open waits nowhere, though its insert may be dropped as a repeat")
	}
}

// TestALogThatWasReplacedBeforeAnythingWasAcknowledged keeps the manifests of the
// old log's batches away from the new log's records.
func TestALogThatWasReplacedBeforeAnythingWasAcknowledged(t *testing.T) {
	dir, old, house := t.TempDir(), newFakeLog(), newHouse()
	house.fail = func(string, []warehouse.Open) (before, after error) { return nil, errors.New("the answer was lost") }
	fill(t, old, 3)
	stop := start(t, dir, old, house, 100)
	wait(t, "the insert whose answer is lost", func() bool { return house.stored() == 6 })
	stop()
	house.fail = nil
	fresh := newFakeLog()
	fresh.append(t, openLine(t, 101, nil))
	stop = start(t, dir, fresh, house, 100)
	wait(t, "the release of the new record", func() bool { return fresh.releasedBefore() == 2 })
	stop()
	if got := house.stored(); got != 7 {
		t.Errorf("%d rows are stored, want 6 of the old log and 1 of the new one", got)
	}
}

// TestHalvesThatShiftBetweenTwoTriesLoseNothing has one row refused, one half
// failing, and a message registered before the second try.
func TestHalvesThatShiftBetweenTwoTriesLoseNothing(t *testing.T) {
	letters, err := deadletters.Open(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	house := &registeringHouse{strictHouse: newHouse(), registered: map[uuid.UUID]uint64{}}
	down := true
	house.fail = func(_ string, opens []warehouse.Open) (before, after error) {
		for i := range opens {
			if opens[i].EventID == 4 {
				return warehouse.ErrRows, nil
			}
		}
		if down && opens[0].EventID == 3 {
			return errors.New("connection refused"), nil
		}
		return nil, nil
	}
	l := &Loader{Ring: fixed(ring(t, 0)), Warehouse: house, DeadLetters: letters}
	bodies := []Body{{Record: 1, ReceivedAt: now, Source: "default", Lines: []byte(strings.Join([]string{
		openLine(t, 1, nil), openLine(t, 2, nil), openLine(t, 3, nil), openLine(t, 4, nil),
		plainLine(t, 5, plain.String()), plainLine(t, 6, plain.String()),
	}, "\n"))}}
	if _, err := l.Load(t.Context(), "name", bodies); err == nil {
		t.Fatal("the first try succeeded")
	}
	down = false
	house.registered[plain] = 42
	if _, err := l.Load(t.Context(), "name", bodies); err != nil {
		t.Fatal(err)
	}
	if got := house.stored(); got != 5 {
		t.Errorf("%d rows are stored, want all but the refused one of 6: %v", got, house.rows)
	}
}
