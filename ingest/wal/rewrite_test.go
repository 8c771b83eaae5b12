package wal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"glint/ingest/receiver/codec"
)

// withoutLines removes the lines of a record that contain name, and compresses
// the rest with zstd of that level.
func withoutLines(tb testing.TB, name string, level zstd.EncoderLevel) func(Position, *Record) (*Content, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level))
	if err != nil {
		tb.Fatal(err)
	}
	return func(_ Position, r *Record) (*Content, error) {
		text := lines(tb, r)
		var kept []byte
		n := uint32(0)
		for line := range bytes.Lines(text) {
			if !bytes.Contains(line, []byte(name)) {
				kept = append(kept, line...)
				n++
			}
		}
		if len(kept) == len(text) {
			return nil, nil
		}
		return &Content{Codec: Codec(codec.Zstd), DecodedBytes: uint64(len(kept)), Lines: n, Body: z.EncodeAll(kept, nil)}, nil
	}
}

func lines(tb testing.TB, r *Record) []byte {
	tb.Helper()
	text, err := codec.AppendDecoded(nil, codec.Codec(r.Codec), r.Body, int64(r.DecodedBytes))
	if err != nil {
		tb.Fatal(err)
	}
	if got := bytes.Count(text, []byte("\n")); got != int(r.Lines) {
		tb.Errorf("%d lines, said to be %d", got, r.Lines)
	}
	return text
}

// TestRewrittenRecordsKeepTheirPlaces writes random records, removes lines, and
// reads the log while it is open, beside the open log, and after reopening it.
func TestRewrittenRecordsKeepTheirPlaces(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	l := mustOpen(t, Options{Dir: dir, SegmentBytes: 4 << 10, Retain: time.Hour})
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint64]string{}
	began := l.NewReader(Position{})
	for n := range 300 {
		var b, kept strings.Builder
		count := 1 + chance.IntN(20)
		for i := range count {
			name := []string{"ada", "bob", "eve"}[chance.IntN(3)]
			line := fmt.Sprintf("%d %d %s %x\n", n, i, name, chance.Uint64())
			b.WriteString(line)
			if name != "ada" {
				kept.WriteString(line)
			}
		}
		r := Record{ReceivedAt: received, Source: strings.Repeat("s", chance.IntN(9)), Lines: uint32(count), DecodedBytes: uint64(b.Len()), Body: []byte(b.String())}
		if chance.IntN(2) == 0 {
			r.Codec, r.Body = Codec(codec.Zstd), z.EncodeAll(r.Body, nil)
		}
		p, err := l.Append(context.Background(), &r)
		if err != nil {
			t.Fatal(err)
		}
		want[p.Record] = kept.String()
	}
	if _, _, err := began.Next(t.Context()); err != nil { // a reader is in the middle of an old file
		t.Fatal(err)
	}
	l.Release(Position{Record: 1 << 40})
	done, err := l.Rewrite(t.Context(), withoutLines(t, " ada ", zstd.SpeedBestCompression))
	if err != nil || done.Records < 200 || done.Dropped > 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if again, err := l.Rewrite(t.Context(), withoutLines(t, " ada ", zstd.SpeedBestCompression)); err != nil || again.Records > 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
	mustAppend(t, l, "the end")
	check := func(when string) {
		t.Helper()
		seen := 0
		if _, err := Visit(dir, func(p Position, r *Record) error {
			if text, known := want[p.Record]; known {
				seen++
				if got := string(lines(t, r)); got != text {
					t.Errorf("%s, record %d: %q, want %q", when, p.Record, got, text)
				}
			}
			return nil
		}); err != nil || seen != len(want) {
			t.Fatalf("%s: %d records, %v", when, seen, err)
		}
	}
	check("open")
	for n := uint64(2); n <= 300; n++ {
		if _, p, err := began.Next(t.Context()); err != nil || p.Record != n {
			t.Fatalf("the reader: record %d, %v, want %d", p.Record, err, n)
		}
	}
	if d := l.Stats().Damages; d > 0 {
		t.Errorf("%d damages", d)
	}
	mustClose(t, l)
	report, err := Inspect(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Damages) > 0 {
		t.Errorf("damages: %+v", report.Damages)
	}
	l = mustOpen(t, Options{Dir: dir})
	check("opened again")
	mustClose(t, l)
}

func TestWhatDoesNotFitGoesOnceItIsReleased(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, Options{Dir: dir, Retain: time.Hour})
	defer mustClose(t, l)
	mustAppend(t, l, "an older one")
	if err := l.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, "ada", "bob")
	grow := func(_ Position, r *Record) (*Content, error) {
		if string(r.Body) != "ada" {
			return nil, nil
		}
		return &Content{Body: make([]byte, 100)}, nil
	}
	if _, err := l.Rewrite(t.Context(), grow); !errors.Is(err, ErrNoFit) {
		t.Errorf("nothing is released: %v", err)
	}
	l.Release(Position{Record: 1 << 40})
	done, err := l.Rewrite(t.Context(), grow)
	if err != nil || done.Dropped != 2 {
		t.Errorf("%+v, %v", done, err)
	}
	mustAppend(t, l, "the end")
	if got := readUntil(t, l, Position{}, "the end"); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
	if names, err := filepath.Glob(filepath.Join(dir, "*.seg")); err != nil || len(names) != 1 {
		t.Errorf("%q, %v", names, err)
	}
}
