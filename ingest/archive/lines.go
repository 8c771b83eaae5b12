package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// EachLine calls visit with each line of a file, and read, if it is not nil, with how
// many of the file's bytes that took. The line is good until visit returns; its error
// ends the reading. Errors name the file; ErrDamaged and ErrNotText are among them.
func EachLine(ctx context.Context, file *File, read func(n int), visit func(line []byte) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("read archive %s: %w", file.Path, err)
		}
	}()
	in, err := file.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	r, err := NewReader(in, 0)
	if err != nil {
		return err
	}
	defer r.Close()
	reported := int64(0)
	for ctx.Err() == nil {
		line, err := r.Next()
		if n := r.RawBytes(); n > reported && read != nil {
			read(int(n - reported))
			reported = n
		}
		if errors.Is(err, io.EOF) && !errors.Is(err, ErrDamaged) {
			return nil
		}
		if err == nil {
			err = visit(line)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (f *File) open(ctx context.Context) (io.ReadCloser, error) {
	if f.Open != nil {
		return f.Open(ctx)
	}
	return os.Open(f.Path)
}
