package warehouse

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestBothWaysOfAnInsertGiveTheSameRows has columns with one, some, 300 and
// 70,000 distinct texts, whose indexes take one, two and four bytes.
func TestBothWaysOfAnInsertGiveTheSameRows(t *testing.T) {
	e, w := engine(t)
	opens := append(manyOpens(3, 70_000), fullOpen())
	for i := range opens {
		opens[i].POP = fmt.Sprint("P", i%300)
		opens[i].RefererHost = fmt.Sprint("host", i)
		opens[i].NetworkListDate = noon.AddDate(0, 0, -i%1000)
	}
	opens[5].IP, opens[6].IP = netip.Addr{}, netip.MustParseAddr("::ffff:1.2.3.4")
	opens[7].NetworkListDate, opens[8].NetworkListDate = time.Time{}, time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)
	sums := map[string]string{}
	for name, insert := range map[string]func() error{
		"native": func() error { return w.InsertOpens(t.Context(), "native", opens) },
		"driver": func() error { return byDriver(t.Context(), w, "opens", openColumns, "driver", opens) },
	} {
		e.Empty(t)
		if err := insert(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sums[name] = text(t, e, "SELECT count(), sum(cityHash64(*)), groupBitXor(cityHash64(*)) FROM opens")
	}
	if sums["native"] != sums["driver"] || !strings.HasPrefix(sums["native"], "70001\t") {
		t.Errorf("the rows differ: %v", sums)
	}
}

func TestAClassThatTheTableDoesNotHaveIsRefused(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	for _, class := range []int8{-1, 10, 127} {
		opens := manyOpens(1, 3)
		opens[1].Class = class
		if err := w.InsertOpens(t.Context(), fmt.Sprint("class ", class), opens); !errors.Is(err, ErrRows) {
			t.Errorf("class %d: %v", class, err)
		}
	}
	if got := text(t, e, "SELECT count() FROM opens"); got != "0\n" {
		t.Errorf("%s rows", got)
	}
}

func TestValuesThatNoColumnTakesAreAnError(t *testing.T) {
	var p part
	for kind, values := range map[string]any{"Float64": []float64{1}, "DateTime64(3)": []time.Time{noon}} {
		if err := p.add(kind, values); err == nil {
			t.Errorf("%T went into %s", values, kind)
		}
	}
}
