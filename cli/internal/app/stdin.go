package app

import (
	"context"
	"fmt"
	"io"

	"glint/cli/internal/output"
)

// NoteWaiting says on a terminal that a command waits for its input: for what,
// and how it ends.
func (a *App) NoteWaiting(what string) {
	if f, ok := a.In.(io.Writer); ok && output.IsTerminal(f) {
		fmt.Fprintf(a.Err, "reading %s from the terminal; Ctrl-D ends it, Ctrl-C gives up\n", what)
	}
}

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
