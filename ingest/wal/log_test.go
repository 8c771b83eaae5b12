package wal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/host/disk"
	"glint/ingest/host/disk/disksim"
)

func TestRecordComesBackAsItWasAppended(t *testing.T) {
	large := strings.Repeat("0123456789", 100_000)
	for _, tc := range []struct {
		name string
		give Record
	}{
		{"small", *record("a line\n")},
		{"empty body", *record("")},
		{"no source", Record{ReceivedAt: received, Body: []byte("x")}},
		{"longest source", Record{ReceivedAt: received, Source: strings.Repeat("s", 255), Body: []byte("x")}},
		{"body larger than the window", Record{ReceivedAt: received, Source: "s", Codec: 1, Lines: 1 << 31, DecodedBytes: 1 << 40, Body: []byte(large)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := mustOpen(t, Options{Dir: t.TempDir()})
			want, err := l.Append(context.Background(), &tc.give)
			if err != nil {
				t.Fatal(err)
			}
			got, p, err := l.NewReader(Position{}).Next(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if p != want || p.Record != 1 {
				t.Errorf("position %v, want %v, record 1", p, want)
			}
			if !bytes.Equal(got.Body, tc.give.Body) {
				t.Errorf("body of %d bytes differs from the %d given", len(got.Body), len(tc.give.Body))
			}
			got.Body, tc.give.Body = nil, nil
			if diff := cmp.Diff(tc.give, got); diff != "" {
				t.Error(diff)
			}
			mustClose(t, l)
		})
	}
}

func TestRecordOutsideTheFormatIsRefused(t *testing.T) {
	o := testOptions(disksim.New())
	o.MaxRecordBytes = 100
	l := mustOpen(t, o)
	defer mustClose(t, l)
	for name, r := range map[string]*Record{
		"source": {Source: strings.Repeat("s", 256)},
		"body":   {Body: make([]byte, 101)},
	} {
		if _, err := l.Append(context.Background(), r); !errors.Is(err, ErrRecord) {
			t.Errorf("%s too long: %v, want ErrRecord", name, err)
		}
	}
	mustAppend(t, l, strings.Repeat("b", 100))
}

func TestNumbersGoOnAfterReopening(t *testing.T) {
	fs := disksim.New()
	var want []string
	for _, body := range numbered(20) {
		l := mustOpen(t, testOptions(fs))
		if !l.Recovery().Clean {
			t.Fatal("a closed log counts as unclean")
		}
		if got := l.Recovery().Next.Record; got != uint64(len(want)+1) {
			t.Fatalf("the next record is %d, want %d", got, len(want)+1)
		}
		mustAppend(t, l, body)
		want = append(want, body)
		mustClose(t, l)
	}
	l := mustOpen(t, testOptions(fs))
	defer mustClose(t, l)
	if diff := cmp.Diff(want, readAll(t, l)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[12:], readUntil(t, l, Position{Record: 13}, "the last one")); diff != "" {
		t.Error("from record 13:", diff)
	}
}

func TestReadingBeginsInTheMiddleOfASegment(t *testing.T) {
	l := mustOpen(t, testOptions(disksim.New()))
	defer mustClose(t, l)
	want := numbered(50)
	mustAppend(t, l, want...)
	mustAppend(t, l, "end")
	for from := 1; from <= 50; from++ {
		if diff := cmp.Diff(want[from-1:], readUntil(t, l, Position{Record: uint64(from)}, "end")); diff != "" {
			t.Fatalf("from %d: %s", from, diff)
		}
	}
}

func TestReaderWaitsForTheNextRecord(t *testing.T) {
	o := testOptions(disksim.New())
	o.SegmentBytes = 400 // a new segment every few records
	l := mustOpen(t, o)
	want := numbered(100)
	go func() {
		for _, body := range want {
			mustAppend(t, l, body)
		}
		mustAppend(t, l, "end")
	}()
	if diff := cmp.Diff(want, readUntil(t, l, Position{}, "end")); diff != "" {
		t.Error(diff)
	}
	r := l.NewReader(Position{Record: 102})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := r.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled wait: %v", err)
	}
	ended := make(chan error)
	go func() {
		_, _, err := r.Next(context.Background())
		ended <- err
	}()
	mustClose(t, l)
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("wait ended by Close: %v", err)
	}
	if _, err := l.Append(context.Background(), record("x")); !errors.Is(err, ErrClosed) {
		t.Errorf("append after Close: %v", err)
	}
	if err := l.Close(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
}

func TestLogHasOneOwner(t *testing.T) {
	for _, tc := range []struct {
		name string
		fs   disk.FS
		dir  string
		pid  int
	}{
		{"simulated", disksim.New(), dir, 0},
		{"real", disk.OS{}, filepath.Join(t.TempDir(), "log"), os.Getpid()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := Options{Dir: tc.dir, FS: tc.fs}
			l := mustOpen(t, o)
			_, err := Open(o)
			held, ok := errors.AsType[*LockedError](err)
			if !ok || !errors.Is(err, ErrLocked) || held.PID != tc.pid {
				t.Fatalf("second Open: %v, want ErrLocked by process %d", err, tc.pid)
			}
			mustClose(t, l)
			mustClose(t, mustOpen(t, o))
		})
	}
}

