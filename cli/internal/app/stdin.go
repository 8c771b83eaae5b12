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

// NoteWaiting says on a terminal that a command waits for its input: for what,
// and how it ends.
func (a *App) NoteWaiting(what string) {
	if a.OnTerminal() {
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

// OnTerminal reports whether a person can be asked on the standard input.
func (a *App) OnTerminal() bool {
	f, ok := a.In.(io.Writer)
	return ok && a.logs == nil && output.IsTerminal(f)
}

// ReadLine returns what a person types until Enter, without blanks at its ends.
func (a *App) ReadLine(ctx context.Context) (string, error) {
	line, err := bufio.NewReader(Interruptible(ctx, a.In)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimSpace(line), nil
}
