package app

import (
	"context"
	"io"
)

// Interruptible returns a reader of in whose Read ends with ctx: a read from a
// terminal would go on until Enter is pressed.
func Interruptible(ctx context.Context, in io.Reader) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, in)
		w.CloseWithError(err) // nil is io.EOF
	}()
	context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
	return r
}
