package batch

import (
	"context"
	"errors"
	"testing"
	"time"

	"glint/ingest/warehouse"
)

// fillingCaps have room for that many rows in all.
type fillingCaps struct{ room int }

func (c *fillingCaps) TakeUnresolved(rows int) (taken int) {
	taken = min(rows, c.room)
	c.room -= taken
	return taken
}

func (*fillingCaps) TakeBadTokens(rows int) int { return rows }

// keepingHouse knows which opens wait.
type keepingHouse struct{ *fakeHouse }

func (h keepingHouse) AbsentUnresolved(_ context.Context, opens []warehouse.Open) (left []warehouse.Open, err error) {
	there := map[uint64]bool{}
	for _, kept := range h.unresolved {
		for i := range kept {
			there[kept[i].EventID] = true
		}
	}
	for i := range opens {
		if !there[opens[i].EventID] {
			left = append(left, opens[i])
		}
	}
	return left, nil
}

// AbsentOpens reports all as absent.
func (keepingHouse) AbsentOpens(_ context.Context, opens []warehouse.Open) ([]warehouse.Open, error) {
	return opens, nil
}

// TestTriesDoNotFillTheWaitingTable lets the insert into opens fail after the
// opens that wait were stored.
func TestTriesDoNotFillTheWaitingTable(t *testing.T) {
	w := newWorld(t)
	full := &fillingCaps{room: 3}
	w.Caps, w.Warehouse = full, keepingHouse{w.house}
	body := []Body{{Record: 1, ReceivedAt: now.Truncate(time.Millisecond), Lines: []byte(openLine(t, 1, nil) + "\n" +
		plainLine(t, 2, plain.String()) + "\n" + plainLine(t, 3, plain.String()) + "\n")}}
	w.house.insertErr = errors.New("too many parts")
	if _, err := w.Load(t.Context(), "b", body); err == nil {
		t.Fatal("the insert did not fail")
	}
	for range 3 {
		if _, err := w.Reload(t.Context(), "b", body); err == nil {
			t.Fatal("the insert did not fail")
		}
	}
	w.house.insertErr = nil
	// One more has come, and one beyond the room.
	body[0].Lines = append(body[0].Lines, plainLine(t, 4, plain.String())+"\n"+plainLine(t, 5, plain.String())+"\n"...)
	r, err := w.Reload(t.Context(), "b", body)
	if err != nil {
		t.Fatal(err)
	}
	if got := countsText(r.Lines); got != "stored=1 unresolved=3 over_cap=1" || full.room != 0 {
		t.Errorf("%s, room for %d", got, full.room)
	}
}
