// Package toolchain finds, or installs, the outside tools of glint: TinyGo and
// Viceroy for the edge program, the ClickHouse engine library, the linter and
// Fastly's command line.
//
// A tool is taken from PATH if it is new enough there, else from our cache,
// else it is built or unpacked from packages (Go modules, Debian, cargo, npm)
// with the ordinary package clients. The engine is a library, so it is never
// searched on PATH; $GLINT_ENGINE may name one. The cache is $GLINT_CACHE, or
// the folder "glint" in the user's cache folder, with one folder per tool and
// version.
//
// Guarantee: a tool in the cache is whole. It is made in a temporary folder
// beside its place, checked and renamed; a killed install leaves the old state,
// and the next install removes the remains.
// Two installs of one tool at the same time, in one process or in many, do the
// work once.
//
// Not here: upgrading or removing tools, other platforms than linux/amd64 (a
// tool on PATH is found on any), and offline mirrors: the package clients use
// whatever they are set up with.
package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Conditions to test for with errors.Is. Each comes in an *Error.
var (
	// ErrUnknownTool means that the name is not one of Tools.
	ErrUnknownTool = errors.New("toolchain: unknown tool")
	// ErrNotInstalled means that Locate found no usable copy.
	ErrNotInstalled = errors.New("toolchain: tool not installed")
	// ErrInstallerMissing means that the package client, or the platform, that
	// an install needs is not there.
	ErrInstallerMissing = errors.New("toolchain: installer missing")
	// ErrChecksum means that a download is not the recorded one. Nothing was
	// installed.
	ErrChecksum = errors.New("toolchain: checksum mismatch")
	// ErrInstallFailed means that an installer ran and failed; its output was
	// shown and is in the log file that the error names.
	ErrInstallFailed = errors.New("toolchain: install failed")
)

// Error is a problem with one tool, with advice for the operator.
type Error struct {
	Tool    string
	Problem string // one line
	Hint    string // one line, to be printed after "Try: "
	Err     error  // one of the Err values, perhaps with a cause
}

// Error returns the line without the hint, as "tool: problem".
func (e *Error) Error() string { return e.Tool + ": " + e.Problem }

// Unwrap returns the condition, for errors.Is.
func (e *Error) Unwrap() error { return e.Err }

// Tool names one tool of the table.
type Tool struct {
	Name    string
	Version string // what Install installs, and the oldest that PATH may give
}

// Tools lists the tools in a fixed order. The caller owns the slice.
func Tools() []Tool {
	list := make([]Tool, 0, len(pinned))
	for _, t := range pinned {
		list = append(list, Tool{Name: t.name, Version: t.version})
	}
	return list
}

// Locate returns the absolute path of a tool that is ready to use, without
// installing anything. It is safe for concurrent use.
//
// Errors are *Error: ErrUnknownTool, or ErrNotInstalled with the command that
// installs the tool as its hint.
func Locate(name string) (string, error) {
	t, err := lookup(pinned, name)
	if err != nil {
		return "", err
	}
	path, _, err := t.locate(context.Background())
	return path, err
}

// Install returns the path of a tool like Locate, and installs the tool first if
// it is missing. progress receives a line when an install begins and one when it
// ends; nil means silence.
// Cancelling ctx stops the package client and leaves nothing behind. It is
// safe for concurrent use, also by several processes.
//
// Errors are *Error (ErrUnknownTool, ErrInstallerMissing, ErrChecksum,
// ErrInstallFailed), the error of ctx, or of the file system, wrapped.
func Install(ctx context.Context, name string, progress io.Writer) (string, error) {
	t, err := lookup(pinned, name)
	if err != nil {
		return "", err
	}
	return t.ensure(ctx, progress)
}

func lookup(tools []tool, name string) (tool, error) {
	names := make([]string, 0, len(tools))
	for _, t := range tools {
		if t.name == name {
			return t, nil
		}
		names = append(names, t.name)
	}
	return tool{}, &Error{
		Tool: name, Problem: "no such tool", Err: ErrUnknownTool,
		Hint: "one of " + strings.Join(names, ", "),
	}
}

func (t tool) ensure(ctx context.Context, progress io.Writer) (string, error) {
	path, err := t.provide(ctx, progress)
	if err != nil && ctx.Err() != nil {
		// The first failure was caused by this one.
		return "", fmt.Errorf("install %s: %w", t.name, context.Cause(ctx))
	}
	return path, err
}

// provide locates, and installs under the tool's lock.
func (t tool) provide(ctx context.Context, progress io.Writer) (string, error) {
	path, fixed, err := t.locate(ctx)
	if err == nil || fixed {
		return path, err
	}
	if platform := runtime.GOOS + "/" + runtime.GOARCH; platform != "linux/amd64" {
		return "", t.missing("cannot be installed on "+platform, t.otherwise)
	}
	if progress == nil {
		progress = io.Discard
	}
	dir, err := cacheDir()
	if err != nil {
		return "", err
	}
	s := &screen{t.name + " " + t.version, progress}
	unlock, err := lockTool(ctx, filepath.Join(dir, t.name+".lock"), func() {
		s.say("waiting for another install…")
	})
	if err != nil {
		return "", fmt.Errorf("lock %s: %w", t.name, err)
	}
	defer unlock()
	// The previous holder of the lock may have installed it.
	if path, _, err := t.locate(ctx); err == nil {
		return path, nil
	}
	return t.install(ctx, dir, s)
}

// cacheDir returns the absolute path of the folder of all tools, and creates it if missing.
func cacheDir() (string, error) {
	dir, err := cachePath()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Join(dir, "log"), 0o755); err != nil {
		return "", fmt.Errorf("make tool cache: %w", err)
	}
	return dir, nil
}

func cachePath() (string, error) {
	if dir := os.Getenv("GLINT_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find cache folder (set GLINT_CACHE): %w", err)
	}
	return filepath.Join(dir, "glint"), nil
}
