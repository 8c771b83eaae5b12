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

// Limits of fetching ahead. A bucket takes longer to begin an answer than to send a small
// file, and a CDN writes thousands of small files a day, so the next files of a bucket are
// fetched while one is parsed.
const (
	aheadFiles     = 8
	aheadBytes     = 32 << 20
	aheadFileBytes = 8 << 20 // a larger file is streamed at its turn
)

// ahead fetches files before their turn.
type ahead struct {
	stop    func() // cancels all fetches and waits for their end
	fetches map[string]*fetch
}

// fetch is the fetch of one file.
type fetch struct {
	archive.File
	done    chan struct{} // closed once the other fields are set
	content []byte
	rest    io.ReadCloser // the bytes beyond the listed size; nil if there are none
	err     error         // after content
	free    func()        // releases its slot and bytes
}

// fetchAhead begins to fetch the files that are in a bucket, small, and not sent
// yet. It fetches them in order, so that the next file never waits for room that a later
// one occupies.
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
				close(f.done) // a reader that waits for it also ends with ctx
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
	f.content = make([]byte, f.Size+1) // one more byte detects that the file has grown
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

// open returns a file that was fetched ahead, at most once; ok is false for other files.
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

// reader returns the content of the file up to its end or error.
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

// Close releases the slot for another file.
func (f *fetched) Close() error {
	f.Reader, f.content = nil, nil
	f.free()
	if f.rest != nil {
		return f.rest.Close()
	}
	return nil
}

// failing is a reader that returns err.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
