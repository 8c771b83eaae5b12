package feed

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest/enginelib"
)

func TestEachMessageOnceAcrossOrderlyRestarts(t *testing.T) {
	w, h, dir := store(t), newHook(t, nil), t.TempDir()
	insert(t, w, 1, 0, 3) // before the feed begins: not sent
	f, stop := h.start(t, w, dir, nil)
	insert(t, w, 1, 3, 1203) // more than two pages
	insert(t, w, 2, 1203, 1210)
	eventually(t, "all posts", func() bool { n, _ := h.count(); return n == 1207 })
	answered(f)
	stop()
	insert(t, w, 1, 1210, 1213) // while it is down
	insert(t, w, 1, 5, 7)       // lines that come again
	f, stop = h.start(t, w, dir, nil)
	eventually(t, "the posts of the time between", func() bool { n, _ := h.count(); return n == 1210 })
	answered(f)
	stop()
	if n, posts := h.count(); posts != n {
		t.Errorf("%d posts of %d messages", posts, n)
	}
	h.check(t)
}

// answered waits until the feed has the answers of its current posts. Otherwise its end
// interrupts them, and they are posted again.
func answered(f *Feed) {
	f.turning.Lock()
	f.turning.Unlock() //nolint:staticcheck // nothing is done under it: to get it is what is awaited
}

func TestAFailingEventHoldsUpNoOther(t *testing.T) {
	w, dir := store(t), t.TempDir()
	poison := message(10).String()
	h := newHook(t, func(m *Message, w http.ResponseWriter) bool {
		if m.MessageID == poison {
			w.WriteHeader(http.StatusInternalServerError)
		}
		return m.MessageID != poison
	})
	f, stop := h.start(t, w, dir, nil)
	insert(t, w, 1, 0, 50)
	eventually(t, "the others", func() bool { n, _ := h.count(); return n == 49 && f.Status().PendingEvents == 1 })
	stop()
	h.acceptAll()
	_, stop = h.start(t, w, dir, nil)
	eventually(t, "the one that had failed", func() bool { n, _ := h.count(); return n == 50 })
	stop()
	h.check(t)
}

// TestWhatWasErasedMeanwhileIsNotPosted lets events wait for the target, and takes one
// from the warehouse, as an erasure and a withdrawal do.
func TestWhatWasErasedMeanwhileIsNotPosted(t *testing.T) {
	w, dir := store(t), t.TempDir()
	h := newHook(t, func(_ *Message, w http.ResponseWriter) bool {
		w.WriteHeader(http.StatusInternalServerError)
		return false
	})
	f, stop := h.start(t, w, dir, nil)
	insert(t, w, 1, 0, 3)
	eventually(t, "all to wait", func() bool { return f.Status().PendingEvents == 3 })
	stop()
	db := w.DB()
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), "ALTER TABLE opens DELETE WHERE message_id = '"+message(1).String()+"' SETTINGS mutations_sync = 1"); err != nil {
		t.Fatal(err)
	}
	h.acceptAll()
	f, stop = h.start(t, w, dir, nil)
	eventually(t, "nothing to wait", func() bool { return f.Status().PendingEvents == 0 })
	stop()
	if n, _ := h.count(); n != 2 || h.accepted[message(1).String()] != 0 {
		t.Errorf("accepted %v, want the two events that are left", h.accepted)
	}
	state, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil || strings.Contains(string(state), message(1).String()) {
		t.Errorf("the state still names the message, %v", err)
	}
	h.check(t)
}

func TestATargetThatIsDownGetsAllLater(t *testing.T) {
	w, dir := store(t), t.TempDir()
	var tries atomic.Int64
	h := newHook(t, func(_ *Message, w http.ResponseWriter) bool {
		tries.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
		return false
	})
	f, _ := h.start(t, w, dir, nil)
	insert(t, w, 1, 0, 2500)
	eventually(t, "it is left alone", func() bool { return f.Status().State == StateDown })
	if n := tries.Load(); n > 2*downAfter {
		t.Errorf("%d tries of a target that is down", n)
	}
	if s := f.Status(); s.LastFault == "" || s.Host != "127.0.0.1" {
		t.Errorf("status %+v", s)
	}
	h.acceptAll()
	eventually(t, "all posts", func() bool { n, _ := h.count(); return n == 2500 && f.Status().State == StateDelivering })
	h.check(t)
}

func TestGoneStopsTheFeedAndKeepsItsEvents(t *testing.T) {
	w, dir := store(t), t.TempDir()
	h := newHook(t, func(_ *Message, w http.ResponseWriter) bool { w.WriteHeader(http.StatusGone); return false })
	f, stop := h.start(t, w, dir, nil)
	insert(t, w, 1, 0, 30)
	eventually(t, "the end", func() bool { return f.Status().State == StateStopped })
	stop()
	h.acceptAll()
	_, stop = h.start(t, w, dir, nil)
	eventually(t, "all posts after a start", func() bool { n, _ := h.count(); return n == 30 })
	stop()
	h.check(t)
}

