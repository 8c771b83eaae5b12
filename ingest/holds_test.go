package ingest

import (
	"testing"

	"glint/ingest/batch"
)

// releases notes up to which record a lane may delete.
type releases struct {
	batch.Source
	before uint64
}

func (r *releases) Release(before uint64) uint64 {
	r.before = max(r.before, before)
	return r.before
}

// TestTheLogKeepsWhatAnyReaderNeeds: a reader that has left keeps nothing, though what
// still runs of it goes on to say what it needs, until it comes back.
func TestTheLogKeepsWhatAnyReaderNeeds(t *testing.T) {
	log := &releases{}
	h := newHold(log)
	h.release("mirror", 3)
	mirror, warehouse := h.reader("mirror"), h.reader(readerWarehouse)
	for _, step := range []struct {
		name   string
		do     func()
		before uint64
		behind float64
	}{
		{"the warehouse has said nothing yet", func() { mirror.Release(5) }, 0, 0},
		{"the mirror is behind", func() { warehouse.Release(10) }, 5, 5},
		{"the mirror goes on", func() { mirror.Release(7) }, 7, 3},
		{"the mirror has left", func() { h.leave("mirror") }, 10, 0},
		{"what runs of it ends", func() { mirror.Release(8) }, 10, 0},
		{"the warehouse goes on", func() { warehouse.Release(20) }, 20, 0},
		{"the mirror is back", func() { h.release("mirror", 8); warehouse.Release(30) }, 20, 22},
		{"it goes on", func() { mirror.Release(25) }, 25, 5},
	} {
		step.do()
		if got := h.behind("mirror"); log.before != step.before || got != step.behind {
			t.Errorf("%s: released before %d and %v behind, want %d and %v", step.name, log.before, got, step.before, step.behind)
		}
	}
}
