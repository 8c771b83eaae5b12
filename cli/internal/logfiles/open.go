package logfiles

import (
	"context"
	"io"
	"os"

	"glint/cli/internal/app"
	"glint/ingest/archive"
)

// open opens a file whose reads end with ctx.
func open(ctx context.Context, file archive.File, stdin io.Reader) (io.ReadCloser, error) {
	switch {
	case file.Path == Stdin:
		return io.NopCloser(app.Interruptible(ctx, stdin)), nil
	case file.Open != nil:
		return file.Open(ctx)
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

// pipe is opened by its first Read, since opening waits for a writer.
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
