package logstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sink is a Send that remembers; each body waits for hold if there is one.
type sink struct {
	mu     sync.Mutex
	bodies []string
	hold   chan struct{}
	err    error
}

func (s *sink) send(ctx context.Context, body []byte) error {
	if s.hold != nil {
		select {
		case <-s.hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, string(body))
	return s.err
}

func (s *sink) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.bodies...)
}

func add(b *Batcher, lines ...string) {
	for _, line := range lines {
		b.Add([]byte(line))
	}
}

func expect(t *testing.T, s *sink, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.got()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestLinesWaitForThePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		b := New(Config{Period: 5 * time.Second}, s.send)
		add(b, "1", "2")
		time.Sleep(4999 * time.Millisecond)
		synctest.Wait()
		expect(t, s)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		expect(t, s, "1\n2\n")
		add(b, "3")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		expect(t, s, "1\n2\n", "3\n")
		b.Close(t.Context())
	})
}

func TestAFullBodyDoesNotWait(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
	}{
		{"by lines", Config{Period: time.Hour, MaxLines: 3}},
		{"by bytes", Config{Period: time.Hour, MaxBytes: len("line 1\n") * 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &sink{hold: make(chan struct{})}
				b := New(c.cfg, s.send)
				add(b, "line 1", "line 2", "line 3", "line 4", "line 5", "line 6", "line 7")
				close(s.hold)
				synctest.Wait()
				expect(t, s, "line 1\nline 2\nline 3\n", "line 4\nline 5\nline 6\n", "line 7\n")
				b.Close(t.Context())
			})
		})
	}
}

func TestALineLongerThanABodyGoesAlone(t *testing.T) {
	s := &sink{}
	b := New(Config{Period: time.Hour, MaxBytes: 8}, s.send)
	long := strings.Repeat("x", 100)
	add(b, "a", long, "b")
	b.Close(t.Context())
	expect(t, s, "a\n", long+"\n", "b\n")
}

func TestTheCallersBufferIsCopied(t *testing.T) {
	s := &sink{}
	b := New(Config{Period: time.Hour}, s.send)
	line := []byte("kept")
	b.Add(line)
	copy(line, "gone")
	b.Close(t.Context())
	expect(t, s, "kept\n")
}

func TestWhatDoesNotFitIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{hold: make(chan struct{})}
		b := New(Config{Period: time.Second, MaxPendingBytes: 10}, s.send)
		add(b, "1234")
		time.Sleep(time.Second) // on its way, and still counted
		synctest.Wait()
		add(b, "6789", "x", "")
		if b.PendingBytes() != 10 || b.Dropped() != 2 {
			t.Errorf("%d bytes wait, %d lines dropped", b.PendingBytes(), b.Dropped())
		}
		close(s.hold)
		time.Sleep(time.Second)
		synctest.Wait()
		add(b, "again")
		b.Close(t.Context())
		expect(t, s, "1234\n", "6789\n", "again\n")
		if b.Sent() != 3 || b.Dropped() != 2 || b.PendingBytes() != 0 {
			t.Errorf("sent %d, dropped %d, %d bytes wait", b.Sent(), b.Dropped(), b.PendingBytes())
		}
	})
}

func TestOrderIsKeptAndNoLineIsLost(t *testing.T) {
	s := &sink{}
	b := New(Config{Period: time.Microsecond, MaxLines: 7, MaxBytes: 50}, s.send)
	const writers, each = 4, 2000
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				b.Add(fmt.Appendf(nil, "%d %d", w, i))
			}
		})
	}
	wg.Wait()
	b.Close(t.Context())
	next := make([]int, writers)
	for line := range strings.Lines(strings.Join(s.got(), "")) {
		var w, i int
		if _, err := fmt.Sscanf(line, "%d %d", &w, &i); err != nil || i != next[w] {
			t.Fatalf("line %q, want number %d: %v", line, next[w], err)
		}
		next[w]++
	}
	if b.Sent() != writers*each {
		t.Errorf("sent %d of %d", b.Sent(), writers*each)
	}
	for _, body := range s.got() {
		if len(body) > 50 || strings.Count(body, "\n") > 7 {
			t.Errorf("a body of %d bytes and %d lines", len(body), strings.Count(body, "\n"))
		}
	}
}

func TestABodyThatIsRefusedForGoodIsCounted(t *testing.T) {
	s := &sink{err: errors.New("no")}
	b := New(Config{Period: time.Hour}, s.send)
	add(b, "1", "2", "3")
	b.Close(t.Context())
	if b.Sent() != 0 || b.Dropped() != 3 {
		t.Errorf("sent %d, dropped %d", b.Sent(), b.Dropped())
	}
}

func TestCloseGivesUpWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{hold: make(chan struct{})}
		b := New(Config{Period: time.Second, MaxLines: 1}, s.send)
		add(b, "1", "2")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		b.Close(ctx)
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("gave up after %v", took)
		}
		if b.Sent() != 0 || b.Dropped() != 2 {
			t.Errorf("sent %d, dropped %d", b.Sent(), b.Dropped())
		}
		expect(t, s)
	})
}

func TestALineAfterTheEndIsCounted(t *testing.T) {
	s := &sink{}
	b := New(Config{}, s.send)
	b.Close(t.Context())
	add(b, "late")
	b.Close(t.Context())
	if b.Dropped() != 1 || b.PendingBytes() != 0 {
		t.Errorf("dropped %d, %d bytes wait", b.Dropped(), b.PendingBytes())
	}
	expect(t, s)
}
