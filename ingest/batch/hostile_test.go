package batch

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"glint/edge/event"
	"glint/ingest/receiver/codec"
)

// hostileLines are lines that make work, by their size in bytes: none is an
// event's.
func hostileLines(size int) map[string]string {
	fill := func(before, unit, after string) string {
		return before + strings.Repeat(unit, max(0, size-len(before)-len(after))/len(unit)) + after
	}
	var names strings.Builder
	for i := 0; names.Len() < size; i++ {
		fmt.Fprintf(&names, `"%x":1,`, i)
	}
	return map[string]string{
		"one long word":           fill("", "x", ""),
		"a long text":             fill(`{"a":"`, "x", `"}`),
		"escapes":                 fill(`{"a":"`, `\u0041`, `"}`),
		"half surrogates":         fill(`{"user_agent":"`, `\ud83d`, `"}`),
		"unknown fields":          "{" + names.String() + `"a":1}`,
		"equal unknown fields":    fill("{", `"a":1,`, `"a":1}`),
		"equal known fields":      fill("{", `"pop":"x",`, `"pop":"x"}`),
		"names full of escapes":   fill("{", `"\u0041\u0042":1,`, `"a":1}`),
		"headers":                 fill(`{"headers":{`, `"accept":"image/*",`, `"a":"b"}}`),
		"deep arrays":             fill(`{"a":`, "[", "") + "}",
		"deep objects":            fill("", `{"a":`, "") + "1",
		"a wide array":            fill(`{"a":[`, "1,", "1]}"),
		"blanks":                  fill("{", " ", "}"),
		"digits":                  fill(`{"as_number":`, "1", "}"),
		"a number's zeros":        fill(`{"as_number":1.`, "0", "}"),
		"a path like many tokens": fill(`{"event_id":"000102030405060708090a0b0c0d0eff","opened_at":"2026-01-02T03:04:05Z","kind":"other","path":"/`, "EAcA", `"}`),
		"a path full of escapes":  fill(`{"event_id":"000102030405060708090a0b0c0d0eff","opened_at":"2026-01-02T03:04:05Z","kind":"other","path":"/`, "%25", `"}`),
		"a path like many UUIDs":  fill(`{"event_id":"000102030405060708090a0b0c0d0eff","opened_at":"2026-01-02T03:04:05Z","kind":"uuid","path":"/pixel/`, "0a1b2c3d-", `"}`),
	}
}

// Each hostile line becomes a dead letter or a row, and the good lines around it are
// stored.
func TestHostileLinesCostNoOther(t *testing.T) {
	for name, line := range hostileLines(8 << 20) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			n := w.load(t, openLine(t, 1, nil), line, openLine(t, 2, nil))
			if got := countsText(w.counted); n != 3 || got != "stored=2 too_long=1" {
				t.Errorf("%d lines, counted %s", n, got)
			}
			if letters := w.letters(t); len(letters) != 1 || letters[0].Line != line[:event.MaxReadBytes] {
				t.Errorf("%d dead letters; the line's beginning is not kept", len(letters))
			}
		})
	}
}

// A small body that is a large one decoded, as a sender would compress it.
func TestASmallBodyOfAHugeLineIsOneDeadLetter(t *testing.T) {
	w := newWorld(t)
	huge := hostileLines(16 << 20)["equal unknown fields"]
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		t.Fatal(err)
	}
	small := enc.EncodeAll([]byte(huge+"\n"+openLine(t, 1, nil)+"\n"), nil)
	if len(small) > len(huge)/1000 {
		t.Errorf("%d bytes are not small", len(small))
	}
	body, err := codec.AppendDecoded(nil, codec.Zstd, small, 32<<20)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := w.loadBody(body); n != 2 || err != nil || countsText(w.counted) != "stored=1 too_long=1" {
		t.Errorf("%d lines, %v, counted %s", n, err, countsText(w.counted))
	}
}

// The memory that lines of the longest kind take is a few times their length,
// whatever is in them: nothing is copied again and again.
func TestAHostileLineTakesMemoryInProportion(t *testing.T) {
	r := ring(t, 0)
	for name, line := range hostileLines(event.MaxReadBytes - 64) {
		body := []byte(strings.Repeat(line+"\n", 64))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		d := decoder{ring: r, bodies: []Body{{ReceivedAt: now, Lines: body}}}
		if err := d.decode(t.Context()); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 12*uint64(len(body)) {
			t.Errorf("%s: %d bytes for a body of %d", name, allocated, len(body))
		}
	}
}

// countdown is a context that ends when it has been asked a number of times, so
// that no clock decides.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestABatchStopsInTheMiddleOfABody(t *testing.T) {
	line := openLine(t, 1, nil) + "\n"
	d := decoder{ring: ring(t, 0), bodies: []Body{{ReceivedAt: now, Lines: []byte(strings.Repeat(line, 100*linesPerCheck))}}}
	if err := d.decode(&countdown{t.Context(), 3}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := len(d.opens.rows); n != 3*linesPerCheck {
		t.Errorf("%d lines were decoded after the end, want none beyond %d", n-3*linesPerCheck, 3*linesPerCheck)
	}
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Load(ctx, "x", d.bodies); !errors.Is(err, context.Canceled) || len(w.stored()) != 0 {
		t.Errorf("Load: %v, %d rows", err, len(w.stored()))
	}
}

// BenchmarkHostile shows the time per byte of the worst lines at three sizes; it
// is the same for all if the work is linear.
func BenchmarkHostile(b *testing.B) {
	r := ring(b, 0)
	for _, size := range []int{1 << 10, 4 << 10, 16<<10 - 64, 1 << 20} {
		for name, line := range hostileLines(size) {
			body := []byte(strings.Repeat(line+"\n", max(1, 1<<20/size)))
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				for b.Loop() {
					d := decoder{ring: r, bodies: []Body{{ReceivedAt: now, Lines: body}}}
					if err := d.decode(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
