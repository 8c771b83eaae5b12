package toolchain

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/andybalholm/brotli"
)

// chromiumStart starts the browser with the libraries and fonts of its package,
// which a bare machine lacks: so pages look the same everywhere.
const chromiumStart = `#!/bin/sh
here=$(dirname "$0")
LD_LIBRARY_PATH="$here/lib" FONTCONFIG_PATH="$here" exec "$here/chrome" "$@"
`

const chromiumFonts = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir></fontconfig>
`

// buildChromium unpacks the headless browser of the package, which comes in
// three brotli files.
func buildChromium(ctx context.Context, j *job) error {
	a := npmArchive{pkg: chromiumPackage, sha256: chromiumSHA256}
	archive, err := a.fetch(ctx, j)
	if err != nil {
		return err
	}
	if err := chromiumFiles(ctx, archive, j.out); err != nil {
		return fmt.Errorf("unpack %s: %w", a.pkg, err)
	}
	return errors.Join(
		writeFile(filepath.Join(j.out, "fonts.conf"), strings.NewReader(chromiumFonts), 0o644),
		writeFile(filepath.Join(j.out, j.tool.file), strings.NewReader(chromiumStart), 0o755))
}

func chromiumFiles(ctx context.Context, archive, out string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(contextReader{ctx, f})
	if err != nil {
		return err
	}
	found := 0
	for r := tar.NewReader(z); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch header.Name {
		case "package/bin/chromium.br":
			err = writeFile(filepath.Join(out, "chrome"), brotli.NewReader(r), 0o755)
		case "package/bin/al2023.tar.br", "package/bin/fonts.tar.br":
			err = unpackTar(brotli.NewReader(r), out)
		default:
			continue
		}
		if err != nil {
			return err
		}
		found++
	}
	if found != 3 {
		return fmt.Errorf("%d of 3 files are in it", found)
	}
	return nil
}

// unpackTar writes the regular files of a tar archive below dir; one that would
// lie elsewhere is an error.
func unpackTar(from io.Reader, dir string) error {
	for r := tar.NewReader(from); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg || filepath.Base(header.Name) == "fonts.conf" {
			continue
		}
		if !filepath.IsLocal(header.Name) {
			return fmt.Errorf("the archive has the path %s", header.Name)
		}
		if err := writeFile(filepath.Join(dir, header.Name), r, fs.FileMode(0o644)); err != nil {
			return err
		}
	}
}
