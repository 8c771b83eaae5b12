package logfiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"glint/cli/internal/output"
	"glint/ingest/archive"
)

// The limits of a block. Larger blocks take more memory, smaller ones more
// hand-overs.
const (
	blockBytes = 512 << 10
	blockLines = 4096
)

// block is a run of consecutive lines of a file, or only its faults. One
// goroutine reads the blocks, several parse them, and one puts their results
// together in the order in which they were read.
type block struct {
	file    *source // nil: the file is not read
	lines   []string
	offsets []int64 // for each line, the decoded bytes of the file up to its end
	partial bool    // the last line has no line feed, and its offset is that of the line before
	results Results
	parsed  chan struct{} // closed when the results are ready

	mark archive.Mark // up to the end of the lines; zero: the file can be read only once
	read int64        // approximate raw bytes of all files so far

	ended   bool // no lines of the file follow
	whole   bool // mark is the file's last one
	skipped bool // an earlier run has sent the file
	noEvent string
	faults  []error
}

// reader reads files and passes on their lines in blocks.
type reader struct {
	inOrder  chan<- *block
	unparsed chan<- *block
	marks    *marks
	read     Reading
	unit     string
	stdin    io.Reader
	ahead    *ahead

	ended int64 // raw bytes of the files that were read
}

// run reads all files. It returns an error if ctx ends; errors of a file go into a
// block.
func (r *reader) run(ctx context.Context, files []archive.File) error {
	r.ahead = fetchAhead(ctx, files, r.marks)
	defer r.ahead.stop()
	for _, file := range files {
		var from archive.Mark
		var err error
		if file.Regular {
			from, err = r.marks.resume(ctx, file)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			err = r.hand(ctx, &block{faults: []error{err}})
		case from.Done:
			r.ended += file.Size
			b := &block{skipped: true}
			if from.NoEvent {
				b.noEvent = file.Path + ": no " + r.unit + " in its lines when it was read before"
			}
			err = r.hand(ctx, b)
		default:
			err = r.file(ctx, &source{File: file, noEvent: from.Offset == 0 || from.NoEvent}, from.Offset)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) file(ctx context.Context, file *source, skip int64) error {
	file.read = r.read.Open(file.Path)
	if file.read.Stateful() {
		file.from, skip = skip, 0
	}
	in, fetched, err := r.ahead.open(ctx, file.File)
	if !fetched {
		in, err = open(ctx, file.File, r.stdin)
	}
	if err != nil {
		return r.hand(ctx, &block{faults: []error{err}})
	}
	defer func() { _ = in.Close() }() // only read
	lines, err := archive.NewReader(in, skip)
	if err != nil {
		r.ended = r.readBytes(lines, file.File, true)
		return r.hand(ctx, &block{file: file, ended: true, read: r.ended, faults: []error{fmt.Errorf("%s: %w", file.Path, err)}})
	}
	defer lines.Close()
	for {
		b := r.block(lines, file)
		if err := r.hand(ctx, b); err != nil || b.ended {
			return err
		}
	}
}

// block reads the next lines. Lines that were read are valid even if an error follows.
func (r *reader) block(from *archive.Reader, file *source) *block {
	b := &block{file: file}
	var text strings.Builder
	if !file.Regular || file.Size > blockBytes {
		text.Grow(blockBytes + blockBytes/8) // avoids regrowing; a small file needs less
	}
	var ends [blockLines]int
	var err error
	for text.Len() < blockBytes && len(b.offsets) < blockLines {
		var line []byte
		if line, err = from.Next(); err != nil {
			break
		}
		text.Write(line)
		ends[len(b.offsets)] = text.Len()
		b.offsets = append(b.offsets, from.Offset())
		b.partial = from.Partial()
	}
	b.lines = make([]string, len(b.offsets))
	start := 0
	for i := range b.lines {
		b.lines[i] = text.String()[start:ends[i]]
		start = ends[i]
	}
	if len(b.lines) > 0 {
		b.results = file.read.Next(b.lines)
	}
	b.ended = err != nil
	r.end(b, from, err)
	return b
}

// end sets the position in the file and, at its end, its faults.
func (r *reader) end(b *block, from *archive.Reader, err error) {
	done := errors.Is(err, io.EOF)
	b.whole = b.ended
	if b.file.Regular {
		mark, markErr := from.Mark(done)
		if b.mark = mark; markErr != nil {
			b.ended, b.whole, err, done = true, false, markErr, false
		}
		b.mark.Version = b.file.Version
	}
	b.read = r.readBytes(from, b.file.File, b.ended)
	if !b.ended {
		return
	}
	r.ended = b.read
	if n := from.LongLines(); n > 0 && b.whole {
		b.faults = append(b.faults, fmt.Errorf("%s: %s longer than %s bytes left out", b.file.Path,
			output.Plural(n, "line", "lines"), output.Count(archive.MaxLineBytes)))
	}
	if !done {
		b.faults = append(b.faults, fmt.Errorf("%s: %w", b.file.Path, err))
	}
}

// readBytes returns the raw bytes of all files so far, for the progress.
func (r *reader) readBytes(from *archive.Reader, file archive.File, ended bool) int64 {
	switch {
	case file.Regular && ended:
		return r.ended + file.Size
	case file.Regular:
		return r.ended + min(from.RawBytes(), file.Size)
	case from == nil:
		return r.ended
	}
	return r.ended + from.RawBytes()
}

// hand passes a block to the parsers and to the feeder.
func (r *reader) hand(ctx context.Context, b *block) error {
	if ctx.Err() != nil {
		return ctx.Err() // the end of ctx also ends reading, which is no fault of the file
	}
	b.parsed = make(chan struct{})
	select {
	case r.inOrder <- b:
	case <-ctx.Done():
		return ctx.Err()
	}
	if len(b.lines) == 0 {
		close(b.parsed)
		return nil
	}
	select {
	case r.unparsed <- b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// parse parses blocks until there are no more. Several goroutines run it.
func parse(ctx context.Context, unparsed <-chan *block) error {
	for {
		select {
		case b, ok := <-unparsed:
			if !ok {
				return nil
			}
			b.results.Parse()
			close(b.parsed)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
