package batch

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"glint/ingest/deadletters"
	"glint/ingest/receipts"
	"glint/ingest/warehouse"
)

func TestPiecesAreAllLinesWithinTheLimits(t *testing.T) {
	for _, text := range []string{
		"", "\n", "a", "a\nb\nc\nd\ne", "a\nb\nc\nd\ne\n", "\n\n\na\n\n", "a\n" + strings.Repeat("b", 100) + "\nc\n", strings.Repeat("a\n", 1000),
	} {
		body := Body{Record: 7, Source: "s", Count: strings.Count(text, "\n") + 1, Lines: []byte(text)}
		var joined []byte
		names := map[string]bool{}
		for _, p := range chunksOf("n", []Body{body}, 3, 20) {
			part := p.bodies[0]
			if part.Count > 3 || len(part.Lines) > 20 && part.Count > 1 || part.Record != 7 || part.Source != "s" || names[p.name] {
				t.Errorf("%.20q has the piece %+v", text, p)
			}
			if len(joined) > 0 && joined[len(joined)-1] != '\n' {
				t.Errorf("%.20q is cut within a line", text)
			}
			names[p.name] = true
			joined = append(joined, part.Lines...)
		}
		if !bytes.Equal(joined, body.Lines) || !names["n"] {
			t.Errorf("%.20q became %.20q, named %v", text, joined, names)
		}
	}
}

// keptReceipts keeps the last receipt of each record.
type keptReceipts struct {
	mu  sync.Mutex
	all map[uint64]receipts.Receipt
}

func (k *keptReceipts) Append(list []receipts.Receipt) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range list {
		k.all[r.Record] = r
	}
	return nil
}

// TestALargeRecordIsLoadedInPiecesAndAccountedForAsOne lets a try of a piece
// fail before, and another after it took effect.
func TestALargeRecordIsLoadedInPiecesAndAccountedForAsOne(t *testing.T) {
	log, house := newFakeLog(), newHouse()
	var large []string
	for n := range 35 {
		large = append(large, openLine(t, byte(100+n), nil))
	}
	large[17] = "no event"
	log.append(t, large...)
	tries, largest := 0, 0
	house.fail = func(_ string, opens []warehouse.Open) (before, after error) {
		largest = max(largest, len(opens))
		switch tries++; tries {
		case 2:
			return errors.New("before"), nil
		case 4:
			return nil, errors.New("after")
		}
		return nil, nil
	}
	letters, err := deadletters.Open(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	kept := &keptReceipts{all: map[uint64]receipts.Receipt{}}
	lane := &Pipeline{
		Lane: "live", Dir: t.TempDir(), Source: log, MaxLines: 10, MaxBytes: 1 << 20, Inserters: 1, Receipts: kept,
		Loader: &Loader{Ring: fixed(ring(t, 0)), Warehouse: house, DeadLetters: letters}, Logger: slog.New(slog.DiscardHandler),
	}
	stop := run(t, lane)
	wait(t, "the release of the record", func() bool { return log.releasedBefore() == 2 })
	stop()
	if house.stored() != 34 || largest > 10 {
		t.Errorf("%d rows are stored, at most %d at once; want 34, 10", house.stored(), largest)
	}
	r := kept.all[1]
	slices.Sort(r.Events)
	if r.Lines != len(r.Events)+r.BadTokens+r.DeadLetters+r.OverCap || r.Lines != 35 || r.DeadLetters != 1 || len(slices.Compact(r.Events)) != 34 {
		t.Errorf("the receipt is %+v", r)
	}
}
