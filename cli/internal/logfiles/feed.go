package logfiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/archive"
	"glint/ingest/host/inorder"
)

// Stdin is the name of standard input among the files.
const Stdin = "-"

// BodyBytes and BodyLines are when a body is full. Ingest takes far larger ones; these keep the memory
// small, and a stop loses little work.
const (
	BodyBytes = 4 << 20
	BodyLines = 20_000
)

// body is lines to be posted together.
type body struct {
	place *inorder.Item[*body]
	lines []byte
	count int
	marks []fileMark // of the files, once this body and all before it are taken
	read  int64      // raw bytes of all files up to here
}

type fileMark struct {
	path  string // "": of a file that can be read once only
	mark  archive.Mark
	ended bool // no lines of it follow
}

// feeder reads files and puts their lines into bodies.
type feeder struct {
	out   chan *body
	marks *marks
	read  Reading
	unit  string
	order *inorder.Queue[*body] // in which the bodies are made
	fault func(error)
	stdin io.Reader

	skipped  int      // files that an earlier replay has sent
	noEvents []string // files that gave lines and no event, with the reason of the first one

	next  body
	ended int64 // raw bytes of the files that were read
}

// source is a file that is read.
type source struct {
	archive.File
	read    Lines
	from    int64 // decoded; what is before was taken by an earlier run
	noEvent bool  // none of its lines so far is an event
	fault   error // of the first one
	lines   int
}

// run reads all files. It ends with an error if ctx does; what is wrong with a
// file goes to fault.
func (f *feeder) run(ctx context.Context, files []archive.File) error {
	for _, file := range files {
		var from archive.Mark
		var err error
		if file.Regular {
			from, err = f.marks.resume(ctx, file)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			f.fault(err)
		case from.Done:
			f.skipped++
			f.ended += file.Size
			if from.NoEvent {
				f.noEvents = append(f.noEvents, file.Path+": no "+f.unit+" in its lines when it was read before")
			}
		default:
			if err := f.file(ctx, &source{File: file, noEvent: from.Offset == 0 || from.NoEvent}, from.Offset); err != nil {
				return err
			}
		}
	}
	return f.flush(ctx)
}

func (f *feeder) file(ctx context.Context, file *source, skip int64) error {
	file.read = f.read.Open(file.Path)
	if file.read.Stateful() {
		file.from, skip = skip, 0
	}
	in, err := f.open(ctx, file.File)
	if err != nil {
		f.fault(err)
		return nil
	}
	defer func() { _ = in.Close() }() // only read
	r, err := archive.NewReader(in, skip)
	if err == nil {
		defer r.Close()
		err = f.lines(ctx, r, file)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		f.fault(fmt.Errorf("%s: %w", file.Path, err))
	}
	if file.noEvent && file.lines > 0 {
		f.noEvents = append(f.noEvents, fmt.Sprintf("%s: no %s in its %s, of the first one: %s",
			file.Path, f.unit, output.Plural(file.lines, "line", "lines"), strings.TrimPrefix(file.fault.Error(), "event: ")))
	}
	f.ended = f.readBytes(r, file.File, true)
	return nil
}

// readBytes returns the raw bytes of all files so far, for the progress.
func (f *feeder) readBytes(r *archive.Reader, file archive.File, ended bool) int64 {
	switch {
	case file.Regular && ended:
		return f.ended + file.Size
	case file.Regular:
		return f.ended + min(r.RawBytes(), file.Size)
	case r == nil:
		return f.ended
	}
	return f.ended + r.RawBytes()
}

// lines takes the lines of a file. Lines that were read count, whatever follows.
func (f *feeder) lines(ctx context.Context, r *archive.Reader, file *source) error {
	for {
		line, err := r.Next()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			done := errors.Is(err, io.EOF)
			if err := f.mark(r, file, done, true); err != nil {
				return err
			}
			if n := r.LongLines(); n > 0 {
				f.fault(fmt.Errorf("%s: %s longer than %s bytes left out", file.Path,
					output.Plural(n, "line", "lines"), output.Count(archive.MaxLineBytes)))
			}
			if done {
				return nil
			}
			return err
		}
		before := len(f.next.lines)
		var read error
		f.next.lines, read = file.read.Append(f.next.lines, line)
		file.look(read)
		if r.Offset() <= file.from {
			f.next.lines = f.next.lines[:before]
			continue
		}
		if len(f.next.lines) > before {
			f.next.count++
		}
		f.next.read = f.readBytes(r, file.File, false)
		if len(f.next.lines) >= BodyBytes || f.next.count >= BodyLines {
			if err := f.mark(r, file, false, false); err != nil {
				return err
			}
			if err := f.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// look notes whether a line is an event, until one is.
func (s *source) look(read error) {
	s.lines++
	if !s.noEvent {
		return
	}
	s.noEvent = read != nil
	if s.fault == nil {
		s.fault = read
	}
}

// mark notes how far the file is read.
func (f *feeder) mark(r *archive.Reader, file *source, done, ended bool) error {
	m := fileMark{ended: ended}
	if file.Regular {
		m.path = file.Path
		var err error
		if m.mark, err = r.Mark(done); err != nil {
			return err
		}
		m.mark.NoEvent = file.noEvent && file.lines > 0
	}
	f.next.marks = append(f.next.marks, m)
	f.next.read = f.readBytes(r, file.File, ended)
	return nil
}

// flush hands out the body, if there is anything in it.
func (f *feeder) flush(ctx context.Context) error {
	if f.next.count == 0 && len(f.next.marks) == 0 {
		return nil
	}
	if err := f.read.Settle(ctx); err != nil {
		return err
	}
	b := f.next
	b.place = f.order.Add(&b)
	f.next = body{lines: make([]byte, 0, len(b.lines)+len(b.lines)/8)}
	select {
	case f.out <- &b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// open opens a file so that reading it ends with ctx.
func (f *feeder) open(ctx context.Context, file archive.File) (io.ReadCloser, error) {
	switch {
	case file.Path == Stdin:
		return io.NopCloser(app.Interruptible(ctx, f.stdin)), nil
	case !file.Regular:
		return io.NopCloser(app.Interruptible(ctx, &pipe{path: file.Path})), nil
	}
	in, err := os.Open(file.Path)
	if err != nil {
		return nil, err
	}
	return &interruptible{ctx, in}, nil
}

// interruptible is a file whose reads end with ctx.
type interruptible struct {
	ctx context.Context
	*os.File
}

func (i *interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.File.Read(p)
}

// pipe is opened by its first Read, since that waits for a writer.
type pipe struct {
	path string
	file *os.File
}

func (p *pipe) Read(b []byte) (n int, err error) {
	if p.file == nil {
		if p.file, err = os.Open(p.path); err != nil {
			return 0, err
		}
	}
	return p.file.Read(b)
}
