package receipts

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// benchReceipts are the receipts of a batch: ten records with 5,000 events each.
func benchReceipts() []Receipt {
	list := make([]Receipt, 10)
	for i := range list {
		events := make([]uint64, 5000)
		for j := range events {
			events[j] = rand.Uint64()
		}
		list[i] = Receipt{
			LogID: "live-ABCDEFGHIJKLMNOPQRSTUVWXYZ", Record: uint64(i), ReceivedAt: noon,
			Lane: "live", Source: "edge", Lines: len(events), Events: events,
		}
	}
	return list
}

// BenchmarkAppend keeps the receipts of a batch. Beside it the same bytes are
// written in the plainest way, one write and one fsync, and the ratio of the two
// rates is reported.
func BenchmarkAppend(b *testing.B) {
	list := benchReceipts()
	k, err := OpenWriter(Options{Dir: b.TempDir(), MaxBytes: 256 << 20, Now: atOne})
	if err != nil {
		b.Fatal(err)
	}
	var frames []byte
	for i := range list {
		frames = appendFrame(frames, &list[i])
	}
	plain, err := os.Create(filepath.Join(b.TempDir(), "plain"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(frames)))
	b.ReportAllocs()
	var spent time.Duration
	for b.Loop() {
		if err := k.Append(list); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		start := time.Now()
		if _, err := plain.Write(frames); err != nil {
			b.Fatal(err)
		}
		if err := plain.Sync(); err != nil {
			b.Fatal(err)
		}
		spent += time.Since(start)
		if size, _ := plain.Seek(0, 1); size > 32<<20 { // as large as the book's files
			if err := plain.Truncate(0); err != nil {
				b.Fatal(err)
			}
			_, _ = plain.Seek(0, 0)
		}
		b.StartTimer()
	}
	b.ReportMetric(spent.Seconds()/b.Elapsed().Seconds(), "x_plain_fsync")
	b.ReportMetric(50_000*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	if err := k.Close(); err != nil {
		b.Fatal(err)
	}
	_ = plain.Close()
}

// BenchmarkHour reads an hour of a million events, every checksum checked.
func BenchmarkHour(b *testing.B) {
	dir := b.TempDir()
	k, err := OpenWriter(Options{Dir: dir, Now: atOne})
	if err != nil {
		b.Fatal(err)
	}
	list := benchReceipts()
	for i := range 20 {
		for j := range list {
			list[j].Record = uint64(i*len(list) + j)
		}
		if err := k.Append(list); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(k.Bytes())
	shelf, err := OpenReader(dir)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		h, err := shelf.Hour(noon)
		if err != nil {
			b.Fatal(err)
		}
		events := 0
		if err := h.Each(func(r *Receipt) error { events += len(r.Events); return nil }); err != nil || events != 1_000_000 {
			b.Fatal(events, err)
		}
		if err := h.Close(); err != nil {
			b.Fatal(err)
		}
	}
	if err := k.Close(); err != nil {
		b.Fatal(err)
	}
}
