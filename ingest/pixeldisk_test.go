package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"glint/ingest/admission"
	"glint/ingest/logstream"
	"glint/ingest/wal"
)

var quiet = slog.New(slog.DiscardHandler)

// smallDisk is a log that takes a number of bytes, and more once the reserve is
// gone.
type smallDisk struct {
	left    int
	reserve string
	body    bytes.Buffer
}

func (d *smallDisk) append(_ context.Context, body []byte) error {
	room := d.left
	if _, err := os.Stat(d.reserve); err != nil && d.reserve != "" {
		room += 1000
	}
	if d.body.Len()+len(body) > room {
		return fmt.Errorf("%w: it is full", wal.ErrNoSpace)
	}
	d.body.Write(body)
	return nil
}

// newStore returns a store on a small disk in dir, and its stream.
func newStore(t *testing.T, dir string, d *smallDisk, admit func() error) (*pixelStore, *logstream.Batcher) {
	t.Helper()
	s := &pixelStore{
		admit: admit, append: d.append, progress: func(string) {}, logger: quiet,
		reserve: &reserve{path: filepath.Join(dir, "reserve"), bytes: 1000, logger: quiet, now: time.Now},
		ledger:  openLedger(filepath.Join(dir, "ledger"), quiet),
	}
	stream := logstream.New(logstream.Config{Period: time.Second, MaxPendingBytes: 20_000, StopWait: 3 * time.Second, Note: s.note}, s.send)
	return s, stream
}

func TestEveryAnsweredOpenIsStoredOrCounted(t *testing.T) {
	const line, lines = 99, 400 // with its line feed 100 bytes
	for _, c := range []struct {
		name    string
		disk    int
		reserve bool
		admit   error
		stored  int
	}{
		{"a disk with room", 1 << 20, false, nil, 200},
		{"a full disk", 0, false, nil, 0},
		{"a full disk with a reserve", 0, true, nil, 10},
		{"a disk with little room", 9000, false, nil, 90},
		{"little room and a reserve", 9000, true, nil, 100},
		{"no share left, and room on the disk", 9000, true, admission.SourceFull, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				d := &smallDisk{left: c.disk}
				if c.reserve {
					d.reserve = filepath.Join(dir, "reserve")
					if err := os.WriteFile(d.reserve, make([]byte, 1000), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				s, stream := newStore(t, dir, d, func() error { return c.admit })
				s.reserve.held = c.reserve
				s.reserve.tried = time.Now().Add(time.Hour) // it is not made again
				for range lines {
					stream.Add([]byte(strings.Repeat("x", line)))
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := d.body.Len() / (line + 1); got < c.stored-40 || got > c.stored {
					t.Errorf("%d lines are stored, want %d or a piece less", got, c.stored)
				}
				stored := d.body.Len() / (line + 1)
				// A SIGKILL now: what the next run finds.
				if l := openLedger(s.ledger.file.Name(), quiet); int(l.lostBefore)+stored != lines {
					t.Errorf("%d stored, %d counted after a SIGKILL, want %d in all", stored, l.lostBefore, lines)
				}
				s.ledger.mu.Lock()
				s.ledger.write() // as before the look
				s.ledger.mu.Unlock()

				began := time.Now()
				stream.Close(t.Context())
				if took := time.Since(began); took > 3*time.Second {
					t.Errorf("the end took %v", took)
				}
				stored = d.body.Len() / (line + 1)
				if stored+int(stream.Dropped()) != lines || stored != int(stream.Sent()) {
					t.Errorf("%d stored, %d sent, %d dropped, want %d in all", stored, stream.Sent(), stream.Dropped(), lines)
				}
				if l := openLedger(s.ledger.file.Name(), quiet); int(l.lostBefore)+stored != lines || l.lostAtLast != 0 {
					t.Errorf("%d stored, %d counted after the end, want %d in all", stored, l.lostBefore, lines)
				}
			})
		})
	}
}

func TestTheLedgerAddsUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	for run, want := range []uint64{0, 7, 14, 21} {
		l := openLedger(path, quiet)
		if l.lostBefore != want {
			t.Errorf("run %d finds %d lost, want %d", run, l.lostBefore, want)
		}
		l.set(9, 2)
		l.set(5, 2) // and SIGKILL
	}
	if err := os.WriteFile(path, []byte("no ledger"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l := openLedger(path, quiet); l.lostBefore != 0 || l.file == nil {
		t.Errorf("a damaged ledger gives %d", l.lostBefore)
	}
	if l := openLedger(filepath.Join(path, "none"), quiet); l.lostBefore != 0 {
		t.Errorf("no ledger gives %d", l.lostBefore)
	} else {
		l.set(1, 1) // does nothing
	}
}

func TestTheReserveIsRoomOnTheDisk(t *testing.T) {
	now := time.Now()
	path := filepath.Join(t.TempDir(), "reserve")
	r := openReserve(path, quiet)
	r.now = func() time.Time { return now }
	if r.held || r.bytes <= 0 || r.bytes > maxReserveBytes {
		t.Fatalf("a new reserve of %d bytes, held %v", r.bytes, r.held)
	}
	r.bytes = 1 << 20
	r.refill()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, f)
	_ = f.Close()
	if n != r.bytes || err != nil || !r.held {
		t.Errorf("%d bytes, held %v, %v", n, r.held, err)
	}
	if r.spend(1) {
		t.Error("it can be spent while it is held")
	}
	if !r.release() || r.release() {
		t.Error("it must be given free once")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	if !r.spend(1<<20-1) || r.spend(2) || !r.spend(1) {
		t.Error("what was given free is not spent to the byte")
	}
	r.refill() // too early
	if r.held {
		t.Error("made again at once")
	}
	now = now.Add(refillPause)
	r.refill()
	if !r.held {
		t.Error("not made again")
	}
}
