package receipts

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDetailsComeBackAsTheyWere has receipts with and without details in one
// file, as after an upgrade.
func TestDetailsComeBackAsTheyWere(t *testing.T) {
	dir := t.TempDir()
	with := receipt(2, time.Minute, 7, 8, 9)
	with.Details = []Detail{{"a_name_of_20_bytes_00", 1}}
	with.Details[0].Name = with.Details[0].Name[:MaxDetailName]
	with.Details = append(with.Details, Detail{NotKept, 2}, Detail{Repeated, maxCount})
	want := []Receipt{receipt(1, 0, 1), with, receipt(3, 2*time.Minute)}
	keep(t, book(t, dir), want...)
	got := read(t, dir)
	if diff := cmp.Diff(want, got.receipts); diff != "" || got.damages != 0 || got.torn != 0 {
		t.Errorf("%s, %d damages, %d torn bytes", diff, got.damages, got.torn)
	}
	if n := got.receipts[1].Detail(NotKept); n != 2 {
		t.Errorf("detail %d, want 2", n)
	}
	if n := got.receipts[0].Detail(NotKept); n != 0 {
		t.Errorf("detail %d of a receipt without", n)
	}
}

func TestAnImpossibleDetailIsRefused(t *testing.T) {
	b := book(t, t.TempDir())
	for _, d := range []Detail{{"", 1}, {strings.Repeat("x", MaxDetailName+1), 1}, {"x", -1}, {"x", maxCount + 1}} {
		r := receipt(1, 0)
		r.Details = []Detail{d}
		if err := b.Append([]Receipt{r}); !errors.Is(err, ErrReceipt) {
			t.Errorf("%+v: %v", d, err)
		}
	}
	r := receipt(1, 0)
	r.Details = make([]Detail, 256)
	if err := b.Append([]Receipt{r}); !errors.Is(err, ErrReceipt) {
		t.Errorf("256 details: %v", err)
	}
}
