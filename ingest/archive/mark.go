package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// Mark says how far a file was read, and by what its content is known again.
type Mark struct {
	Size        int64  `json:"size"`        // when it was read
	Fingerprint string `json:"fingerprint"` // of that many bytes
	Offset      int64  `json:"offset"`      // decoded; see Reader.Offset
	Done        bool   `json:"done"`        // read to its end
}

// The fingerprint is over this many samples, spread evenly from the first bytes
// to the last: enough to tell files of a log from each other without reading
// them whole. A file that is no longer than all samples is taken whole.
const (
	samples     = 64
	sampleBytes = 4 << 10
)

// Fingerprint returns the fingerprint of the first size bytes of a file.
func Fingerprint(file io.ReaderAt, size int64) (string, error) {
	h := sha256.New()
	if size <= samples*sampleBytes {
		if _, err := io.Copy(h, io.NewSectionReader(file, 0, size)); err != nil {
			return "", fmt.Errorf("read: %w", err)
		}
		return hex.EncodeToString(h.Sum(nil)[:16]), nil
	}
	buffer := make([]byte, sampleBytes)
	for n := range int64(samples) {
		at := (size - sampleBytes) / (samples - 1) * n
		if n == samples-1 {
			at = size - sampleBytes
		}
		if _, err := file.ReadAt(buffer, at); err != nil {
			return "", fmt.Errorf("read: %w", err)
		}
		h.Write(buffer)
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// Resume returns the mark from which a file of that size is read, given the mark
// of an earlier time: that one if the file is the same, it with Done false if
// the file has grown, and a mark of its beginning if it is another one.
func Resume(file io.ReaderAt, size int64, before Mark) (Mark, error) {
	now, err := Fingerprint(file, size)
	if err != nil {
		return Mark{}, err
	}
	if before.Fingerprint == "" || size < before.Size {
		return Mark{Size: size, Fingerprint: now}, nil
	}
	then := now
	if size > before.Size {
		if then, err = Fingerprint(file, before.Size); err != nil {
			return Mark{}, err
		}
	}
	if then != before.Fingerprint {
		return Mark{Size: size, Fingerprint: now}, nil
	}
	return Mark{Size: size, Fingerprint: now, Offset: before.Offset, Done: before.Done && size == before.Size}, nil
}
