package mirrors

import (
	"path/filepath"
	"reflect"
	"testing"

	"glint/ingest/warehouse"
)

func part(partition string, first, last int64) warehouse.Part {
	return warehouse.Part{Partition: partition, First: first, Last: last}
}

// TestInsertsHaveWhatWasSeen: a part is known only if each of its inserts was seen,
// whatever was merged meanwhile.
func TestInsertsHaveWhatWasSeen(t *testing.T) {
	seen := Inserts{}.with([]warehouse.Part{part("202611", 1, 1), part("202611", 3, 3), part("202612", 1, 7)})
	for _, c := range []struct {
		part  warehouse.Part
		known bool
	}{
		{part("202611", 1, 1), true},
		{part("202611", 2, 2), false}, // was committed later than the third
		{part("202611", 1, 3), false}, // has it
		{part("202611", 4, 4), false},
		{part("202612", 2, 5), true},
		{part("202612", 1, 8), false},
		{part("202610", 1, 1), false},
	} {
		if got := seen.has(&c.part); got != c.known {
			t.Errorf("%v is known: %v, want %v", c.part, got, c.known)
		}
	}
	merged := seen.with([]warehouse.Part{part("202611", 1, 3), part("202611", 4, 4)})
	if want := (Inserts{"202611": {{1, 4}}}); !reflect.DeepEqual(merged, want) {
		t.Errorf("after a merge %v, want %v: partitions that are gone are forgotten", merged, want)
	}
	if !reflect.DeepEqual(seen["202611"], []Range{{1, 1}, {3, 3}}) {
		t.Errorf("the set before has changed: %v", seen)
	}
}

// TestAPartitionThatIsGoneIsForgotten: its next inserts may bear the same numbers.
func TestAPartitionThatIsGoneIsForgotten(t *testing.T) {
	seen := Inserts{}.with([]warehouse.Part{part("202611", 1, 4), part("202612", 5, 9)})
	rest := seen.of([]warehouse.Part{part("202612", 5, 9)})
	if again := part("202611", 1, 1); rest.has(&again) {
		t.Error("an insert into a partition that was gone is known")
	}
	if there := part("202612", 5, 9); !rest.has(&there) {
		t.Error("a part that is there is not known any more")
	}
	if none := rest.of(nil); len(none) != 0 {
		t.Errorf("of an empty table %v is known", none)
	}
}

// TestADamagedStateCopiesAllAgain: nothing is known without a file, or with one that
// cannot be read.
func TestADamagedStateCopiesAllAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mirrors", "m", "state.json")
	kept := &State{From: "a", To: "b", Whole: true, Seen: map[string]Inserts{"sends": {"all": {{1, 9}}}}}
	if err := kept.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := ReadState(path)
	if err != nil || !reflect.DeepEqual(got, kept) {
		t.Fatalf("%+v, %v, want %+v", got, err, kept)
	}
	for name, damaged := range map[string]string{"cut": `{"from":"a","to":`, "empty": "", "other": `{"seen":null}`} {
		writeFile(t, path, damaged)
		got, err := ReadState(path)
		if err != nil || got.Whole || got.To != "" || len(got.Seen) != 0 {
			t.Errorf("%s: %+v, %v, want nothing known", name, got, err)
		}
	}
}
