package ingest

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
)

// ledger is a small file with the number of the pixel's events that were lost,
// and the number that wait in memory while they cannot be stored. After a
// SIGKILL the next run reads it: the waiting events are lost too. It is written
// in place, which needs no disk space, and not synced: a power cut may revert
// its last second.
type ledger struct {
	file       *os.File // nil: no space for the file
	lostBefore uint64   // lost in all runs before this one
	lostAtLast uint64   // of these, lost at the end of the last run
	logger     *slog.Logger

	mu               sync.Mutex
	waiting, dropped uint64 // values in the file
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

// set writes the numbers of events that wait and that this run has dropped. It
// is cheap if neither has changed.
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
