package ingest

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
)

// ledger is a small file that says how many of the pixel's events were lost, and
// how many wait in memory while they cannot be stored. After a SIGKILL the next
// run finds there what died with the process: those that waited are lost too.
// It is written in place, which needs no room on the disk, and not synced: a
// power cut may take back the last second of it.
type ledger struct {
	file       *os.File // nil: there is no room for one
	lostBefore uint64   // in all runs before this one
	lostAtLast uint64   // of these, at the end of the last one
	logger     *slog.Logger

	mu               sync.Mutex
	waiting, dropped uint64 // as they were written
	failed           bool
}

const ledgerFormat = "lost %020d waiting %020d\n"

func openLedger(path string, logger *slog.Logger) *ledger {
	l := &ledger{logger: logger}
	var lost, waiting uint64
	b, err := os.ReadFile(path)
	if err == nil {
		_, err = fmt.Sscanf(string(b), ledgerFormat, &lost, &waiting)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		logger.Warn("the count of lost opens begins anew", "error", err)
		lost, waiting = 0, 0
	}
	l.lostBefore, l.lostAtLast = lost+waiting, waiting
	if waiting > 0 {
		logger.Error("opens were answered and not stored when the last run ended", "opens", waiting)
	}
	if l.file, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		logger.Warn("lost opens are not counted across a restart", "error", err)
		return l
	}
	l.write()
	return l
}

// set notes what waits, and what this run has dropped. It is cheap where neither
// has changed.
func (l *ledger) set(waiting, dropped uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if waiting != l.waiting || dropped != l.dropped {
		l.waiting, l.dropped = waiting, dropped
		l.write()
	}
}

func (l *ledger) write() {
	if l.file == nil {
		return
	}
	_, err := l.file.WriteAt(fmt.Appendf(nil, ledgerFormat, l.lostBefore+l.dropped, l.waiting), 0)
	if err != nil && !l.failed {
		l.logger.Warn("lost opens are not counted across a restart", "error", err)
	}
	l.failed = err != nil
}
