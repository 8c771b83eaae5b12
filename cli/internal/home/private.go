package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"glint/ingest/host/atomicfile"
)

// ErrLoose is wrapped by errors about a folder or file that others may use.
var ErrLoose = errors.New("home: others may use it")

// LooseError names the file or folder with too many permissions, and the fix.
type LooseError struct {
	Path string
	Mode fs.FileMode
	Want fs.FileMode
	Tree string // folder to fix as a whole; "": Path alone
}

func (e *LooseError) Error() string {
	return fmt.Sprintf("%s may be read by others (mode %04o)", e.Path, e.Mode.Perm())
}

// Unwrap returns ErrLoose.
func (e *LooseError) Unwrap() error { return ErrLoose }

// Hint returns the command that fixes it.
func (e *LooseError) Hint() string {
	if e.Tree != "" {
		return "chmod -R go= " + e.Tree
	}
	return fmt.Sprintf("chmod %o %s", e.Want, e.Path)
}

// OwnerError names a file or folder of another user, who can read and change
// it.
type OwnerError struct {
	Path     string
	UID, Our int
}

func (e *OwnerError) Error() string {
	return fmt.Sprintf("%s belongs to user %d, and glint runs as user %d", e.Path, e.UID, e.Our)
}

// Unwrap returns ErrLoose.
func (e *OwnerError) Unwrap() error { return ErrLoose }

// Hint returns the command that fixes it.
func (e *OwnerError) Hint() string {
	return fmt.Sprintf("chown -R %d %s, or run glint as user %d", e.Our, e.Path, e.UID)
}

// Prepare is Make for the service: it also checks the content of the folders,
// including warehouse and log, and removes temporary files of a killed
// instance.
func (h Home) Prepare() error {
	if err := h.Make(); err != nil {
		return err
	}
	for _, dir := range []string{h.KeysDir(), h.LogDir(), h.DeadLetterDir(), h.ReplayDir(), h.UsersDir(), h.CertificatesDir()} {
		if err := h.checkTree(dir); err != nil {
			return err
		}
	}
	// Below it the engine chooses its own permissions; other users cannot get
	// there.
	if err := ours(h.WarehouseDir(), 0o700); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, file := range []string{h.CredentialsFile(), h.IgnoreFile()} {
		if err := ours(file, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return h.sweep(time.Now())
}

// checkTree refuses a folder that contains a file or folder with permissions
// for others. It does not follow symbolic links.
func (h Home) checkTree(root string) error {
	return filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed by an instance that is still ending
		}
		if err != nil {
			return fmt.Errorf("check glint's folder: %w", err)
		}
		if path == root || e.Type()&fs.ModeSymlink != 0 {
			return nil
		}
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		err = ours(path, want)
		if loose, ok := errors.AsType[*LooseError](err); ok && root != h.KeysDir() { // report one: there may be thousands
			loose.Tree = root
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// sweep removes temporary files from the folders whose files are replaced
// atomically.
func (h Home) sweep(now time.Time) error {
	dirs := h.dirs()
	batches, err := filepath.Glob(filepath.Join(h.LogDir(), "*", "*"))
	if err != nil {
		return err
	}
	lanes, err := filepath.Glob(filepath.Join(h.LogDir(), "*"))
	if err != nil {
		return err
	}
	for _, path := range append(batches, lanes...) {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			dirs = append(dirs, path)
		}
	}
	for _, dir := range append(dirs, filepath.Join(h.RunDir(), "engine")) {
		if _, err := atomicfile.Sweep(dir, now); err != nil {
			return fmt.Errorf("remove temporary files: %w", err)
		}
	}
	return nil
}

// ours refuses a path with permissions for group or others, or of another user:
// files that glint writes there as root would later be inaccessible to their
// owner.
func ours(path string, want fs.FileMode) error {
	if err := private(path, want); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
		return &OwnerError{path, int(s.Uid), os.Geteuid()}
	}
	return nil
}

// private refuses a path with permissions for group or others.
func private(path string, want fs.FileMode) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return &LooseError{Path: path, Mode: info.Mode(), Want: want}
	}
	return nil
}

// readPrivate returns the content of a secret file.
func readPrivate(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return string(b), private(path, 0o600)
}
