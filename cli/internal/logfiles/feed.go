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

// BodyBytes and BodyLines are the limits of a body. Ingest accepts far larger ones; small bodies need
// little memory, and an interruption loses little work.
const (
	BodyBytes = 4 << 20
	BodyLines = 20_000
)

// body is a run of lines that are posted together.
type body struct {
	place *inorder.Item[*body]
	lines []byte
	count int
	marks []fileMark // of the files, valid once ingest has this body and all before it
	read  int64      // raw bytes of all files up to here
}

// bodyBuffers reuses the memory of posted bodies.
var bodyBuffers sync.Pool // of *[]byte

func emptyBody() []byte {
	if kept, ok := bodyBuffers.Get().(*[]byte); ok {
		return (*kept)[:0]
	}
	return make([]byte, 0, BodyBytes+BodyBytes/8)
}

type fileMark struct {
	path  string // "": of a file that can be read only once
	mark  archive.Mark
	ended bool // no lines of it follow
}

// feeder packs the results of blocks into bodies, in the order of the blocks.
type feeder struct {
	out   chan<- *body
	read  Reading
	unit  string
	order *inorder.Queue[*body] // of the bodies
	fault func(error)

	skipped  int      // files that an earlier replay has sent
	noEvents []string // files with lines but no event, with the reason for the first line

	next body
}

// ErrHeader is the error about a line that only describes the format of other lines.
var ErrHeader = errors.New("a header or comment line")

// source is a file that is read.
type source struct {
	archive.File
	read Lines
	from int64 // offset in decoded bytes; an earlier run has sent the lines before it

	// The feeder's.
	noEvent bool  // none of its lines so far is an event
	fault   error // of the first line that is not a header
	lines   int
}

// run consumes blocks until there are no more. It returns an error if ctx ends; errors of
// a file go to fault.
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
		return ctx.Err() // the reason why there are no more blocks
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

// look records whether a line is an event, until one is.
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

// mark records the position in the block's file.
func (f *feeder) mark(b *block, mark archive.Mark, ended bool) {
	m := fileMark{ended: ended}
	if file := b.file; file.Regular {
		m.path, m.mark = file.Path, mark
		m.mark.NoEvent = file.noEvent && file.lines > 0
	}
	f.next.marks = append(f.next.marks, m)
}

// flush passes on the body unless it is empty.
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
