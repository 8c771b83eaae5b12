package ingest

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"glint/ingest/warehouse"
)

// erase starts the worker that executes erasures, if the configuration accepts them.
func (l *pipelines) erase(w *warehouse.Warehouse) {
	if l.cfg.ErasureDir == "" {
		return
	}
	e := l.eraser
	e.Warehouse, e.Lanes, e.LogDir = w, l.lanes, l.cfg.LogDir
	e.Receipts, e.Letters, e.Archive, e.Follow, e.Feed = l.receipts.Load(), l.letters.Load(), l.archive.store, l.follow, l.feed
	if l.archive.store != nil {
		e.Flush = l.archive.flush
	}
	if l.cfg.Consent != nil {
		e.Book = l.cfg.Consent
	}
	if l.cfg.Engine != nil {
		dir := l.cfg.Engine.DataDir
		e.Lifetime, e.SyncDisk = time.Second, func() error { return syncDisk(dir) }
	}
	for _, m := range l.mirrors {
		e.Copies = append(e.Copies, m)
	}
	l.working.Go(func() { e.Run(l.ctx) })
}

// syncDisk syncs the file system that contains dir, including files of
// other processes (syncfs(2)).
func syncDisk(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return unix.Syncfs(int(f.Fd()))
}
