// Package home is glint's own folder: keys, credentials, the embedded
// warehouse's data, dead letters, and the state of the running instance.
//
// All of it is for its owner only. A folder or secret that others may read is
// refused, with the command that mends it.
package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrLoose is wrapped by errors about a folder or secret that others may read.
var ErrLoose = errors.New("home: others may read it")

// LooseError names what is too open, and how to mend it.
type LooseError struct {
	Path string
	Mode fs.FileMode
	Want fs.FileMode
}

func (e *LooseError) Error() string {
	return fmt.Sprintf("%s may be read by others (mode %04o)", e.Path, e.Mode.Perm())
}

// Unwrap returns ErrLoose.
func (e *LooseError) Unwrap() error { return ErrLoose }

// Hint is the command that mends it.
func (e *LooseError) Hint() string { return fmt.Sprintf("chmod %o %s", e.Want, e.Path) }

// Home is the folder's path.
type Home string

// Locate returns the folder that getenv says: $GLINT_HOME, else glint in the
// user's data folder. It makes nothing.
func Locate(getenv func(string) string) (Home, error) {
	dir := getenv("GLINT_HOME")
	if dir == "" {
		data := getenv("XDG_DATA_HOME")
		if data == "" {
			user, err := os.UserHomeDir()
			if err != nil {
				return "", fmt.Errorf("find the user's data folder: %w", err)
			}
			data = filepath.Join(user, ".local", "share")
		}
		dir = filepath.Join(data, "glint")
	}
	dir, err := filepath.Abs(dir)
	return Home(dir), err
}

// Make makes the folder and its parts where they are missing, and refuses
// those that others may read.
func (h Home) Make() error {
	for _, dir := range []string{string(h), h.KeysDir(), h.RunDir(), h.LogDir(), h.DeadLetterDir(), h.ReplayDir()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make glint's folder: %w", err)
		}
		if err := private(dir, 0o700); err != nil {
			return err
		}
	}
	return nil
}

// private refuses a path that group or others may use.
func private(path string, want fs.FileMode) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return &LooseError{path, info.Mode(), want}
	}
	return nil
}

func (h Home) path(elem ...string) string {
	return filepath.Join(append([]string{string(h)}, elem...)...)
}

// KeysDir is the folder of key rings.
func (h Home) KeysDir() string { return h.path("keys") }

// PixelKeysFile is the key ring of pixel tokens.
func (h Home) PixelKeysFile() string { return h.path("keys", "pixel.keys") }

// CredentialsFile holds the instance's secrets.
func (h Home) CredentialsFile() string { return h.path("credentials.env") }

// WarehouseDir is the embedded warehouse's data.
func (h Home) WarehouseDir() string { return h.path("warehouse") }

// DeadLetterDir holds the lines that could not be stored.
func (h Home) DeadLetterDir() string { return h.path("deadletters") }

// LogDir is the write-ahead log.
func (h Home) LogDir() string { return h.path("log") }

// ReplayDir holds how far replays of archives have come.
func (h Home) ReplayDir() string { return h.path("replay") }

// RunDir holds what lives as long as the process.
func (h Home) RunDir() string { return h.path("run") }

// StateFile tells the other commands what runs.
func (h Home) StateFile() string { return h.path("run", "state.json") }

// readPrivate returns the content of a secret file.
func readPrivate(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return string(b), private(path, 0o600)
}
