package logfiles

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

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

// bodyBuffers keep the memory of bodies that are posted for later ones.
var bodyBuffers sync.Pool // of *[]byte

func emptyBody() []byte {
	if kept, ok := bodyBuffers.Get().(*[]byte); ok {
		return (*kept)[:0]
	}
	return make([]byte, 0, BodyBytes+BodyBytes/8)
}

type fileMark struct {
	path  string // "": of a file that can be read once only
	mark  archive.Mark
	ended bool // no lines of it follow
}

// feeder puts the results of blocks into bodies, in the order of the blocks.
type feeder struct {
	out   chan<- *body
	read  Reading
	unit  string
	order *inorder.Queue[*body] // in which the bodies are made
	fault func(error)

	skipped  int      // files that an earlier replay has sent
	noEvents []string // files that gave lines and no event, with the reason of the first one

	next body
}

// ErrHeader is the error about a line that only says how others are read.
var ErrHeader = errors.New("a header or comment line")

// source is a file that is read.
type source struct {
	archive.File
	read Lines
	from int64 // decoded; what is before was taken by an earlier run

	// The feeder's.
	noEvent bool  // none of its lines so far is an event
	fault   error // of the first one that is more than a header
	lines   int
}

// run takes blocks until there are no more. It ends with an error if ctx does; what is
// wrong with a file goes to fault.
func (f *feeder) run(ctx context.Context, inOrder <-chan *block) error {
	for b := range inOrder {
		select {
		case <-b.parsed:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := f.take(ctx, b); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err() // why there are no more
	}
	return f.flush(ctx)
}

func (f *feeder) take(ctx context.Context, b *block) error {
	if b.skipped {
		f.skipped++
	}
	if b.noEvent != "" {
		f.noEvents = append(f.noEvents, b.noEvent)
	}
	for i, offset := range b.offsets {
		before := len(f.next.lines)
		partial := b.partial && i == len(b.offsets)-1
		taken := offset <= b.file.from && !partial
		var read error
		f.next.lines, read = b.results.Append(f.next.lines, taken)
		b.file.look(read)
		if taken {
			f.next.lines = f.next.lines[:before]
			continue
		}
		if len(f.next.lines) > before {
			f.next.count++
		}
		f.next.read = b.read
		if len(f.next.lines) >= BodyBytes || f.next.count >= BodyLines {
			mark := b.mark
			mark.Offset, mark.Done = offset, false
			f.mark(b, mark, false)
			if err := f.flush(ctx); err != nil {
				return err
			}
		}
	}
	if b.whole {
		f.mark(b, b.mark, true)
		f.next.read = b.read
	}
	for _, err := range b.faults {
		f.fault(err)
	}
	if file := b.file; b.ended && file.noEvent && file.lines > 0 {
		f.noEvents = append(f.noEvents, fmt.Sprintf("%s: no %s in its %s, of the first one: %s",
			file.Path, f.unit, output.Plural(file.lines, "line", "lines"), strings.TrimPrefix(file.fault.Error(), "event: ")))
	}
	return nil
}

// look notes whether a line is an event, until one is.
func (s *source) look(read error) {
	s.lines++
	if !s.noEvent {
		return
	}
	s.noEvent = read != nil
	if s.fault == nil || errors.Is(s.fault, ErrHeader) && read != nil {
		s.fault = read
	}
}

// mark notes how far the block's file is read.
func (f *feeder) mark(b *block, mark archive.Mark, ended bool) {
	m := fileMark{ended: ended}
	if file := b.file; file.Regular {
		m.path, m.mark = file.Path, mark
		m.mark.NoEvent = file.noEvent && file.lines > 0
	}
	f.next.marks = append(f.next.marks, m)
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
	f.next = body{lines: emptyBody()}
	select {
	case f.out <- &b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
