package output

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"
)

func TestTableAlignsWhatPeopleSee(t *testing.T) {
	table := NewTable("NAME", "COUNT", "NOTE").AlignRight(1)
	table.Row("spring", "1,000", "")
	table.Row("春の手紙", "7", "wide")
	table.Row("e\u0301te\u0301", "12", "combining")
	table.Row("\x1b[2J", "0", "hostile")
	var b bytes.Buffer
	if err := table.Write(&b); err != nil {
		t.Fatal(err)
	}
	const want = "" +
		"NAME      COUNT  NOTE\n" +
		"spring    1,000\n" +
		"春の手紙      7  wide\n" +
		"e\u0301te\u0301          12  combining\n" +
		"\ufffd[2J          0  hostile\n"
	if b.String() != want {
		t.Errorf("table:\n%swant:\n%s", b.String(), want)
	}
}

func TestWidth(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"nothing", "", 0},
		{"Latin", "Größe", 5},
		{"a letter and its accent", "e\u0301", 1},
		{"three accents on one letter", "a\u0301\u0302\u0303", 1},
		{"kanji and kana", "春の手紙", 8},
		{"Hangul of letters", "\u1112\u1161\u11ab", 2},
		{"Devanagari with a vowel sign", "\u0928\u093f", 2},
		{"full width", "ＡＢ", 4},
		{"half width", "ｱｲ", 2},
		{"a pictograph", "🎉", 2},
		{"a rocket of the transport block", "🚀", 2},
		{"a pictograph of Unicode 13", "🪴", 2},
		{"a heart, whose selector takes no column, as for wcwidth", "\u2764\ufe0f", 1},
		{"a flag", "🇩🇪", 2},
		{"a skin tone", "👍🏽", 2},
		{"a family, without its joiners", Safe("👩\u200d👧"), 5},
		{"a keycap, likewise", "1\ufe0f\u20e3", 1},
		{"punctuation of uncertain width", "–…·", 3},
	} {
		if got := Width(c.text); got != c.want {
			t.Errorf("%s: %q takes %d columns, want %d", c.name, c.text, got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for in, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", math.MaxUint64: "18,446,744,073,709,551,615"} {
		if got := Count(in); got != want {
			t.Errorf("Count(%d) = %s, want %s", in, got, want)
		}
	}
	for in, want := range map[float64]string{0: "0.0 %", 1: "100.0 %", 0.6464: "64.6 %", 0.0004: "0.0 %"} {
		if got := Percent(&in); got != want {
			t.Errorf("Percent(%v) = %s, want %s", in, got, want)
		}
	}
	if Percent(nil) != "–" || Time(nil) != "–" {
		t.Error("what is unknown is not a dash")
	}
	at := time.Date(2026, 11, 21, 10, 30, 5, 999e6, time.FixedZone("", 3600))
	if got := Time(&at); got != "2026-11-21 09:30:05 UTC" {
		t.Errorf("Time = %s", got)
	}
	if Plural(1, "row", "rows") != "1 row" || Plural(0, "row", "rows") != "0 rows" || Plural(1234, "row", "rows") != "1,234 rows" {
		t.Error("Plural takes the wrong form")
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0 s", 148 * time.Millisecond: "0.1 s", 59 * time.Second: "59.0 s", time.Minute: "1 min",
		125*time.Second + 400*time.Millisecond: "2 min 5 s", 26 * time.Hour: "1,560 min",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestProgress(t *testing.T) {
	for _, c := range []struct {
		name     string
		terminal bool
		want     string
	}{
		{"elsewhere a line every ten seconds", false, "registered 30 of 1,000 (3 %, about 1 min 5 s left)\nregistered 60 of 1,000 (6 %, about 3 min 8 s left)\n"},
		{"on a terminal one line, which ends cleared", true, "\r\x1b[Kregistered 30 of 1,000 (3 %, about 1 min 5 s left)\r\x1b[Kregistered 40 of 1,000 (4 %, about 1 min 12 s left)\r\x1b[Kregistered 60 of 1,000 (6 %, about 3 min 8 s left)\r\x1b[K"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			p := NewProgress(&b, "registered", 1000)
			now := p.start
			p.now = func() time.Time { return now }
			p.terminal = c.terminal
			for _, step := range []struct {
				after time.Duration
				n     int
			}{{0, 10}, {1900 * time.Millisecond, 10}, {2 * time.Second, 10}, {3 * time.Second, 10}, {3100 * time.Millisecond, 10}, {12 * time.Second, 10}} {
				now = p.start.Add(step.after)
				p.Add(step.n)
			}
			p.End()
			if b.String() != c.want {
				t.Errorf("progress %q, want %q", b.String(), c.want)
			}
		})
	}
	var quick strings.Builder
	p := NewProgress(&quick, "registered", 1)
	p.Add(1)
	p.End()
	if quick.Len() > 0 {
		t.Errorf("something quick showed %q", quick.String())
	}
}
