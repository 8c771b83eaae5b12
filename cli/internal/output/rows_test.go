package output

import (
	"bytes"
	"testing"
	"time"
)

type counts struct {
	Opens uint64   `json:"opens"`
	Rate  *float64 `json:"rate"`
}

type sampleRow struct {
	Day    time.Time `json:"day" layout:"2006-01-02"`
	Name   string    `json:"name_of_it"`
	hidden int
	counts
	LastAt time.Time `json:"last_at" table:"LAST"`
	Below  int       `json:"below,omitempty"`
	Left   string    `json:"left"`
	Not    string    `json:"-"`
}

func samples() []sampleRow {
	rate := 0.25
	at := time.Date(2026, 3, 4, 5, 6, 7, 891e6, time.FixedZone("", 3600))
	return []sampleRow{
		{Day: at, Name: "=1+1\x1b", counts: counts{Opens: 1234, Rate: &rate}, LastAt: at, Below: -2, Left: "l", Not: "n", hidden: 1},
		{Day: at, Name: "b", LastAt: at},
	}
}

func TestRowsInEachForm(t *testing.T) {
	for format, want := range map[string]string{
		"table": "" +
			"DAY         NAME OF IT  OPENS  RATE  LAST                     BELOW\n" +
			"2026-03-04  =1+1\ufffd       1,234  0.25  2026-03-04 04:06:07 UTC     -2\n" +
			"2026-03-04  b               0     –  2026-03-04 04:06:07 UTC      0\n",
		"csv": "day,name_of_it,opens,rate,last_at,below,left\n" +
			"2026-03-04T04:06:07.891Z,'=1+1\x1b,1234,0.25,2026-03-04T04:06:07.891Z,-2,l\n" +
			"2026-03-04T04:06:07.891Z,b,0,,2026-03-04T04:06:07.891Z,0,\n",
	} {
		var b bytes.Buffer
		if err := WriteRows(&b, format, samples(), "left"); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("%s:\n%swant:\n%s", format, b.String(), want)
		}
	}
}

func TestNoRowsAreAnEmptyList(t *testing.T) {
	for format, want := range map[string]string{
		"json": "[]\n", "csv": "day,name_of_it,opens,rate,last_at,below,left\n", "table": "DAY  NAME OF IT  OPENS  RATE  LAST  BELOW  LEFT\n",
	} {
		var b bytes.Buffer
		if err := WriteRows[sampleRow](&b, format, nil); err != nil || b.String() != want {
			t.Errorf("%s: %q, %v", format, b.String(), err)
		}
	}
}

func TestTheLastRowMayBeATotal(t *testing.T) {
	var b bytes.Buffer
	if err := TableOf(samples(), "left", "last_at", "rate", "below", "name_of_it").Total("all").Write(&b); err != nil {
		t.Fatal(err)
	}
	if want := "DAY         OPENS\n2026-03-04  1,234\nall             0\n"; b.String() != want {
		t.Errorf("%s", b.String())
	}
}
