package logfiles

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"golang.org/x/sync/semaphore"

	"glint/ingest/archive"
)

// A bucket takes longer to begin an answer than to send a small file, and a CDN writes
// thousands of small ones a day. So the next files of a bucket are fetched while one is
// parsed, at most so many at once and so many bytes of them in memory.
const (
	aheadFiles     = 8
	aheadBytes     = 32 << 20
	aheadFileBytes = 8 << 20 // a larger file is read at its turn, as it comes
)

// ahead fetches files before their turn.
type ahead struct {
	stop    func() // ends what is under way, and returns once it has
	fetches map[string]*fetch
}

// fetch is one file on its way.
type fetch struct {
	archive.File
	done    chan struct{} // closed once the rest is set
	content []byte
	rest    io.ReadCloser // nil, or what the file has beyond the size that was listed
	err     error         // of what follows content
	free    func()        // its place and bytes may be used by others
}

// fetchAhead begins to fetch the files among these that are of a bucket, small, and to
// be read: in their order, so that the one whose turn is next never waits for room that
// a later one has.
func fetchAhead(ctx context.Context, files []archive.File, m *marks) *ahead {
	a := &ahead{fetches: map[string]*fetch{}}
	var order []*fetch
	for _, file := range files {
		known := m.known[file.Path]
		unread := known == archive.Mark{} || file.Version != "" && file.Version == known.Version && !known.Done
		if file.Open != nil && unread && file.Size <= aheadFileBytes {
			f := &fetch{File: file, done: make(chan struct{})}
			a.fetches[file.Path], order = f, append(order, f)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	var working sync.WaitGroup
	places, bytes := semaphore.NewWeighted(aheadFiles), semaphore.NewWeighted(aheadBytes)
	working.Go(func() {
		for _, f := range order {
			if places.Acquire(ctx, 1) != nil || bytes.Acquire(ctx, f.Size) != nil {
				f.err = ctx.Err()
				close(f.done) // whoever waits for it ends with ctx, too
				return
			}
			f.free = func() { places.Release(1); bytes.Release(f.Size) }
			working.Go(func() { f.run(ctx) })
		}
	})
	a.stop = func() {
		cancel()
		working.Wait()
	}
	return a
}

func (f *fetch) run(ctx context.Context) {
	defer close(f.done)
	in, err := f.Open(ctx)
	if err != nil {
		f.err = err
		return
	}
	f.content = make([]byte, f.Size+1) // one byte more says whether it has grown
	n, err := io.ReadFull(in, f.content)
	f.content = f.content[:n]
	if err == nil {
		f.rest = in
		return
	}
	_ = in.Close() // only read
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) || int64(n) < f.Size {
		f.err = err
	}
}

// open returns a file that is fetched ahead, once; ok is false for one that is not.
func (a *ahead) open(ctx context.Context, file archive.File) (in io.ReadCloser, ok bool, err error) {
	f := a.fetches[file.Path]
	if f == nil {
		return nil, false, nil
	}
	delete(a.fetches, file.Path)
	select {
	case <-f.done:
	case <-ctx.Done():
		return nil, true, ctx.Err()
	}
	if f.err != nil && len(f.content) == 0 {
		if f.free != nil {
			f.free()
		}
		return nil, true, f.err
	}
	return &fetched{fetch: f, Reader: f.reader()}, true, nil
}

// reader returns what the file holds, to its end or its fault.
func (f *fetch) reader() io.Reader {
	content := bytes.NewReader(f.content)
	switch {
	case f.rest != nil:
		return io.MultiReader(content, f.rest)
	case f.err != nil:
		return io.MultiReader(content, failing{f.err})
	}
	return content
}

// fetched is a file that was fetched ahead.
type fetched struct {
	*fetch
	io.Reader
}

// Close lets another file be fetched.
func (f *fetched) Close() error {
	f.Reader, f.content = nil, nil
	f.free()
	if f.rest != nil {
		return f.rest.Close()
	}
	return nil
}

// failing gives its error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
