package logfiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/archive"
)

// bucket is many files that are open at the same time, and how many were.
type bucket struct {
	mu         sync.Mutex
	open, most int
	enough     chan struct{} // closed once three are open
	close      sync.Once
	opened     map[string]int
}

func (b *bucket) file(name, content string, size int64, fault error) archive.File {
	return archive.File{Path: "s3://logs/" + name, Size: size, Regular: true, Version: "1", Open: func(ctx context.Context) (io.ReadCloser, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.opened[name]++
		b.open++
		b.most = max(b.most, b.open)
		if b.open == 3 {
			b.close.Do(func() { close(b.enough) })
		}
		var in io.Reader = strings.NewReader(content)
		if fault != nil {
			in = io.MultiReader(in, failing{fault})
		}
		return &slowFile{Reader: in, bucket: b, ctx: ctx}, nil
	}}
}

// slowFile gives nothing before three files are open.
type slowFile struct {
	io.Reader
	bucket *bucket
	ctx    context.Context
}

func (f *slowFile) Read(p []byte) (int, error) {
	select {
	case <-f.bucket.enough:
	case <-f.ctx.Done():
		return 0, f.ctx.Err()
	case <-time.After(time.Minute):
		return 0, errors.New("the files are fetched one after the other")
	}
	return f.Reader.Read(p)
}

func (f *slowFile) Close() error {
	f.bucket.mu.Lock()
	defer f.bucket.mu.Unlock()
	f.bucket.open--
	return nil
}

// readError is as package archiver has it: the file itself is not damaged.
type readError struct{ error }

func (readError) Timeout() bool { return false }

// The files of a bucket are fetched several at a time, and read in their order: what was
// read before is not fetched, a fault ends its own file alone, and one that has grown is
// read to its end.
func TestFilesOfABucketAreFetchedAhead(t *testing.T) {
	b := &bucket{enough: make(chan struct{}), opened: map[string]int{}}
	broken := readError{errors.New("the bucket does not answer")}
	var files []archive.File
	var want []string
	known := map[string]archive.Mark{}
	for n := range 60 {
		name := fmt.Sprintf("%02d", n)
		content := fmt.Sprintf("a of %s\nb of %[1]s\n", name)
		size, fault := int64(len(content)), error(nil)
		switch n {
		case 7:
			known["s3://logs/"+name] = archive.Mark{Size: size, Fingerprint: "x", Offset: size, Done: true, Version: "1"}
		case 9:
			fault, size = broken, size+5
		case 11:
			size -= 9
		case 13:
			size = aheadFileBytes + 1
		case 15:
			known["s3://logs/"+name] = archive.Mark{Size: 8, Fingerprint: "x", Offset: 8, Version: "1"}
		}
		files = append(files, b.file(name, content, size, fault))
		for i, line := range strings.SplitAfter(strings.ToUpper(content), "\n")[:2] {
			switch {
			case n == 7, n == 15 && i == 0:
			case n == 15:
				want = append(want, "1 "+line)
			default:
				want = append(want, fmt.Sprintf("%d %s", i+1, line))
			}
		}
	}
	got := feed(t, files, known, false, 2)
	if diff := cmp.Diff(want, got.Lines); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"s3://logs/09: the bucket does not answer"}, got.Faults); diff != "" {
		t.Error(diff)
	}
	if b.opened["07"] != 0 || len(b.opened) != 59 {
		t.Errorf("%d files were opened, the one that is done %d times", len(b.opened), b.opened["07"])
	}
	if b.open != 0 || b.most > aheadFiles+1 {
		t.Errorf("%d files are open at the end, %d were at once", b.open, b.most)
	}
}

func TestFetchingAheadKeepsWithinItsBytes(t *testing.T) {
	var mu sync.Mutex
	begun := 0
	var files []archive.File
	for n := range 40 {
		files = append(files, archive.File{Path: fmt.Sprint("s3://logs/", n), Size: aheadFileBytes, Open: func(context.Context) (io.ReadCloser, error) {
			mu.Lock()
			defer mu.Unlock()
			begun++
			return io.NopCloser(strings.NewReader("x")), nil
		}})
	}
	a := fetchAhead(t.Context(), files, &marks{})
	defer a.stop()
	first, ok, err := a.open(t.Context(), files[0])
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return begun
	}
	for range 100 { // nothing gives a place back
		time.Sleep(time.Millisecond)
		if n := count(); n > aheadBytes/aheadFileBytes {
			t.Fatalf("%d files were begun", n)
		}
	}
	before := count()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); count() <= before && time.Now().Before(end); time.Sleep(time.Millisecond) {
		continue
	}
	if count() <= before {
		t.Error("the room of a file that was read is not used again")
	}
}
