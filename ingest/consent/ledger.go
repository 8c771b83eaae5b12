// Package consent records recipients' decisions about being measured, and
// applies them.
//
// Choices are appended to a ledger, the table consents. The rows of a node (a
// home) form a hash chain, so that changed, missing or inserted rows are
// detected. A Recorder appends to it and writes the resulting withdrawals. A
// Follower keeps the messages of withdrawn recipients in memory; ingest looks
// up each event there: see Set.
//
// The package knows recipients only by their keyed hash. It does not decide the
// privacy mode of new messages: package sends does, from the choices.
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

// RememberNo is the time for which a refusal is remembered before the recipient may be
// asked again: six months (CNIL, deliberation 2026-042; the Italian Garante's
// rule of 2026 has the same period for cookies).
const RememberNo = 6 // months

// AskAgainAt returns when a recipient may be asked; a zero time means at any
// time. It returns false for recipients who have agreed, who need not be asked.
func AskAgainAt(d warehouse.Decision) (at time.Time, ever bool) {
	switch {
	case d.Choice == warehouse.Agreed:
		return time.Time{}, false
	case d.Choice.IsNo():
		return d.DecidedAt.AddDate(0, RememberNo, 0), true
	}
	return time.Time{}, true
}

// Hash returns the hash of a row in hex: SHA-256 over all its other fields,
// each preceded by its length as a varint; numbers and times as 8 bytes, big
// endian.
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

// seal appends rows to the chain of a node that ends with that sequence and
// hash.
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

// ErrDamaged is wrapped by the errors of Verifier and VerifyFile.
var ErrDamaged = errors.New("consent: the ledger was changed")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// maxFaults is the number of faults that a Verifier keeps: one changed row is
// enough.
const maxFaults = 20

// Verifier checks rows of the ledger, which must come in the order of the
// chains.
type Verifier struct {
	Partial bool // the rows are only a part of the chains, so only each row's own hash is checked
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

// Expect checks that a node's chain has not become shorter than known.
func (v *Verifier) Expect(h Head) {
	got := v.heads[h.Node]
	if h.Sequence > 0 && got.Sequence < h.Sequence {
		v.fault("node %s ends with row %d, and had row %d", printable(h.Node), got.Sequence, h.Sequence)
	}
	if got.Sequence == h.Sequence && got.Hash != h.Hash {
		v.fault("node %s ends with another row %d than it had", printable(h.Node), h.Sequence)
	}
}

// Err returns the faults, all around ErrDamaged, or nil.
func (v *Verifier) Err() error { return errors.Join(v.faults...) }

// printable makes a text from a damaged row safe for a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, s[:min(len(s), 40)])
}
