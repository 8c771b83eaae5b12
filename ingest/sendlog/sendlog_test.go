package sendlog

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"glint/ingest/wal"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest/enginelib"
)

func openLog(t *testing.T, dir string, o wal.Options) *Log {
	t.Helper()
	o.Dir = dir
	w, err := wal.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close(t.Context()) }) // a test may have closed it
	l, err := Open(dir, w, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func randomPost(random *rand.Rand) Post {
	p := Post{Campaign: random.Uint64(), No: warehouse.Fate(random.IntN(6))}
	at := time.UnixMilli(1_700_000_000_000 + random.Int64N(1e12)).UTC()
	for range 1 + random.IntN(5) {
		m := warehouse.Posted{At: at, Counted: random.IntN(2) == 0}
		m.CampaignID, m.MessageID, m.Recipient = p.Campaign, uuid.New(), fmt.Sprintf("ä\"\n%d@example.com", random.IntN(100))
		m.Tracking, m.Test = warehouse.Tracking(random.IntN(5)), warehouse.Test(random.IntN(3))
		m.URLStyle, m.Stratum = []string{"token", "uuid", ""}[random.IntN(3)], []string{"", "all"}[random.IntN(2)]
		if random.IntN(2) == 0 {
			m.SentAt, m.DeliveredAt = time.Unix(random.Int64N(1<<31), 0).UTC(), time.Unix(random.Int64N(1<<31), 0).UTC()
			m.Attributes = map[string]string{"plan": "<pro>\x00"}
			m.Before = warehouse.Before{SentAt: m.SentAt, State: "bounced", Test: warehouse.TestYes, Attributes: m.Attributes}
		}
		p.Messages = append(p.Messages, m)
	}
	return p
}

// TestAcknowledgedPostsAreThereAfterAnEnd posts from many goroutines, says of some that
// they are inserted, ends without any order, and opens the log again.
func TestAcknowledgedPostsAreThereAfterAnEnd(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sends")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	want := map[uuid.UUID][]warehouse.Posted{}
	for round := range 5 {
		l := openLog(t, dir, wal.Options{})
		for _, p := range l.queue {
			<-p.durable
		}
		check(t, l, want)
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 8 {
			p := randomPost(random)
			all.Go(func() {
				if _, err := l.Append(t.Context(), p); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				for _, m := range p.Messages {
					want[m.MessageID] = append(want[m.MessageID], m)
				}
			})
		}
		if round%2 == 0 {
			all.Wait()
		}
		// Some are inserted while others are being appended: the oldest of the queue.
		l.mu.Lock()
		n := random.IntN(len(l.queue) + 1)
		some := append([]*post{}, l.queue[:n]...)
		l.mu.Unlock()
		for _, p := range some {
			<-p.durable
		}
		l.inserted(some)
		all.Wait()
		for _, p := range some {
			for _, m := range p.Messages {
				delete(want, m.MessageID)
			}
		}
		check(t, l, want)
		if err := l.wal.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		// Inserted posts may come again, other posts have to.
		again := openLog(t, dir, wal.Options{})
		for id := range again.waiting {
			if want[id] == nil {
				want[id] = again.Waiting([]uuid.UUID{id})
			}
		}
		check(t, again, want)
		if err := again.wal.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func check(t *testing.T, l *Log, want map[uuid.UUID][]warehouse.Posted) {
	t.Helper()
	got := map[uuid.UUID][]warehouse.Posted{}
	for id := range l.waiting {
		got[id] = l.Waiting([]uuid.UUID{id})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestAFullLogTakesNothing(t *testing.T) {
	l := openLog(t, filepath.Join(t.TempDir(), "sends"), wal.Options{MaxBytes: 2000})
	random := rand.New(rand.NewPCG(1, 1))
	taken := 0
	for {
		_, err := l.Append(t.Context(), randomPost(random))
		if errors.Is(err, wal.ErrQuota) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		taken++
	}
	if len(l.queue) != taken {
		t.Errorf("%d posts wait, %d were taken", len(l.queue), taken)
	}
	l.inserted(l.first())
	if err := l.wal.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	enginelib.Eventually(t, "room for a post, after the others were inserted", func() bool {
		_, err := l.Append(t.Context(), randomPost(random))
		if err != nil && !errors.Is(err, wal.ErrQuota) {
			t.Fatal(err)
		}
		return err == nil
	})
}
