// Package consent keeps what recipients have decided about being measured, and
// lets the decisions have their effect.
//
// Choices go into a ledger that is only ever appended to: the table consents. The
// rows of a node (a home) form a hash chain, so that a changed, missing or inserted
// row is found. A Recorder appends to it, and writes the withdrawals that follow;
// a Follower holds the messages of withdrawn recipients in memory, which ingest asks
// for every event; see Set.
//
// The package knows recipients by their keyed hash only. It does not decide what a
// new message's privacy mode is: package sends does, by the choices.
package consent

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"glint/ingest/warehouse"
)

// PurposeOpens is the one purpose that has an effect: individual measurement of
// opens.
const PurposeOpens = "opens"

// RememberNo is how long a refusal is remembered before the recipient may be asked
// again: six months (CNIL, deliberation 2026-042; the Garante's Italian rule of
// 2026 says the same of cookies).
const RememberNo = 6 // months

// AskAgainAt returns when a recipient may be asked: the zero time at any time, and
// false for one who has agreed, who need not be.
func AskAgainAt(d warehouse.Decision) (at time.Time, ever bool) {
	switch {
	case d.Choice == warehouse.Agreed:
		return time.Time{}, false
	case d.Choice.IsNo():
		return d.DecidedAt.AddDate(0, RememberNo, 0), true
	}
	return time.Time{}, true
}

// Hash returns the hash of a row: SHA-256, in hex, of all its other fields, each
// behind its length as a varint; numbers and times as 8 bytes, big endian.
func Hash(c *warehouse.Consent) string {
	var b []byte
	text := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	number := func(n uint64) { b = binary.BigEndian.AppendUint64(b, n) }
	text("glint consent 1")
	text(c.PreviousHash)
	text(c.Node)
	number(c.Sequence)
	b = append(b, c.Recipient[:]...)
	text(c.Purpose)
	number(uint64(c.Choice))
	number(uint64(c.DecidedAt.UnixMilli()))
	number(uint64(c.RecordedAt.UnixMilli()))
	text(c.Method)
	text(c.TextHash)
	text(c.TextVersion)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// seal links rows to the chain of a node whose last row has that sequence and hash.
func seal(rows []warehouse.Consent, node string, sequence uint64, hash string) {
	for i := range rows {
		sequence++
		rows[i].Node, rows[i].Sequence, rows[i].PreviousHash = node, sequence, hash
		hash = Hash(&rows[i])
		rows[i].Hash = hash
	}
}

// Head is the end of a node's chain.
type Head struct {
	Node     string `json:"node"`
	Sequence uint64 `json:"sequence"`
	Hash     string `json:"hash"`
}

// ErrDamaged is wrapped by what Verifier and VerifyFile find.
var ErrDamaged = errors.New("consent: the ledger was changed")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// maxFaults bounds what a Verifier keeps: one changed row is enough.
const maxFaults = 20

// Verifier checks rows of the ledger, in the order of the chains.
type Verifier struct {
	Partial bool // the rows are a part of the chains: only each one's own hash is checked
	Rows    int
	heads   map[string]Head
	faults  []error
}

// Add checks the next row.
func (v *Verifier) Add(c *warehouse.Consent) {
	if v.heads == nil {
		v.heads = map[string]Head{}
	}
	v.Rows++
	last := v.heads[c.Node]
	switch {
	case Hash(c) != c.Hash:
		v.fault("row %d of node %s does not have its hash", c.Sequence, printable(c.Node))
	case v.Partial:
	case c.Sequence == last.Sequence && c.Hash == last.Hash && last.Node != "":
		return // a repeated insert; nothing differs
	case c.Sequence != last.Sequence+1:
		v.fault("row %d of node %s comes after row %d", c.Sequence, printable(c.Node), last.Sequence)
	case c.PreviousHash != last.Hash:
		v.fault("row %d of node %s is not linked to the row before it", c.Sequence, printable(c.Node))
	}
	v.heads[c.Node] = Head{c.Node, c.Sequence, c.Hash}
}

func (v *Verifier) fault(format string, args ...any) {
	if len(v.faults) < maxFaults {
		v.faults = append(v.faults, damaged(format, args...))
	}
}

// Expect checks that the chain of a node comes as far as it is known to have come.
func (v *Verifier) Expect(h Head) {
	got := v.heads[h.Node]
	if h.Sequence > 0 && got.Sequence < h.Sequence {
		v.fault("node %s ends with row %d, and had row %d", printable(h.Node), got.Sequence, h.Sequence)
	}
	if got.Sequence == h.Sequence && got.Hash != h.Hash {
		v.fault("node %s ends with another row %d than it had", printable(h.Node), h.Sequence)
	}
}

// Err returns what was found, all around ErrDamaged; nil if nothing.
func (v *Verifier) Err() error { return errors.Join(v.faults...) }

// printable makes text of a damaged row safe for a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, s[:min(len(s), 40)])
}
