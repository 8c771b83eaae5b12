package toolchain

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// npmArchive is one file inside one package of npm.
type npmArchive struct {
	pkg    string // name@version
	sha256 string // of the archive, hexadecimal
	member string
	mode   fs.FileMode
}

func npmPreflight(_ context.Context, t tool) error {
	if _, err := exec.LookPath("npm"); err != nil {
		return t.missing("npm is needed to fetch it and is not on PATH", "install Node.js >= 18, or "+t.otherwise)
	}
	return nil
}

// unpackNPM fetches the archive as npm would, but installs nothing with it: no
// script of the package runs, and only the one file is kept.
func unpackNPM(a npmArchive) func(context.Context, *job) error {
	return func(ctx context.Context, j *job) error {
		archive, err := a.fetch(ctx, j)
		if err != nil {
			return err
		}
		if err := a.extract(ctx, archive, filepath.Join(j.out, j.tool.file)); err != nil {
			return fmt.Errorf("unpack %s: %w", a.pkg, err)
		}
		return nil
	}
}

// fetch returns the path of the archive, after its checksum was compared.
func (a npmArchive) fetch(ctx context.Context, j *job) (path string, err error) {
	err = j.run(ctx, command{
		args: []string{"npm", "pack", "--ignore-scripts", "--pack-destination", j.work, a.pkg},
		env:  []string{"NPM_CONFIG_UPDATE_NOTIFIER=false"},
	})
	if err != nil {
		return "", err
	}
	archives, err := filepath.Glob(filepath.Join(j.work, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return "", j.failed(fmt.Sprintf("npm left %d archives, want 1", len(archives)), err)
	}
	return archives[0], a.verify(ctx, j, archives[0])
}

func (a npmArchive) verify(ctx context.Context, j *job, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open archive: %w", err)
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, contextReader{ctx, f}); err != nil {
		return fmt.Errorf("read archive: %w", err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != a.sha256 {
		return &Error{
			Tool: j.tool.name, Err: ErrChecksum,
			Problem: fmt.Sprintf("npm gave %s with SHA-256 %s, not the recorded %s; nothing was installed", a.pkg, got, a.sha256),
			Hint:    "check which registry npm is set to use, or " + j.tool.otherwise,
		}
	}
	return nil
}

func (a npmArchive) extract(ctx context.Context, archive, dst string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(contextReader{ctx, f})
	if err != nil {
		return err
	}
	for r := tar.NewReader(z); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("no file %s in it", a.member)
		}
		if err != nil {
			return err
		}
		if header.Name == a.member && header.Typeflag == tar.TypeReg {
			return writeFile(dst, r, a.mode)
		}
	}
}

// contextReader ends a long read when the context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}
