package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
)

// Mark says how far a file was read, and by what its content is known again.
type Mark struct {
	Size        int64  `json:"size"`               // bytes of the file that were read
	Fingerprint string `json:"fingerprint"`        // of all of them
	Offset      int64  `json:"offset"`             // decoded bytes up to the end of the last line that has a line feed
	Done        bool   `json:"done"`               // read to its end
	NoEvent     bool   `json:"no_event,omitempty"` // none of the lines so far is an event; set by the caller
	Version     string `json:"version,omitempty"`  // File.Version, where it has one; set by the caller
}

// Fingerprint returns the fingerprint of the first size bytes of a file: a hash
// of every one of them, since samples do not see a hole between them.
func Fingerprint(file io.Reader, size int64) (string, error) {
	h := sha256.New()
	if _, err := io.CopyN(h, file, size); err != nil {
		return "", fmt.Errorf("read: %w", err)
	}
	return fingerprint(h), nil
}

func fingerprint(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:16]) }

// Resume returns the mark from which a file of that size is read, given the mark
// of an earlier time: that one if the file begins with what was read then, with
// Done false if it has grown, and the zero mark if it is another one. It reads
// what was read then, and nothing of a file without a mark.
func Resume(file io.Reader, size int64, before Mark) (Mark, error) {
	if before.Fingerprint == "" || size < before.Size {
		return Mark{}, nil
	}
	now, err := Fingerprint(file, before.Size)
	if err != nil {
		return Mark{}, err
	}
	if now != before.Fingerprint {
		return Mark{}, nil
	}
	before.Done = before.Done && size == before.Size
	return before, nil
}
