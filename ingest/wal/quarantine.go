package wal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"glint/ingest/host/disk"
)

// quarantineDir is the folder beside the segments that keeps damaged bytes for
// the operator. The log never deletes them.
const quarantineDir = "quarantine"

// quarantineNote is the file beside the bytes.
type quarantineNote struct {
	FoundAt time.Time `json:"found_at"`
	Damage
}

func quarantineName(d *Damage) string {
	return fmt.Sprintf("%08d-%012d", d.Segment, d.Offset)
}

// quarantine copies the bytes of d to the quarantine, with a note; both are
// durable when it returns. A repetition writes the same two files.
func quarantine(fsys disk.FS, dir string, d *Damage, now time.Time, from disk.File, size int64) error {
	q := filepath.Join(dir, quarantineDir)
	if err := fsys.MkdirAll(q); err != nil {
		return writeError("make quarantine", err)
	}
	base := filepath.Join(q, quarantineName(d))
	err := writeFile(fsys, base+".bytes", func(to disk.File) error {
		return copyBytes(to, from, d.Offset, min(d.Offset+d.Bytes, size))
	})
	if err != nil {
		return writeError("keep damaged bytes", err)
	}
	if err := writeNote(fsys, base, d, now); err != nil {
		return err
	}
	return syncDir(fsys, q)
}

func writeNote(fsys disk.FS, base string, d *Damage, now time.Time) error {
	note, err := json.MarshalIndent(quarantineNote{now.UTC(), *d}, "", "  ")
	if err != nil {
		return fmt.Errorf("wal: write quarantine note: %w", err)
	}
	err = writeFile(fsys, base+".json", func(to disk.File) error {
		_, err := to.WriteAt(append(note, '\n'), 0)
		return err
	})
	if err != nil {
		return writeError("write quarantine note", err)
	}
	return nil
}

// quarantineSegment moves a whole file to the quarantine. It removes the old
// name only after the new name and the note are durable: a power cut in the
// middle of a rename could leave neither name.
func quarantineSegment(fsys disk.FS, dir string, d *Damage, now time.Time) error {
	q := filepath.Join(dir, quarantineDir)
	if err := fsys.MkdirAll(q); err != nil {
		return writeError("make quarantine", err)
	}
	if err := writeNote(fsys, filepath.Join(q, quarantineName(d)), d, now); err != nil {
		return err
	}
	from := filepath.Join(dir, d.File)
	if err := keepFile(fsys, from, filepath.Join(q, quarantineName(d)+".bytes"), d.Bytes); err != nil {
		return writeError("move damaged segment", err)
	}
	if err := syncDir(fsys, q); err != nil {
		return err
	}
	if err := fsys.Remove(from); err != nil {
		return writeError("move damaged segment", err)
	}
	return syncDir(fsys, dir)
}

// keepFile hard-links a file to a second name, or copies it where links are not
// supported.
func keepFile(fsys disk.FS, from, to string, size int64) error {
	if err := fsys.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if fsys.Link(from, to) == nil {
		return nil
	}
	f, err := fsys.Open(from, false)
	if err != nil {
		return err
	}
	err = writeFile(fsys, to, func(copied disk.File) error { return copyBytes(copied, f, 0, size) })
	return errors.Join(err, f.Close())
}

// writeFile creates a file and syncs it; the caller syncs the directory.
func writeFile(fsys disk.FS, name string, fill func(disk.File) error) error {
	if err := fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := fsys.Create(name)
	if err != nil {
		return err
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func copyBytes(to, from disk.File, off, end int64) error {
	b := make([]byte, min(max(end-off, 0), scanWindow))
	for at := off; at < end; at += int64(len(b)) {
		b = b[:min(int64(len(b)), end-at)]
		if err := readAt(from, b, at); err != nil {
			return err
		}
		if _, err := to.WriteAt(b, at-off); err != nil {
			return err
		}
	}
	return nil
}

func syncDir(fsys disk.FS, dir string) error {
	if err := fsys.SyncDir(dir); err != nil {
		return writeError("sync directory "+dir, err)
	}
	return nil
}

// measureQuarantine returns the number and size of the files in quarantine.
func measureQuarantine(fsys disk.FS, dir string) (files int, bytes int64) {
	q := filepath.Join(dir, quarantineDir)
	names, err := fsys.ReadDir(q)
	if err != nil {
		return 0, 0 // nothing was ever damaged
	}
	for _, name := range names {
		if filepath.Ext(name) != ".bytes" {
			continue
		}
		f, err := fsys.Open(filepath.Join(q, name), false)
		if err != nil {
			continue // removed by the operator meanwhile
		}
		if size, err := f.Size(); err == nil {
			files, bytes = files+1, bytes+size
		}
		_ = f.Close()
	}
	return files, bytes
}
