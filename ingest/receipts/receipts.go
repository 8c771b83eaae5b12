// Package receipts stores, independently of the warehouse, the outcome of each record of
// the write-ahead log, and the key of every event that must be in the warehouse from then
// on. An audit compares the two.
//
//	writer, err := receipts.OpenWriter(receipts.Options{Dir: dir})
//	err = writer.Append(list)               // after the insert; on disk when it returns
//	reader, err := receipts.OpenReader(dir) // in any process, also beside the writer
//	hour, err := reader.Hour(reader.Hours()[0])
//	err = hour.Each(func(*receipts.Receipt) error { … })
//
// It guarantees:
//   - A receipt that Append has accepted survives a crash and a power cut.
//   - A failed or interrupted write damages no other receipt.
//   - The reader detects damage by checksums, counts it, and continues after it.
//   - A jump of the clock makes no receipt expire: see age.
//   - The folder stays within its quota. Since returns the time from which it is complete.
//
// Receipts contain no lines, tokens or addresses, and the package does not read the
// warehouse. Only one process writes, by the lock of package wal.
//
// # Format, version 1
//
// The folder (mode 0700, files 0600) has a file for each UTC hour in which
// records were received, and further files after a restart, after a failed write, or
// if one would become too large:
//
//	since.json               {"since":"2026-11-21T13:00:00.000Z","clock":"2026-11-21T15:00:00.000Z"}
//	20261121T13.receipts     the first file of the hour
//	20261121T13-2.receipts   a later one; of two receipts for one record the later counts
//
// A file is a sequence of frames. Integers are little-endian, checksums CRC32C
// (https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4).
//
//	offset  size
//	     0     4  e7 67 52 31
//	     4     1  length of the log's id
//	     5     1  length of the lane
//	     6     1  length of the source
//	     7     1  d, the details
//	     8     8  number of the record
//	    16     8  received at, Unix milliseconds
//	    24     4  lines of the record
//	    28     4  n, the events
//	    32     4  bad tokens
//	    36     4  dead letters
//	    40     4  over the cap
//	    44     4  CRC32C of what follows the head
//	    48     4  CRC32C of bytes 0–47
//	    52        id of the log, lane, source; d details; then n keys of 8 bytes
//
// A detail is a name of 20 bytes, filled up with zeros, and a number of 4 bytes.
// Older versions wrote none.
//
// The head has a separate checksum, so that its length can be trusted and a
// damaged body costs only one receipt. A truncated frame or zeros at the end are a write
// that never returned; all other bytes that are no frame are damage.
package receipts

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// ErrReceipt is wrapped by Append's error about a receipt that does not fit into the
// format.
var ErrReceipt = errors.New("receipts: impossible receipt")

// Receipt is the outcome of one record of the log. Its lines are
// len(Events) + BadTokens + DeadLetters + OverCap + the details Web and LastOpen.
type Receipt struct {
	LogID       string    // of the lane's log; a new log restarts its record numbers
	Record      uint64    // number of the record in the log
	ReceivedAt  time.Time // kept to the millisecond, UTC
	Lane        string    // live or replay
	Source      string    // label of the sender
	Lines       int       // of the record
	Events      []uint64  // key of each line that must be in opens or unresolved_opens, repeats included
	BadTokens   int       // lines with a token that no key verifies
	DeadLetters int       // lines that cannot be stored
	OverCap     int       // opens of unregistered messages that were not stored, since there were too many
	Details     []Detail  // parts of the numbers above, as far as known
}

// Detail is a part of one of a receipt's numbers.
type Detail struct {
	Name  string // of at most MaxDetailName bytes
	Lines int
}

// MaxDetailName is the maximum length of a detail's name in bytes.
const MaxDetailName = 20

// The names of details other than reasons of dead letters.
const (
	Unresolved = "unresolved" // of Events: wait in unresolved_opens
	Aggregated = "aggregated" // of Events: in aggregate_opens, by campaign
	Withheld   = "withheld"   // of Events: in aggregate_opens, without a campaign
	LastOpen   = "last_open"  // opens of that mode, in none of the numbers above
	Repeated   = "repeated"   // of Events: were in opens before
	Web        = "web"        // page views and custom events, in none of the numbers above
	NotKept    = "not_kept"   // of DeadLetters: their source had used up its share
)

// Detail returns the lines of a detail; 0 if it is absent.
func (r *Receipt) Detail(name string) int {
	for _, d := range r.Details {
		if d.Name == name {
			return d.Lines
		}
	}
	return 0
}

// check returns ErrReceipt for a receipt that does not fit into a frame.
func (r *Receipt) check() error {
	for _, s := range []string{r.LogID, r.Lane, r.Source} {
		if len(s) > math.MaxUint8 {
			return fmt.Errorf("%w: a name of %d bytes", ErrReceipt, len(s))
		}
	}
	if len(r.Details) > math.MaxUint8 {
		return fmt.Errorf("%w: %d details", ErrReceipt, len(r.Details))
	}
	for _, d := range r.Details {
		if d.Name == "" || len(d.Name) > MaxDetailName || d.Lines < 0 || d.Lines > maxCount {
			return fmt.Errorf("%w: a detail of %d bytes and %d lines", ErrReceipt, len(d.Name), d.Lines)
		}
	}
	for _, n := range []int{r.Lines, len(r.Events), r.BadTokens, r.DeadLetters, r.OverCap} {
		if n < 0 || n > maxCount {
			return fmt.Errorf("%w: a count of %d", ErrReceipt, n)
		}
	}
	return nil
}
