package audit

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/edge/token"
	"glint/ingest/archive"
	"glint/ingest/wal"
)

// both makes an audit that of two worlds, which have one warehouse.
func both(a, b *world) func(*Options) {
	return func(o *Options) { o.Nodes = []Node{{"a", a.dir}, {"b", b.dir}} }
}

func TestNodesAreAccountedForTogether(t *testing.T) {
	a, b := newWorld(t), newWorld(t)
	a.store(keys(1, 5))
	b.store(keys(4, 9)) // two of them came to both
	b.store(keys(20, 29), from(wal.LaneReplay, "import"), at(now.Add(-2*time.Hour)))
	a.accept(keys(30, 32))
	earlier := Row{Hour: hour.Add(-2 * time.Hour), Source: "import", Node: "b", Counts: Counts{Accepted: 10, Events: 10, InOpens: 10}}
	ofA := Row{Hour: hour, Source: "edge", Node: "a", Counts: Counts{Accepted: 8, Events: 5, InOpens: 5, Waiting: 3}}
	ofB := Row{Hour: hour, Source: "edge", Node: "b", Counts: Counts{Accepted: 6, Events: 6, InOpens: 6}}
	check(t, a.audit(both(a, b)), true, earlier, ofA, ofB)

	// Each node's loss is named with it, and one is enough.
	b.remove(9)
	ofB.InOpens, ofB.Missing = 5, 1
	check(t, a.audit(both(a, b)), false, earlier, ofA, ofB)
	for _, w := range []*world{a, b} {
		w.acknowledge(wal.LaneLive, w.acked[wal.LaneLive]+1)
	}
	r := a.audit(both(a, b))
	if diff := cmp.Diff([]Records{{"a", "live", "live-LOG", 2, 2}}, r.WithoutReceipt); diff != "" {
		t.Error(diff)
	}
}

// TestSinceOfNodes: the rows of a node go as far back as its own receipts, and only what
// lies after the begin of both says what the live stream lost.
func TestSinceOfNodes(t *testing.T) {
	a, b := newWorld(t), newWorld(t)
	begun := now.Add(-3 * time.Hour)
	if err := errors.Join(b.book.Close(), os.RemoveAll(b.receiptsDir())); err != nil {
		t.Fatal(err)
	}
	b.reopenBook(begun)
	old := now.Add(-6 * time.Hour)
	a.store(keys(1, 4), at(old))
	b.store(keys(11, 12))
	file := filepath.Join(t.TempDir(), "archive")
	text := line(1, old, nil) + "\n" + line(11, now, nil) + "\n" + line(13, now, nil) + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := a.audit(both(a, b), func(o *Options) { o.Archive = []archive.File{{Path: file}} })
	want := []NodeSpan{{"a", now.Add(-24 * time.Hour)}, {"b", begun}}
	if diff := cmp.Diff(want, r.Nodes); diff != "" || !r.Since.Equal(want[0].Since) {
		t.Errorf("since %v: %s", r.Since, diff)
	}
	if len(r.Rows) != 2 || r.Total.InOpens != 6 {
		t.Errorf("%+v", r.Rows)
	}
	if l := r.Live; !l.Since.Equal(begun) || l.Archived != 2 || l.NeverArrived != 1 || l.OtherTime != 1 {
		t.Errorf("%+v", l)
	}
	late := now.Add(-time.Minute)
	r = a.audit(both(a, b), func(o *Options) { o.Since = late })
	if !r.Since.Equal(late) || len(r.Rows) != 1 {
		t.Errorf("%+v", r)
	}
}

// TestTheStreamMayComeToAnyNode: a line that any of the nodes has, as a receipt or in its
// log, was not lost on its way, however the lines are spread.
func TestTheStreamMayComeToAnyNode(t *testing.T) {
	worlds := []*world{newWorld(t), newWorld(t), newWorld(t)}
	var text strings.Builder
	for k := uint64(1); k <= 40; k++ {
		text.WriteString(line(k, now, nil) + "\n")
	}
	file := filepath.Join(t.TempDir(), "archive")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	worlds[0].store(keys(1, 10))
	worlds[1].store(keys(8, 20))
	worlds[2].accept(keys(21, 36)) // waits
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}} {
		var nodes []Node
		for _, i := range order {
			nodes = append(nodes, Node{string(rune('a' + i)), worlds[i].dir})
		}
		r := worlds[0].audit(func(o *Options) { o.Nodes, o.Archive, o.Ring = nodes, []archive.File{{Path: file}}, &token.Ring{} })
		if r.Live.Archived != 40 || r.Live.NeverArrived != 4 {
			t.Errorf("%v: %+v", order, r.Live)
		}
		if got := slices.IsSortedFunc(r.Rows, func(x, y Row) int { return x.Hour.Compare(y.Hour) }); !got {
			t.Errorf("%v: the rows are not in order: %+v", order, r.Rows)
		}
	}
}

func TestANodeWithoutReceiptsIsNamed(t *testing.T) {
	w, empty := newWorld(t), t.TempDir()
	_, err := Run(t.Context(), Options{Nodes: []Node{{"a", w.dir}, {"b", empty}}, Warehouse: w.house})
	if !errors.Is(err, ErrNoReceipts) || !strings.Contains(err.Error(), empty) {
		t.Errorf("%v", err)
	}
}
