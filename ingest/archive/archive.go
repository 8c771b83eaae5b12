// Package archive reads archived log files, as a CDN's log streaming writes
// them into a bucket: plain, gzip, zstd or framed snappy, recognized by
// content, not by name, with or without a syslog header before each line or a
// byte order mark before the first; in UTF-8, or in UTF-16 as package sheet recognizes it.
//
// A damaged file yields the lines before the damage, then an error. Memory is
// bounded whatever the file contains. The package does not interpret the lines
// and stores nothing; a Mark records where to continue.
package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"unicode/utf8"

	"glint/ingest/logline"
	"glint/ingest/receiver/codec"
	"glint/ingest/sheet"
)

// The errors of a file. Disk errors are returned as they are.
var (
	ErrDamaged = errors.New("archive: the file is damaged or ends early")
	ErrNotText = errors.New("archive: the file holds no lines of text")
)

// MaxLineBytes is the longest line that is read; a longer one is skipped and
// counted. Lines of events are far shorter.
const MaxLineBytes = 1 << 20

// maxWindowBytes is the largest window of a zstd file: that of zstd --long.
const maxWindowBytes = 128 << 20

// Reader reads the lines of one file.
type Reader struct {
	raw     counter
	sent    *bufio.Reader // of the file as it is
	lines   *bufio.Reader // decoded
	decoder *codec.Decoder
	end     int64 // decoded bytes, as UTF-8, up to the end of the last line with a line feed, since a last line without one may still grow
	long    int
	line    []byte
	partial bool // the last line has no line feed
	failed  error
}

// counter counts and hashes the bytes read.
type counter struct {
	r io.Reader
	n int64
	h hash.Hash
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.h.Write(p[:n])
	return n, err
}

// NewReader returns a reader of the file's lines from the decoded byte skip on:
// the Offset of an earlier Mark, or 0. Close must be called.
func NewReader(file io.Reader, skip int64) (*Reader, error) {
	r := &Reader{raw: counter{r: file, h: sha256.New()}}
	r.sent = bufio.NewReaderSize(&r.raw, 1<<18)
	head, err := r.sent.Peek(16)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	r.decoder = codec.NewDecoder(codec.Detect(head), maxWindowBytes)
	if err := r.decoder.Reset(r.sent); err != nil {
		r.Close()
		return nil, damage(err)
	}
	if head, err = r.text(); len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
		r.Close()
		return nil, damage(err)
	}
	if !isText(head) {
		r.Close()
		return nil, ErrNotText
	}
	if skip > 0 {
		if _, err := io.CopyN(io.Discard, r.lines, skip); err != nil {
			r.Close()
			return nil, damage(err)
		}
		r.end = skip
	}
	return r, nil
}

// text begins to read the decoded text, in UTF-8, and returns its beginning.
func (r *Reader) text() (head []byte, err error) {
	r.lines = bufio.NewReaderSize(r.decoder, 1<<18)
	head, err = r.lines.Peek(1 << 10)
	wide, wideErr := sheet.FromUTF16(head, r.lines)
	if wide == nil {
		return head, errors.Join(err, wideErr)
	}
	r.lines = bufio.NewReaderSize(wide, 1<<18)
	return r.lines.Peek(1 << 10)
}

// isText refuses images, other archives and other binary files, whose lines
// would all be stored as faulty ones. The last character may be cut off.
func isText(head []byte) bool {
	for len(head) > 0 {
		c, n := utf8.DecodeRune(head)
		switch {
		case c == utf8.RuneError && n == 1:
			return len(head) < utf8.UTFMax && !utf8.FullRune(head)
		case c < ' ' && c != '\t' && c != '\n' && c != '\r':
			return false
		}
		head = head[n:]
	}
	return true
}

// Next returns the next line that is not blank, without its line feed and its
// syslog header. It is valid until the next call. At the end it returns io.EOF.
// It does not return a line truncated by damage.
func (r *Reader) Next() ([]byte, error) {
	for r.failed == nil {
		line, whole := r.read()
		if !whole && !errors.Is(r.failed, io.EOF) {
			break
		}
		r.partial = !whole
		if line = Line(line); len(line) > 0 {
			return line, nil
		}
	}
	return nil, r.failed
}

// read returns a line and whether it ends with a line feed; nil if the line is
// too long.
func (r *Reader) read() (line []byte, whole bool) {
	size := int64(0)
	r.line = r.line[:0]
	for {
		part, err := r.lines.ReadSlice('\n')
		size += int64(len(part))
		if size <= MaxLineBytes {
			if err == nil && len(r.line) == 0 {
				r.end += size
				return part, true
			}
			r.line = append(r.line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			r.failed = damage(err)
		} else {
			r.end += size
		}
		if size > MaxLineBytes {
			r.long++
			return nil, err == nil
		}
		return r.line, err == nil
	}
}

// Offset returns the number of decoded bytes of the lines so far. A last line
// without a line feed does not count, since the file may grow.
func (r *Reader) Offset() int64 { return r.end }

// Partial reports whether the line that Next returned last has no line feed, so
// that Offset does not count it.
func (r *Reader) Partial() bool { return r.partial }

// Mark returns the position in the file; done means that no lines follow. It
// reads the rest that a decoder has left unread.
func (r *Reader) Mark(done bool) (Mark, error) {
	if done {
		if _, err := io.Copy(io.Discard, r.sent); err != nil {
			return Mark{}, fmt.Errorf("read: %w", err)
		}
	}
	return Mark{Size: r.raw.n, Fingerprint: fingerprint(r.raw.h), Offset: r.end, Done: done}, nil
}

// RawBytes returns the approximate number of bytes read from the file.
func (r *Reader) RawBytes() int64 { return r.raw.n }

// LongLines returns the number of lines that were too long.
func (r *Reader) LongLines() int { return r.long }

// Close releases the decoder. It does not close the file.
func (r *Reader) Close() { r.decoder.Close() }

// damage wraps a decoder's error, or an early end, in ErrDamaged. It returns errors of
// the disk, and io.EOF, unchanged.
func damage(err error) error {
	var path interface{ Timeout() bool } // of *fs.PathError
	switch {
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case errors.As(err, &path):
		return err
	}
	return fmt.Errorf("%w (%w)", ErrDamaged, err)
}

// Line returns a line of a log without the text around its object; see
// logline.Trim, which other readers use as well.
func Line(line []byte) []byte {
	line = bytes.TrimSpace(line)
	if len(line) == 0 || line[0] == '{' {
		return line
	}
	if bytes.IndexByte(line, '{') < 0 && !bytes.HasPrefix(line, []byte(logline.BOM)) {
		return line // nearly every line of an access log: nothing is around it
	}
	if text := logline.Trim(string(line)); len(text) < len(line) {
		return []byte(text)
	}
	return line
}
