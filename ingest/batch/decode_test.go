package batch

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"glint/edge/event"
	"glint/ingest/receiver/codec"
)

func TestLinesAreFoundHoweverTheyEnd(t *testing.T) {
	a, b := openLine(t, 1, nil), openLine(t, 2, nil)
	for _, c := range []struct {
		name, body string
		lines      int
	}{
		{"line feeds", a + "\n" + b + "\n", 2},
		{"no final line feed", a + "\n" + b, 2},
		{"carriage returns", a + "\r\n" + b + "\r\n", 2},
		{"empty lines", "\n\n" + a + "\n\r\n \t\n" + b + "\n\n", 2},
		{"blanks around a line", "  " + a + "\t \n", 1},
		{"nothing", "", 0},
		{"nothing but line feeds", "\n\n\n", 0},
		{"two events in one line", a + b, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			n, err := w.loadBody([]byte(c.body))
			if err != nil || n != c.lines {
				t.Errorf("%d lines, %v; want %d", n, err, c.lines)
			}
		})
	}
}

// FuzzDecode gives arbitrary bodies: no line gets lost, and none counts twice.
func FuzzDecode(f *testing.F) {
	good := openLine(f, 1, nil)
	f.Add([]byte(good + "\r\n\n" + plainLine(f, 2, plain.String()) + "\n{\n\xff"))
	f.Add([]byte(strings.Replace(good, `"v":1`, `"v":1,"v":2,"new":{}`, 1)))
	f.Add([]byte(openLine(f, 3, func(e *event.Event) { e.Token, e.Kind = "\x00", "?" })))
	f.Add([]byte("\u2028\n\u0085\n\v"))
	r := ring(f, 0)
	f.Fuzz(func(t *testing.T, body []byte) {
		d := decoder{ring: r, bodies: []Body{{Source: "live", ReceivedAt: now, Lines: body}}}
		if err := d.decode(t.Context()); err != nil {
			t.Fatal(err)
		}
		outcomes := func() int { return len(d.opens.rows) + len(d.unresolved.rows) + len(d.badTokens.rows) + len(d.dead) }
		before := outcomes()
		house := &fakeHouse{registered: map[uuid.UUID]uint64{plain: 42}}
		if err := d.resolve(t.Context(), house); err != nil {
			t.Fatal(err)
		}
		counts, err := codec.Count(codec.Plain, body, int64(len(body)), 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := outcomes(); got != counts.Lines || got != before {
			t.Fatalf("%d lines were accepted and became %d outcomes", counts.Lines, got)
		}
		for i := range d.dead {
			if d.dead[i].detail == "" || !d.dead[i].outcome.isDeadLetter() {
				t.Fatalf("a line was rejected for no reason: %+v", d.dead[i])
			}
		}
	})
}
