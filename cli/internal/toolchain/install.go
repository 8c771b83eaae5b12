package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// job is one running install. A build works in the folder work, which is
// thrown away, and leaves the tool in the folder out, which becomes the tool's
// place in the cache.
type job struct {
	tool      tool
	work, out string
	log       *os.File
}

// install installs the tool in the cache folder dir. The caller must hold its lock.
func (t tool) install(ctx context.Context, dir string, s *screen) (path string, err error) {
	removeRemains(dir, t.name)
	if err := t.preflight(ctx, t); err != nil {
		return "", err
	}
	staging, err := os.MkdirTemp(dir, remainsPrefix(t.name))
	if err != nil {
		return "", fmt.Errorf("make folder for %s: %w", t.name, err)
	}
	defer func() { _ = removeAll(staging) }()

	j := &job{tool: t, work: filepath.Join(staging, "work"), out: filepath.Join(staging, "out")}
	for _, sub := range []string{j.work, j.out} {
		if err := os.Mkdir(sub, 0o755); err != nil {
			return "", fmt.Errorf("make folder for %s: %w", t.name, err)
		}
	}
	logPath := filepath.Join(dir, "log", t.folder()+".log")
	if j.log, err = os.Create(logPath); err != nil {
		return "", fmt.Errorf("make log of %s: %w", t.name, err)
	}
	defer func() { err = errors.Join(err, j.log.Close()) }()

	s.say(t.plan)
	begin := time.Now()
	path, err = j.finish(ctx, dir, staging)
	if err == nil {
		s.ready(begin)
	}
	if errors.Is(err, ErrInstallFailed) && ctx.Err() == nil {
		s.showTail(logPath)
	}
	return path, err
}

// finish builds, checks and renames.
func (j *job) finish(ctx context.Context, dir, staging string) (string, error) {
	t := j.tool
	if err := t.build(ctx, j); err != nil {
		return "", err
	}
	if _, problem := t.inFolder(ctx, j.out); problem != "" {
		return "", j.failed("the new copy is not usable: "+problem, nil)
	}
	place := filepath.Join(dir, t.folder())
	// A broken copy is moved away; it is removed with the temporary folder.
	err := os.Rename(place, filepath.Join(staging, "old"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("move old %s away: %w", t.name, err)
	}
	if err := os.Rename(j.out, place); err != nil {
		return "", fmt.Errorf("put %s in place: %w", t.name, err)
	}
	return filepath.Join(place, t.file), nil
}

// failed returns the error for an installer that failed.
func (j *job) failed(problem string, cause error) error {
	return &Error{
		Tool: j.tool.name, Err: errors.Join(ErrInstallFailed, cause),
		Problem: fmt.Sprintf("%s (full output: %s)", problem, j.log.Name()),
		Hint:    "read the output and run it again, or " + j.tool.otherwise,
	}
}

// remainsPrefix begins the names of temporary folders. Every version of a tool
// shares it, as they share the lock.
func remainsPrefix(name string) string { return "." + name + ".tmp-" }

// removeRemains removes the remains of killed installs. The caller must hold the lock,
// so it is not in use. A folder that cannot be removed only takes room.
func removeRemains(dir, name string) {
	remains, _ := filepath.Glob(filepath.Join(dir, remainsPrefix(name)+"*"))
	for _, path := range remains {
		_ = removeAll(path)
	}
}

// removeAll is os.RemoveAll for trees with read-only folders in them, such as
// copies from Go's module cache.
func removeAll(path string) error {
	if os.RemoveAll(path) == nil {
		return nil
	}
	_ = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			return os.Chmod(p, 0o700)
		}
		return nil
	})
	return os.RemoveAll(path)
}

// copyFile copies src to a new file dst with the mode, whatever the umask.
func copyFile(dst, src string, mode fs.FileMode) error {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	return writeFile(dst, in, mode)
}

func writeFile(dst string, from io.Reader, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, from)
	return errors.Join(err, out.Chmod(mode), out.Sync(), out.Close())
}
