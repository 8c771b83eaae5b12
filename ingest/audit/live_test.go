package audit

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/archive"
	"glint/ingest/wal"
)

func TestWhatTheLiveStreamLost(t *testing.T) {
	w := newWorld(t)
	key := token.Key{ID: 1, State: token.Signing, Secret: [32]byte{1}}
	ring, err := token.NewRing(key)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := ring.Sign(token.Token{Campaign: 1, IssuedAt: 1_700_000_000})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	add := func(lines ...string) { text.WriteString(strings.Join(lines, "\n") + "\n") }
	for k := uint64(1); k <= 100; k++ {
		add(line(k, now, nil))
	}
	add(line(1, now, nil), line(100, now, nil)) // twice
	w.store(keys(1, 90))
	w.store(keys(1, 100), from(wal.LaneReplay, "edge")) // a replay does not hide the loss
	w.accept(keys(91, 95))                              // waits
	w.accept(keys(96, 96), from(wal.LaneReplay, "edge"))

	withToken := func(text string) func(*event.Event) {
		return func(e *event.Event) { e.Kind, e.Token = event.KindToken, text }
	}
	add(line(101, now, withToken(signed)))                                         // lost, too
	add(line(102, now, withToken(signed[:10])), line(103, now, withToken("none"))) // no receipt would have it
	add("{", line(0, now, func(e *event.Event) { e.ID = event.ID{} }))
	add(line(104, now.Add(-25*time.Hour), nil), line(105, now.Add(time.Hour), nil)) // other times

	file := filepath.Join(t.TempDir(), "archive.ndjson")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	r := w.audit(func(o *Options) { o.Archive, o.Ring = []archive.File{{Path: file}}, ring })
	want := &LiveStream{
		Since: now.Add(-24 * time.Hour), Until: now.Add(time.Hour - Transit), Archived: 101, NeverArrived: 6,
		Rate: new(6.0 / 101), Low: r.Live.Low, High: r.Live.High, OtherTime: 2, NotComparable: 4,
	}
	if diff := cmp.Diff(want, r.Live); diff != "" {
		t.Error(diff)
	}
	if low, high := wilson(6, 101); *r.Live.Low != low || *r.Live.High != high {
		t.Errorf("interval %v … %v", *r.Live.Low, *r.Live.High)
	}
	if !r.Accounted() {
		t.Error("what never arrived was never accepted")
	}
}

func TestAnArchiveOfNothing(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := w.audit(func(o *Options) { o.Archive = []archive.File{{Path: file}} })
	if l := r.Live; l.Archived != 0 || l.Rate != nil || l.Low != nil || l.High != nil {
		t.Errorf("%+v", l)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"until":null`, `"rows":[]`, `"lost_records":[]`, `"records_without_receipt":[]`, `"bad_tokens_kept":[]`, `"loss_rate":null`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

func TestADamagedArchiveIsNoArchive(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "archive")
	if err := os.WriteFile(file, []byte("\x1f\x8b\x08 no gzip"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Run(t.Context(), Options{Nodes: []Node{{LogDir: w.dir}}, Warehouse: w.house, Archive: []archive.File{{Path: file}}})
	if !errors.Is(err, archive.ErrDamaged) || !strings.Contains(err.Error(), file) {
		t.Errorf("%v", err)
	}
}

func TestWilson(t *testing.T) {
	// The bounds of Wilson's formula, computed by another program in double precision.
	for _, c := range []struct {
		k, n      uint64
		low, high float64
	}{
		{0, 10, 0, 0.2775327998628892},
		{5, 10, 0.236593090512564, 0.763406909487436},
		{10, 10, 0.7224672001371106, 1},
		{12, 1_000_000, 6.8647726157685394e-06, 2.097657925351887e-05},
	} {
		low, high := wilson(c.k, c.n)
		if math.Abs(low-c.low) > 1e-6*c.low || math.Abs(high-c.high) > 1e-6*c.high {
			t.Errorf("%d of %d: %v … %v", c.k, c.n, low, high)
		}
	}
}

func TestKeySetMarksEachOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 9, 1000, 100_000} {
		var all []uint64
		want := map[uint64]bool{}
		for i := range n {
			key := random.Uint64()
			if i%3 == 0 {
				key = uint64(i) // many share their top bits
			}
			all = append(all, key, key)
			want[key] = true
		}
		s := newKeySet(append([]uint64(nil), all...))
		if s.left != len(want) {
			t.Fatalf("%d keys, want %d", s.left, len(want))
		}
		for range 1000 {
			if key := random.Uint64(); !want[key] {
				s.mark(key)
			}
		}
		s.mark(math.MaxUint64)
		if s.left != len(want) {
			t.Errorf("of %d: strangers were marked", n)
		}
		for _, key := range all {
			s.mark(key)
		}
		if s.left != 0 {
			t.Errorf("of %d: %d are left", n, s.left)
		}
	}
}
