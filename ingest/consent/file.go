package consent

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"time"

	"glint/ingest/warehouse"
)

// An exported ledger consists of JSON lines: a header, a line per row, and a
// trailer with the number of rows and the SHA-256 of all bytes before it.

type fileHeader struct {
	Format  string `json:"format"`
	Partial bool   `json:"partial"` // rows of one recipient only, so links are missing
}

const fileFormat = "glint consents 1"

type fileRow struct {
	Node         string `json:"node"`
	Sequence     uint64 `json:"sequence"`
	Recipient    string `json:"recipient_key"`
	Purpose      string `json:"purpose"`
	Choice       string `json:"choice"`
	DecidedAt    string `json:"decided_at"`
	RecordedAt   string `json:"recorded_at"`
	Method       string `json:"method"`
	TextHash     string `json:"text_hash"`
	TextVersion  string `json:"text_version"`
	PreviousHash string `json:"previous_hash"`
	Hash         string `json:"hash"`
}

type fileTrailer struct {
	Rows   int    `json:"rows"`
	SHA256 string `json:"sha256"`
}

const fileTime = "2006-01-02T15:04:05.000Z"

// FileWriter writes an exported ledger.
type FileWriter struct {
	w    io.Writer
	sum  hash.Hash
	rows int
}

// NewFileWriter writes the header of an export; partial means that it contains
// one recipient's rows.
func NewFileWriter(w io.Writer, partial bool) (*FileWriter, error) {
	f := &FileWriter{w: w, sum: sha256.New()}
	return f, f.line(fileHeader{fileFormat, partial})
}

// Row writes a row.
func (f *FileWriter) Row(c *warehouse.Consent) error {
	f.rows++
	return f.line(fileRow{
		c.Node, c.Sequence, c.Recipient.String(), c.Purpose, c.Choice.String(), c.DecidedAt.UTC().Format(fileTime),
		c.RecordedAt.UTC().Format(fileTime), c.Method, c.TextHash, c.TextVersion, c.PreviousHash, c.Hash,
	})
}

// Close writes the trailer and returns the number of rows.
func (f *FileWriter) Close() (rows int, err error) {
	return f.rows, f.line(fileTrailer{f.rows, hex.EncodeToString(f.sum.Sum(nil))})
}

func (f *FileWriter) line(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	f.sum.Write(b)
	_, err = f.w.Write(b)
	return err
}

// VerifyFile checks every byte of an exported ledger and returns the number of
// its rows. Faults are returned as an error around ErrDamaged.
func VerifyFile(r io.Reader) (rows int, err error) {
	in := bufio.NewReaderSize(r, 1<<16)
	sum := sha256.New()
	var v Verifier
	var last []byte
	for n := 0; ; n++ {
		line, err := in.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return v.Rows, fmt.Errorf("read ledger: %w", err)
		}
		if len(line) == 0 {
			break
		}
		if last != nil {
			if err := v.line(n-1, last); err != nil {
				return v.Rows, err
			}
			sum.Write(last)
		}
		last = line
	}
	if last == nil {
		return 0, damaged("the file is empty")
	}
	want, err := json.Marshal(fileTrailer{v.Rows, hex.EncodeToString(sum.Sum(nil))})
	if err != nil {
		return v.Rows, err
	}
	if !bytes.Equal(last, append(want, '\n')) {
		return v.Rows, damaged("the last line is not that of the %d rows before it", v.Rows)
	}
	return v.Rows, v.Err()
}

// line checks a line before the last one.
func (v *Verifier) line(n int, line []byte) error {
	if n == 0 {
		var h fileHeader
		if json.Unmarshal(line, &h) != nil || h.Format != fileFormat {
			return damaged("line 1 is not the header of an exported ledger")
		}
		v.Partial = h.Partial
		return nil
	}
	var row fileRow
	if json.Unmarshal(line, &row) != nil {
		return damaged("line %d is no row", n+1)
	}
	c := warehouse.Consent{
		Node: row.Node, Sequence: row.Sequence, Purpose: row.Purpose, Method: row.Method, TextHash: row.TextHash,
		TextVersion: row.TextVersion, PreviousHash: row.PreviousHash, Hash: row.Hash,
	}
	var faults [4]error
	c.Recipient, faults[0] = warehouse.ParseRecipientKey(row.Recipient)
	c.Choice, faults[1] = warehouse.ParseChoice(row.Choice)
	c.DecidedAt, faults[2] = time.Parse(fileTime, row.DecidedAt)
	c.RecordedAt, faults[3] = time.Parse(fileTime, row.RecordedAt)
	for _, fault := range faults {
		if fault != nil {
			return damaged("line %d is no row", n+1)
		}
	}
	v.Add(&c)
	return nil
}