func TestSegmentsAreSealedBySizeAndAge(t *testing.T) {
	now := received
	o := testOptions(disksim.New())
	o.Now = func() time.Time { return now }
	o.SegmentBytes, o.SegmentAge = 1000, time.Minute
	l := mustOpen(t, o)
	defer mustClose(t, l)
	mustAppend(t, l, "small")
	l.tidy(now.Add(59 * time.Second))
	mustAppend(t, l, "small")
	if got := l.Stats().Segments; got != 1 {
		t.Fatalf("%d segments before the age, want 1", got)
	}
	l.tidy(now.Add(60 * time.Second))
	mustAppend(t, l, "small", strings.Repeat("x", 1000))
	if got := l.Stats().Segments; got != 2 {
		t.Fatalf("%d segments after the age, want 2", got)
	}
	mustAppend(t, l, "small")
	if got := l.Stats().Segments; got != 3 {
		t.Fatalf("%d segments after the size, want 3", got)
	}
	if err := l.Seal(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, "small")
	if got := l.Stats().Segments; got != 4 {
		t.Fatalf("%d segments after Seal, want 4", got)
	}
}

func TestReleasedSegmentsGoAfterTheirTime(t *testing.T) {
	fs, now := disksim.New(), received
	o := testOptions(fs)
	o.Now = func() time.Time { return now }
	o.SegmentBytes, o.Retain = 1, time.Minute // one segment per record
	l := mustOpen(t, o)
	mustAppend(t, l, numbered(5)...)
	l.Release(Position{Record: 4})
	if s := l.Stats(); s.BacklogRecords != 2 || s.Segments != 5 {
		t.Fatalf("backlog of %d records in %d segments, want 2 in 5", s.BacklogRecords, s.Segments)
	}
	l.tidy(now.Add(time.Minute - 1))
	if s := l.Stats(); s.Segments != 5 {
		t.Fatalf("%d segments before the time, want 5", s.Segments)
	}
	now = now.Add(time.Minute)
	l.tidy(now)
	if s := l.Stats(); s.Segments != 2 || s.BacklogAge != time.Minute {
		t.Fatalf("%d segments, age %v, want 2, 1m", s.Segments, s.BacklogAge)
	}
	l.Release(Position{Record: 1 << 62}) // more than there is
	now = now.Add(time.Minute)
	l.tidy(now)
	if names, _ := filesOf(fs); len(names) != 1 || l.Stats().BacklogRecords != 0 {
		t.Fatalf("%v with %d records, want one file without", names, l.Stats().BacklogRecords)
	}
	mustClose(t, l)
	l = mustOpen(t, o)
	defer mustClose(t, l)
	mustAppend(t, l, "sixth")
	if _, p, err := l.NewReader(Position{}).Next(context.Background()); err != nil || p.Record != 6 {
		t.Errorf("position %v, %v, want record 6: its number must not come from the start", p, err)
	}
}

func TestQuota(t *testing.T) {
	o := testOptions(disksim.New())
	o.SegmentBytes, o.MaxBytes, o.Retain = 1000, 5000, time.Hour
	l := mustOpen(t, o)
	defer mustClose(t, l)
	body, stored := strings.Repeat("x", 300), 0
	for ; ; stored++ {
		_, err := l.Append(context.Background(), record(body))
		if errors.Is(err, ErrQuota) {
			break
		}
		if err != nil || stored > 100 {
			t.Fatal(stored, err)
		}
	}
	if s := l.Stats(); s.Bytes > o.MaxBytes || s.RefusedQuota != 1 || stored < 10 {
		t.Errorf("%d bytes of %d after %d records, %d refused", s.Bytes, o.MaxBytes, stored, s.RefusedQuota)
	}
	l.Release(Position{Record: 5})
	mustAppend(t, l, body)
	if s := l.Stats(); s.DeletedEarly != 1 {
		t.Errorf("%d released segments deleted early, want 1", s.DeletedEarly)
	}
}

func TestWaitingRecordIsTakenBack(t *testing.T) {
	l := mustOpen(t, testOptions(disksim.New()))
	hold, held := make(chan struct{}), make(chan struct{})
	go func() {
		_ = l.do(context.Background(), func() error { close(held); <-hold; return nil })
	}()
	<-held
	ctx, cancel := context.WithCancel(context.Background())
	answer := make(chan error)
	go func() {
		_, err := l.Append(ctx, record("given up"))
		answer <- err
	}()
	for waiting := 0; waiting == 0; {
		l.mu.Lock()
		waiting = len(l.queue)
		l.mu.Unlock()
	}
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("append: %v, want context.Canceled", err)
	}
	close(hold)
	if got := readAll(t, l); len(got) != 0 {
		t.Errorf("read %q, want nothing", got)
	}
	mustClose(t, l)
}

func TestLanesAreApart(t *testing.T) {
	root := t.TempDir()
	lanes, err := OpenLanes(root, Options{}, Options{MaxBytes: 1000}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lanes.Lane(LaneReplay).Append(context.Background(), record(strings.Repeat("x", 2000))); !errors.Is(err, ErrQuota) {
		t.Errorf("replay: %v, want ErrQuota", err)
	}
	mustAppend(t, lanes.Lane(LaneLive), strings.Repeat("x", 2000))
	if lanes.Lane("other") != nil {
		t.Error("there is a lane called other")
	}
	if err := lanes.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	dirs, err := Find(root)
	if err != nil || len(dirs) != 3 {
		t.Fatalf("found %v, %v, want three lanes", dirs, err)
	}
	report, err := Inspect(dirs[0])
	if err != nil || report.Lane != LaneLive || report.Records() != 1 {
		t.Errorf("report %+v, %v, want lane live with a record", report, err)
	}
}
