package wal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"glint/ingest/host/disk/disksim"
)

const historyWriters = 3

// history is a scripted life of a log: three writers, sealing, releasing,
// deleting, closing and reopening. It ends at the power cut.
type history struct {
	mu       sync.Mutex
	acked    [historyWriters]int // number of acknowledged records by writer
	released int                 // records before this number may be deleted
}

func (h *history) options(fs *disksim.FS) Options {
	o := testOptions(fs)
	o.SegmentBytes, o.MaxBytes = 2500, 1<<20
	return o
}

// run returns nil if it reaches its end.
func (h *history) run(fs *disksim.FS, seed uint64) error {
	for life := range 2 {
		l, err := Open(h.options(fs))
		if err != nil {
			return err
		}
		err = h.live(l, rand.New(rand.NewPCG(seed, uint64(life))))
		if closed := l.Close(context.Background()); err == nil {
			err = closed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (h *history) live(l *Log, r *rand.Rand) error {
	for range 6 {
		sizes := [historyWriters]int{r.IntN(600), r.IntN(60), r.IntN(3000)}
		counts := [historyWriters]int{1 + r.IntN(3), 1 + r.IntN(3), 1}
		var writers sync.WaitGroup
		var errs [historyWriters]error
		for w := range historyWriters {
			writers.Go(func() { errs[w] = h.write(l, w, counts[w], sizes[w]) })
		}
		writers.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			return err
		}
		if r.IntN(3) == 0 {
			if err := l.Seal(context.Background()); err != nil {
				return err
			}
		}
		if r.IntN(3) == 0 {
			next := l.Stats().AppendedRecords
			l.Release(Position{Record: next / 2})
			h.mu.Lock()
			h.released = max(h.released, int(next/2))
			h.mu.Unlock()
			l.tidy(received)
		}
	}
	return nil
}

func (h *history) write(l *Log, writer, n, size int) error {
	for range n {
		h.mu.Lock()
		id := h.acked[writer] + 1
		h.mu.Unlock()
		body := fmt.Sprintf("%d %d %s", writer, id, strings.Repeat("~", size))
		if _, err := l.Append(context.Background(), record(body)); err != nil {
			return err
		}
		h.mu.Lock()
		h.acked[writer] = id
		h.mu.Unlock()
	}
	return nil
}

func TestPowerCutAtEveryStepLosesNothingAcknowledged(t *testing.T) {
	cuts, damages := 0, 0
	for seed := range uint64(15) {
		whole := disksim.New()
		if err := new(history).run(whole, seed); err != nil {
			t.Fatal(err)
		}
		for cut := 1; cut <= whole.Steps(); cut++ {
			r := rand.New(rand.NewPCG(seed, uint64(cut)))
			fs, h := disksim.New(), &history{}
			fs.CutAt(cut)
			if err := h.run(fs, seed); err == nil {
				continue // this run took fewer steps
			}
			cuts++
			fs = fs.Reboot(r)
			fs.CutAt(1 + r.IntN(12)) // a second cut while the log is opened
			if l, err := Open(h.options(fs)); err == nil {
				_ = l.Close(context.Background())
			} else if !errors.Is(err, disksim.ErrPowerCut) {
				t.Fatalf("seed %d, cut %d: open: %v", seed, cut, err)
			}
			damages += h.check(t, fmt.Sprintf("seed %d, cut %d", seed, cut), fs.Reboot(r))
		}
	}
	if cuts < 500 {
		t.Errorf("the power was cut %d times only", cuts)
	}
	t.Logf("%d power cuts; %d ends of logs in pieces", cuts, damages)
}

// check opens the log after a cut. Every writer's acknowledged records must be
// there, and at most the one that was being written.
func (h *history) check(t *testing.T, what string, fs *disksim.FS) (damages int) {
	t.Helper()
	l, err := Open(h.options(fs))
	if err != nil {
		t.Fatalf("%s: open: %v", what, err)
	}
	for _, d := range l.Recovery().Damages {
		if d.Acknowledged {
			t.Fatalf("%s: taken for damage of acknowledged bytes: %+v", what, d)
		}
	}
	var next [historyWriters]int
	for _, body := range readAll(t, l) {
		var w, id int
		if _, err := fmt.Sscanf(body, "%d %d", &w, &id); err != nil {
			t.Fatalf("%s: read %.30q", what, body)
		}
		if next[w] > 0 && id != next[w] {
			t.Fatalf("%s: writer %d: record %d, want %d", what, w, id, next[w])
		}
		if next[w] == 0 && id > 1+h.released {
			t.Fatalf("%s: writer %d begins with record %d, %d are released", what, w, id, h.released)
		}
		next[w] = id + 1
	}
	for w, acked := range h.acked {
		if n := next[w] - 1; next[w] > 0 && n != acked && n != acked+1 || next[w] == 0 && acked > h.released {
			t.Fatalf("%s: writer %d: the last record is %d, acknowledged were %d", what, w, n, acked)
		}
	}
	if s := l.Stats(); s.Damages != uint64(len(l.Recovery().Damages)) {
		t.Fatalf("%s: %d damages found in reading", what, s.Damages)
	}
	mustClose(t, l)
	if r := inspect(t, fs); len(r.Damages) > 0 || r.TornBytes > 0 {
		t.Fatalf("%s: after opening and closing: %+v", what, r)
	}
	return len(l.Recovery().Damages)
}
