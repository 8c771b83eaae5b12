package batch

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"glint/ingest/receiver/codec"
	"glint/ingest/wal"
)

// TestALaneThatBeginsAnewInOneProcessGoesOn has records that came since the log was
// opened: the log is not another one for them.
func TestALaneThatBeginsAnewInOneProcessGoesOn(t *testing.T) {
	log, err := wal.Open(wal.Options{Dir: t.TempDir(), Lane: "live", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close(context.WithoutCancel(t.Context())) })
	dir, house := t.TempDir(), newHouse()
	for again := range byte(3) {
		stop := start(t, dir, NewSource(log, slog.New(slog.DiscardHandler)), house, 1)
		body := openLine(t, again+1, nil) + "\n"
		r := wal.Record{ReceivedAt: time.Now(), Source: "test", Lines: 1, Codec: wal.Codec(codec.Plain), DecodedBytes: uint64(len(body)), Body: []byte(body)}
		if _, err := log.Append(t.Context(), &r); err != nil {
			t.Fatal(err)
		}
		wait(t, "the release of all records", func() bool { released, next := log.Position(); return released == next })
		stop()
		house.mu.Lock()
		inserts := len(house.names)
		house.mu.Unlock()
		if want := int(again) + 1; inserts != want || house.stored() != want {
			t.Fatalf("run %d: %d inserts of %d rows, want %d of each", again+1, inserts, house.stored(), want)
		}
	}
}
