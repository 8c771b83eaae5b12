package consent

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"glint/ingest/warehouse"
)

func verify(rows []warehouse.Consent, heads ...Head) error {
	var v Verifier
	for i := range rows {
		v.Add(&rows[i])
	}
	for _, h := range heads {
		v.Expect(h)
	}
	return v.Err()
}

func TestAWholeLedgerIsSound(t *testing.T) {
	rows := ledger()
	if err := verify(rows, Head{"a", 5, rows[4].Hash}, Head{"b", 5, rows[9].Hash}, Head{}); err != nil {
		t.Error(err)
	}
	repeated := append(append([]warehouse.Consent{}, rows[:5]...), rows[4])
	if err := verify(repeated); err != nil {
		t.Errorf("a row that was inserted twice: %v", err)
	}
}

// One changed byte is found, in every field of every row.
func TestProofEveryChangedFieldIsFound(t *testing.T) {
	changes := 0
	for i := range ledger() {
		kind := reflect.TypeFor[warehouse.Consent]()
		for f := range kind.NumField() {
			rows := ledger()
			v := reflect.ValueOf(&rows[i]).Elem().Field(f)
			switch x := v.Interface().(type) {
			case string:
				v.SetString(x + "x")
			case uint64:
				v.SetUint(x + 1)
			case warehouse.Choice:
				v.SetInt((int64(x) + 1) % 4)
			case time.Time:
				v.Set(reflect.ValueOf(x.Add(time.Millisecond)))
			case warehouse.RecipientKey:
				x[3] ^= 1
				v.Set(reflect.ValueOf(x))
			default:
				t.Fatalf("field %s is of a kind that the test does not change", kind.Field(f).Name)
			}
			changes++
			if err := verify(rows); !errors.Is(err, ErrDamaged) {
				t.Errorf("row %d: a changed %s is not found: %v", i, kind.Field(f).Name, err)
			}
		}
	}
	if changes != 10*12 {
		t.Errorf("%d changes", changes)
	}
}

func TestMissingAndMovedRowsAreFound(t *testing.T) {
	rows := ledger()
	for name, changed := range map[string][]warehouse.Consent{
		"the first is missing":    rows[1:],
		"one is missing":          append(append([]warehouse.Consent{}, rows[:2]...), rows[3:]...),
		"two are exchanged":       append([]warehouse.Consent{rows[1], rows[0]}, rows[2:]...),
		"all of a node again":     append(append([]warehouse.Consent{}, rows[:5]...), rows[:5]...),
		"the last ones are gone":  rows[:4],
		"the whole node is gone":  rows[5:],
		"another last one is put": append(append([]warehouse.Consent{}, rows[:4]...), forged(rows[4])),
	} {
		if err := verify(changed, Head{"a", 5, rows[4].Hash}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// forged is a row that is consistent in itself.
func forged(c warehouse.Consent) warehouse.Consent {
	c.Choice = (c.Choice + 1) % 4
	c.Hash = Hash(&c)
	return c
}

func export(t *testing.T, rows []warehouse.Consent, partial bool) []byte {
	t.Helper()
	var b bytes.Buffer
	f, err := NewFileWriter(&b, partial)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if err := f.Row(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := f.Close(); err != nil || n != len(rows) {
		t.Fatalf("%d rows, %v", n, err)
	}
	return b.Bytes()
}

func TestProofEveryFlippedByteOfAnExportIsFound(t *testing.T) {
	for _, partial := range []bool{false, true} {
		rows := ledger()
		if partial {
			rows = rows[2:4]
		}
		file := export(t, rows, partial)
		if n, err := VerifyFile(bytes.NewReader(file)); err != nil || n != len(rows) {
			t.Fatalf("%d rows, %v", n, err)
		}
		for i := range file {
			for _, flip := range []byte{1, 0x20, 0x80} {
				changed := bytes.Clone(file)
				changed[i] ^= flip
				if _, err := VerifyFile(bytes.NewReader(changed)); !errors.Is(err, ErrDamaged) {
					t.Fatalf("byte %d of %d: %v", i, len(file), err)
				}
			}
		}
		for cut := range len(file) {
			if _, err := VerifyFile(bytes.NewReader(file[:cut])); !errors.Is(err, ErrDamaged) {
				t.Fatalf("the first %d bytes: %v", cut, err)
			}
		}
	}
}

func TestARefusalIsRememberedForSixMonths(t *testing.T) {
	for _, c := range []struct {
		choice warehouse.Choice
		ever   bool
		months int
	}{{warehouse.Agreed, false, 0}, {warehouse.Undecided, true, 0}, {warehouse.Refused, true, 6}, {warehouse.Withdrawn, true, 6}} {
		at, ever := AskAgainAt(warehouse.Decision{Choice: c.choice, DecidedAt: testTime})
		want := time.Time{}
		if c.months > 0 {
			want = testTime.AddDate(0, c.months, 0)
		}
		if ever != c.ever || !at.Equal(want) {
			t.Errorf("%v: %v, %v", c.choice, at, ever)
		}
	}
}
