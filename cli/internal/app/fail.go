package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"glint/cli/internal/output"
	"glint/cli/internal/toolchain"
	"glint/ingest"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/embedded"
)

// The exit codes; `glint help exit-codes` explains them.
const (
	ExitDone        = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitProblem     = 3 // a check found a problem
	ExitInterrupted = 130
)

// ExitError is an error with its exit code and advice.
type ExitError struct {
	Code int
	Err  error
	Try  string
}

func (e *ExitError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *ExitError) Unwrap() error { return e.Err }

// Try returns err with advice.
func Try(err error, try string) error { return &ExitError{ExitFailed, err, try} }

// Usage marks err as an error in the command line or configuration.
func Usage(err error) error { return &ExitError{Code: ExitUsage, Err: err} }

// UsageTry is Usage with advice.
func UsageTry(err error, try string) error { return &ExitError{ExitUsage, err, try} }

// Problem marks err as the finding of a check.
func Problem(err error, try string) error { return &ExitError{ExitProblem, err, try} }

// hinter is an error with advice.
type hinter interface {
	error
	Hint() string
}

// Hint returns the advice for an error, or "".
func Hint(err error) string {
	if e, ok := errors.AsType[*ExitError](err); ok && e.Try != "" {
		return e.Try
	}
	return hint(err)
}

// hint returns the advice of errors from lower packages.
func hint(err error) string {
	if h, ok := errors.AsType[hinter](err); ok {
		return h.Hint()
	}
	if t, ok := errors.AsType[*toolchain.Error](err); ok {
		return t.Hint
	}
	if e, ok := errors.AsType[*embedded.Error](err); ok {
		return e.Hint
	}
	switch {
	case errors.Is(err, ingest.ErrAddressInUse):
		return "stop the program that uses it, or choose another address (port 0 takes a free one)"
	case errors.Is(err, warehouse.ErrShardAway):
		return "glint migrate status, which lists the servers"
	case errors.Is(err, warehouse.ErrNoSchema):
		return "glint migrate up"
	}
	return ""
}

// Report prints err in one line, followed by a line with the advice, if any,
// and returns the exit code.
func Report(w io.Writer, err error) int {
	if err == nil {
		return ExitDone
	}
	code, try := ExitFailed, ""
	if e, ok := errors.AsType[*ExitError](err); ok {
		code, try = e.Code, e.Try
	}
	if try == "" {
		try = hint(err)
	}
	if errors.Is(err, context.Canceled) && code == ExitFailed {
		fmt.Fprintln(w, "glint: interrupted")
		return ExitInterrupted
	}
	writeFaults(w, faultText(err))
	if try != "" {
		fmt.Fprintln(w, "Try:", output.Safe(try))
	}
	return code
}

// packages matches the package prefixes of sentinel errors, which are for programs.
var packages = regexp.MustCompile(`(?m)(^|: )(?:home|server): `)

// faultText returns the text of err without package prefixes, and without the name of the
// system call that failed on a file: "open x.csv: no such file" adds nothing to the rest.
func faultText(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		text = strings.ReplaceAll(text, e.Error(), e.Path+": "+e.Err.Error())
	}
	return packages.ReplaceAllString(text, "$1")
}

// writeFaults prints the text of an error, one line for each joined error;
// indented lines belong to the one before. The text may contain untrusted
// input.
func writeFaults(w io.Writer, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, " ") {
			line = "glint: " + line
		}
		fmt.Fprintln(w, output.Safe(line))
	}
}
