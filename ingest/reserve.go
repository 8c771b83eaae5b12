package ingest

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"glint/ingest/admission"
	"glint/ingest/host/disk"
)

// reserve is a file that reserves space on the log's disk. On a full disk it is
// deleted, so that opens that were already answered can be stored; it is
// created again when there is room. It is smaller than the watermark below
// which ingest refuses bodies, so bodies never use the space that it frees.
// Only one goroutine may use it.
type reserve struct {
	path   string
	bytes  int64
	logger *slog.Logger
	now    func() time.Time

	held  bool
	left  int64 // rest of the freed space
	tried time.Time
}

// refillPause is the pause between two tries to create the file again.
const refillPause = 10 * time.Second

// openReserve takes over an existing file. A disk without space for it is not
// an error: then there is no reserve yet.
func openReserve(path string, logger *slog.Logger) *reserve {
	r := &reserve{path: path, logger: logger, now: time.Now}
	_, total, err := disk.OS{}.Space(filepath.Dir(path))
	if err == nil {
		r.bytes = min(maxReserveBytes, admission.WatermarksOfDisk(total).Stop/2)
	}
	info, err := os.Stat(path)
	r.held = err == nil && info.Size() >= r.bytes
	return r
}

// release frees the space. It reports whether there was any.
func (r *reserve) release() bool {
	if !r.held {
		return false
	}
	r.held, r.left, r.tried = false, r.bytes, r.now()
	if err := os.Remove(r.path); err != nil {
		r.logger.Error("reserve of the log's disk not released", "error", err)
		return false
	}
	r.logger.Warn("the log's disk is full: its reserve is given free for opens that were answered", "bytes", r.bytes)
	return true
}

// spend takes n bytes of the freed space. It reports whether there were enough.
func (r *reserve) spend(n int) bool {
	if int64(n) > r.left {
		return false
	}
	r.left -= int64(n)
	return true
}

// needed reports whether the disk is so full that ingest refuses bodies.
func (r *reserve) needed() bool {
	free, total, err := disk.OS{}.Space(filepath.Dir(r.path))
	return err == nil && free <= admission.WatermarksOfDisk(total).Stop
}

// refill creates the file if it is missing and there is enough room. It is
// cheap if there is nothing to do.
func (r *reserve) refill() {
	if r.held || r.bytes <= 0 || r.now().Sub(r.tried) < refillPause {
		return
	}
	r.tried = r.now()
	err := r.make()
	if r.held = err == nil; r.held {
		r.left = 0
	}
	if err != nil && !errors.Is(err, errNoRoom) {
		r.logger.Warn("reserve of the log's disk not made", "error", err)
	}
}

var errNoRoom = errors.New("the disk has too little room for the reserve")

// make writes the whole file instead of setting its size, because a sparse file
// reserves no space.
func (r *reserve) make() error {
	free, total, err := disk.OS{}.Space(filepath.Dir(r.path))
	if err != nil {
		return fmt.Errorf("make reserve: %w", err)
	}
	if free < admission.WatermarksOfDisk(total).Stop+r.bytes {
		return errNoRoom
	}
	f, err := os.OpenFile(r.path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("make reserve: %w", err)
	}
	block := make([]byte, 256<<10)
	for left := r.bytes; left > 0 && err == nil; left -= int64(len(block)) {
		_, err = f.Write(block[:min(left, int64(len(block)))])
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("make reserve: %w", err), os.Remove(r.path))
	}
	return nil
}
