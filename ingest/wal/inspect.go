package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"glint/ingest/host/disk"
)

// ErrNoLog is returned for a directory without a log.
var ErrNoLog = errors.New("wal: no log in this folder")

// Find returns the directories of the logs in dir: dir itself, or its lanes.
func Find(dir string) ([]string, error) {
	fsys := disk.OS{}
	if isLog(fsys, dir) {
		return []string{dir}, nil
	}
	var dirs []string
	for _, lane := range LaneNames {
		if d := filepath.Join(dir, lane); isLog(fsys, d) {
			dirs = append(dirs, d)
		}
	}
	if len(dirs) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoLog, dir)
	}
	return dirs, nil
}

func isLog(fsys disk.FS, dir string) bool {
	names, err := fsys.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, name := range names {
		if _, _, ok := parseFileName(name); ok || name == lockFile {
			return true
		}
	}
	return false
}

// Inspect reads every byte of the log in dir and reports its contents and its
// damage. It changes nothing, and may run while another process has the log
// open.
func Inspect(dir string) (*Report, error) {
	w := recoverer{fs: disk.OS{}, dir: dir, deep: true, now: time.Now}
	return w.reported()
}

// Repair is Inspect, and repairs the damage: damaged bytes are copied to the
// folder quarantine beside the segments and covered by a gap frame with the
// numbers of the missing records; a torn end is cut off. It returns ErrLocked
// if another process has the log open.
func Repair(dir string, log *slog.Logger) (*Report, error) {
	fsys := disk.OS{}
	if _, err := fsys.ReadDir(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNoLog, dir)
	}
	lock, err := lockDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = lock.Close() }()
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	w := recoverer{fs: fsys, dir: dir, fix: true, deep: true, now: time.Now, log: log}
	return w.reported()
}

func (w *recoverer) reported() (*Report, error) {
	w.report.Segments, w.report.Damages = []SegmentReport{}, []Damage{} // empty lists in JSON, not null
	if err := w.run(); err != nil {
		return nil, err
	}
	return &w.report, nil
}
