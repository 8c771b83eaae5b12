package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
)

// Mark is a position in a file, with a fingerprint of the content before it.
type Mark struct {
	Size        int64  `json:"size"`               // number of bytes read
	Fingerprint string `json:"fingerprint"`        // of all of them
	Offset      int64  `json:"offset"`             // decoded bytes up to the end of the last line that has a line feed
	Done        bool   `json:"done"`               // read to its end
	NoEvent     bool   `json:"no_event,omitempty"` // none of the lines so far is an event; set by the caller
	Version     string `json:"version,omitempty"`  // File.Version, if known; set by the caller
}

// Fingerprint returns a hash of the first size bytes of a file: of all of them,
// since samples would miss a difference between them.
func Fingerprint(file io.Reader, size int64) (string, error) {
	h := sha256.New()
	if _, err := io.CopyN(h, file, size); err != nil {
		return "", fmt.Errorf("read: %w", err)
	}
	return fingerprint(h), nil
}

func fingerprint(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:16]) }

// Resume returns the mark from which to read a file of that size, given an
// earlier mark: before, if the file still begins with the bytes read then, with
// Done false if it has grown; otherwise a zero mark. It reads those bytes
// again, and nothing without an earlier mark.
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
