package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"glint/cli/internal/output"
)

// NoteWaiting prints on a terminal which input a command waits for, and how to
// end it.
func (a *App) NoteWaiting(what string) {
	if a.OnTerminal() {
		fmt.Fprintf(a.Err, "reading %s from the terminal; Ctrl-D ends it, Ctrl-C gives up\n", what)
	}
}

// Interruptible returns a reader of in whose Read ends with ctx. A plain read
// from a terminal would block until Enter is pressed.
func Interruptible(ctx context.Context, in io.Reader) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, in)
		w.CloseWithError(err) // nil is io.EOF
	}()
	context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
	return r
}

// OnTerminal reports whether the standard input is a terminal, so that a
// question can be answered.
func (a *App) OnTerminal() bool {
	f, ok := a.In.(io.Writer)
	return ok && a.logs == nil && output.IsTerminal(f)
}

// ReadLine returns the next line typed by the user, trimmed.
func (a *App) ReadLine(ctx context.Context) (string, error) {
	line, err := bufio.NewReader(Interruptible(ctx, a.In)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimSpace(line), nil
}
