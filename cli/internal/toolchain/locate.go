package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// versionTimeout limits the wait for a tool's version.
const versionTimeout = 20 * time.Second

// locate searches in order. fixed means that the operator has named the copy, good or
// bad, so that nothing must be installed.
func (t tool) locate(ctx context.Context) (path string, fixed bool, err error) {
	if t.override != "" && os.Getenv(t.override) != "" {
		path, err := t.explicit(os.Getenv(t.override))
		return path, true, err
	}
	var seen []string
	if t.command != "" {
		path, problem := t.onPath(ctx)
		if problem == "" {
			return path, false, nil
		}
		seen = append(seen, problem)
	}
	dir, err := cachePath()
	if err != nil {
		return "", false, err
	}
	path, problem := t.inFolder(ctx, filepath.Join(dir, t.folder()))
	if problem == "" {
		return path, false, nil
	}
	return "", false, &Error{
		Tool: t.name, Err: ErrNotInstalled,
		Problem: fmt.Sprintf("%s is not installed (%s)", t.version, strings.Join(append(seen, problem), "; ")),
		Hint:    "go run ./cli/internal/toolchain/install " + t.name,
	}
}

// folder is the name of the tool's place in the cache.
func (t tool) folder() string { return t.name + "-" + t.version }

func (t tool) explicit(value string) (string, error) {
	path, err := filepath.Abs(value)
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", t.override, err)
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return "", &Error{
			Tool: t.name, Err: ErrNotInstalled,
			Problem: fmt.Sprintf("%s=%s is not a file", t.override, value),
			Hint:    fmt.Sprintf("set %s to the path of %s %s, or unset it", t.override, filepath.Base(t.file), t.version),
		}
	}
	return path, nil
}

// onPath returns the first copy on PATH, or the problem with it. A copy found
// through a relative entry of PATH counts as none, as in os/exec.
func (t tool) onPath(ctx context.Context) (path, problem string) {
	path, err := exec.LookPath(t.command)
	if err != nil {
		return "", "none on PATH"
	}
	if problem := t.tooOld(ctx, path); problem != "" {
		return "", problem
	}
	return path, ""
}

// inFolder returns the copy in one of our folders, or the problem with it. It
// is run too: the libraries that it was linked with, or the commands that it
// starts, may be gone since it was built.
func (t tool) inFolder(ctx context.Context, dir string) (path, problem string) {
	path = filepath.Join(dir, t.file)
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return "", "none in the cache"
	}
	for _, name := range t.starts {
		if _, err := exec.LookPath(name); err != nil {
			return "", fmt.Sprintf("the one in the cache needs %s, which is not on PATH", name)
		}
	}
	if t.command != "" {
		if problem := t.tooOld(ctx, path); problem != "" {
			return "", problem
		}
	}
	return path, ""
}

// tooOld returns the reason why the copy at path is unusable; "" if it is usable.
func (t tool) tooOld(ctx context.Context, path string) string {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, t.versionArgs...)
	cmd.WaitDelay = time.Second
	if t.writesHome {
		home, err := os.MkdirTemp("", "glint-home-")
		if err != nil {
			return err.Error()
		}
		defer func() { _ = os.RemoveAll(home) }()
		cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home)
	}
	out, err := cmd.Output()
	if err != nil {
		return fmt.Sprintf("%s does not run: %s", path, exitText(err))
	}
	got, ok := parseVersion(string(out))
	if !ok {
		return path + " prints no version"
	}
	if want, _ := parseVersion(t.version); got.less(want) {
		return fmt.Sprintf("%s is %s, older than %s", path, got, t.version)
	}
	return ""
}

// exitText is the error of a command in one line, with the first line that it
// wrote to stderr.
func exitText(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if line, _, _ := strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n"); line != "" {
			return err.Error() + ": " + line
		}
	}
	return err.Error()
}