func TestWhatIsTooOldIsGivenUpIntoAFile(t *testing.T) {
	w, dir := store(t), t.TempDir()
	h := newHook(t, func(_ *Message, w http.ResponseWriter) bool { w.WriteHeader(http.StatusTeapot); return false })
	var ahead atomic.Int64 // of the clock
	f, _ := h.start(t, w, dir, func(f *Feed) {
		f.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	insert(t, w, 1, 0, 4)
	eventually(t, "the events are pending", func() bool { return f.Status().PendingEvents == 4 })
	ahead.Store(int64(2 * f.config.GiveUp))
	eventually(t, "they are given up", func() bool { return f.Status().PendingEvents == 0 })
	file, err := os.Open(filepath.Join(dir, letterFile))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	lines := 0
	for s := bufio.NewScanner(file); s.Scan(); lines++ {
		if !strings.Contains(s.Text(), `"attempts":`) || !strings.Contains(s.Text(), "418") {
			t.Errorf("letter %s", s.Text())
		}
	}
	if info, err := file.Stat(); err != nil || info.Mode().Perm() != 0o600 || lines != 4 {
		t.Errorf("%d letters, mode %v, %v", lines, info.Mode(), err)
	}
}

// TestASlowTargetIsNotWaitedForAtTheEnd also checks that interrupted posts are repeated.
func TestASlowTargetIsNotWaitedForAtTheEnd(t *testing.T) {
	w, dir := store(t), t.TempDir()
	var under atomic.Int64
	release := make(chan struct{})
	h := newHook(t, func(*Message, http.ResponseWriter) bool { under.Add(1); <-release; return true })
	_, stop := h.start(t, w, dir, func(f *Feed) { f.target.client.Timeout = time.Hour })
	insert(t, w, 1, 0, 40)
	eventually(t, "some posts are under way", func() bool { return under.Load() == senders })
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(enginelib.Patience):
		t.Error("the end waits for the target")
	}
	close(release)
	<-ended
	_, stop = h.start(t, w, dir, nil)
	eventually(t, "all posts", func() bool { n, _ := h.count(); return n == 40 })
	stop()
	h.check(t)
}

// cutOff is a warehouse of which arrivals are lost, as by a server that was killed between
// an insert's rows and its arrival.
type cutOff struct {
	Warehouse
	faults atomic.Int64
}

func (c *cutOff) ArrivalsSince(ctx context.Context, since time.Time, limit int) ([]warehouse.Arrival, time.Time, error) {
	_, now, err := c.Warehouse.ArrivalsSince(ctx, since, limit)
	if c.faults.Add(-1) >= 0 {
		err = errors.New("the warehouse is away")
	}
	return nil, now, err
}

func TestEventsWithoutAnArrivalAreFoundAfterAFault(t *testing.T) {
	w, h, dir := store(t), newHook(t, nil), t.TempDir()
	c := &cutOff{Warehouse: w}
	h.start(t, c, dir, nil)
	insert(t, w, 1, 0, 5)
	c.faults.Store(1)
	eventually(t, "all posts", func() bool { n, _ := h.count(); return n == 5 })
	h.check(t)
}

// TestAKillLosesNothing starts from each state that was ever on disk, as a kill leaves it.
func TestAKillLosesNothing(t *testing.T) {
	w, h, dir := store(t), newHook(t, nil), t.TempDir()
	var states [][]byte
	_, stop := h.start(t, w, dir, nil)
	for n := range 8 {
		insert(t, w, 1, n*300, n*300+300)
		eventually(t, "the posts", func() bool { got, _ := h.count(); return got >= n*300+150 })
		text, err := os.ReadFile(filepath.Join(dir, stateFile))
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, text)
	}
	stop()
	for i, text := range states {
		again, dir := newHook(t, nil), t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, stateFile), text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, stop := again.start(t, w, dir, nil)
		// At least this number were not sent after this state.
		want := 2400 - (i+1)*300
		eventually(t, "what came after the kill", func() bool {
			got, _ := again.count()
			return got >= want && again.has(message(2399)) && again.hasAll(i*300+300, 2400)
		})
		stop()
		again.check(t)
	}
}

func (h *hook) has(id interface{ String() string }) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.accepted[id.String()] > 0
}

func (h *hook) hasAll(first, last int) bool {
	for n := first; n < last; n++ {
		if !h.has(message(n)) {
			return false
		}
	}
	return true
}
