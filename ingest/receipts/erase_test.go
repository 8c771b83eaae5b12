package receipts

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestErasedEventsAreInNoReceipt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "receipts")
	w, err := OpenWriter(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().UTC().Truncate(time.Hour)
	one := func(record uint64, events ...uint64) Receipt {
		return Receipt{
			LogID: "log", Record: record, ReceivedAt: at, Lane: "live", Source: "fastly", Lines: len(events) + 2, Events: events, BadTokens: 2,
			Details: []Detail{{Unresolved, 1}},
		}
	}
	if err := w.Append([]Receipt{one(1, 11, 12, 13), one(2, 21), one(3, 12)}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, fileName(at, 1))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := append([]byte("damage"), text...) // stays to be seen
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	gone := map[uint64]bool{12: true, 21: true}
	for run, want := range []int{3, 0} {
		if n, err := w.Erase(gone); n != want || err != nil {
			t.Errorf("run %d: %d erased, %v; want %d", run, n, err, want)
		}
	}
	if err := w.Append([]Receipt{one(4, 41)}); err != nil { // it goes on
		t.Fatal(err)
	}
	r, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	hour, err := r.Hour(at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hour.Close() }()
	got := map[uint64]Receipt{}
	if err := hour.Each(func(r *Receipt) error {
		c := *r
		c.Events = slices.Clone(r.Events)
		got[r.Record] = c
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for record, want := range map[uint64][]uint64{1: {11, 13}, 2: nil, 3: nil, 4: {41}} {
		if r := got[record]; !slices.Equal(r.Events, want) || r.Lines != len(want)+2 || r.BadTokens != 2 || r.Detail(Unresolved) != 1 || r.Source != "fastly" {
			t.Errorf("record %d: %+v", record, r)
		}
	}
	if len(got) != 4 || hour.Damages != 1 {
		t.Errorf("%d receipts, %d damages", len(got), hour.Damages)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Erase(gone); err == nil {
		t.Error("erased after Close")
	}
}
