// Package home is glint's own folder: keys, credentials, the embedded
// warehouse's data, dead letters, and the state of the running instance.
//
// Only its owner can read it. A folder or secret that others may read is
// refused; the error has the command that fixes it.
package home

import (
	"fmt"
	"os"
	"path/filepath"

	"glint/ingest/backup"
)

// Home is the folder's path.
type Home string

// Locate returns $GLINT_HOME, or else glint in the user's data folder. It
// creates nothing.
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

func (h Home) dirs() []string {
	return []string{string(h), h.KeysDir(), h.RunDir(), h.LogDir(), h.DeadLetterDir(), h.ReplayDir(), h.UsersDir()}
}

// Make creates the folder and its parts if missing. It refuses folders that
// others may read, and a home whose restore is incomplete.
func (h Home) Make() error {
	if backup.Unfinished(string(h)) {
		return unfinishedError(h)
	}
	for _, dir := range h.dirs() {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make glint's folder: %w", err)
		}
		if err := ours(dir, 0o700); err != nil {
			return err
		}
	}
	return nil
}

func (h Home) path(elem ...string) string {
	return filepath.Join(append([]string{string(h)}, elem...)...)
}

// KeysDir returns the folder of key rings.
func (h Home) KeysDir() string { return h.path("keys") }

// PixelKeysFile returns the file with the key ring of pixel tokens.
func (h Home) PixelKeysFile() string { return h.path("keys", "pixel.keys") }

// KnownKeysFile returns the file with the keys that the warehouse knew at the
// last start.
func (h Home) KnownKeysFile() string { return h.path("keys", "known.json") }

// CredentialsFile returns the file with the instance's secrets.
func (h Home) CredentialsFile() string { return h.path("credentials.env") }

// UsersDir returns the folder with a file per user of the warehouse's views.
func (h Home) UsersDir() string { return h.path("users") }

// SQLHistoryFile returns the file with the history of `glint sql`.
func (h Home) SQLHistoryFile() string { return h.path("sql_history") }

// WebhooksFile returns the file with the sources that may post events, and
// their secrets.
func (h Home) WebhooksFile() string { return h.path("webhooks") }

// unfinishedError is the error about a home whose restore was interrupted.
type unfinishedError Home

func (e unfinishedError) Error() string {
	return fmt.Sprintf("the restore of %s is incomplete", string(e))
}

// Hint returns the command that completes it.
func (e unfinishedError) Hint() string { return "glint restore, with the same backup" }

// WarehouseDir returns the folder of the embedded warehouse's data.
func (h Home) WarehouseDir() string { return h.path("warehouse") }

// HasEngine reports whether the home has an embedded warehouse's data.
func (h Home) HasEngine() bool {
	entries, err := os.ReadDir(h.WarehouseDir())
	return err == nil && len(entries) > 0
}

// DeadLetterDir returns the folder of lines that could not be stored.
func (h Home) DeadLetterDir() string { return h.path("deadletters") }

// ErasureDir returns the folder of orders to erase persons, and of their
// receipts.
func (h Home) ErasureDir() string { return h.path("erasures") }

// LogDir returns the folder of the write-ahead log.
func (h Home) LogDir() string { return h.path("log") }

// ReplayDir returns the folder with the positions of replays.
func (h Home) ReplayDir() string { return h.path("replay") }

// CertificatesDir returns the folder of keys and certificates that the pixel
// obtained itself; it is created with the first one.
func (h Home) CertificatesDir() string { return h.path("certificates") }

// RunDir returns the folder of files that live as long as the process.
func (h Home) RunDir() string { return h.path("run") }

// StateFile returns the file by which other commands find the running instance.
func (h Home) StateFile() string { return h.path("run", "state.json") }
