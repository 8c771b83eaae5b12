package receipts

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"glint/ingest/host/filewindow"
)

const scanWindow = 1 << 20

// scanner reads the frames of one file. Its memory is one window: scanWindow bytes, or
// one frame if that is larger.
type scanner struct {
	file filewindow.Window
	size int64
	off  int64

	damages int
	torn    int64
}

func newScanner(file io.ReaderAt, size int64) *scanner {
	return &scanner{file: filewindow.Window{File: file, Ahead: scanWindow}, size: size}
}

// frame is one good frame. Its body is valid until the next call of next.
type frame struct {
	head
	offset int64
	body   []byte // names and keys
}

// next returns the next good frame, or false at the end. Bytes between two good frames
// count as damage.
func (s *scanner) next() (frame, bool, error) {
	for s.off < s.size {
		fr, good, end, err := s.frameAt(s.off)
		if err != nil {
			return frame{}, false, err
		}
		if good {
			s.off = end
			return fr, true, nil
		}
		if err := s.skip(end); err != nil {
			return frame{}, false, err
		}
	}
	return frame{}, false, nil
}

// frameAt returns the frame at off and whether it is good. end is the offset of the next
// frame if the head is good, otherwise 0.
func (s *scanner) frameAt(off int64) (fr frame, good bool, end int64, err error) {
	b, err := s.window(off, headSize)
	if err != nil {
		return frame{}, false, 0, err
	}
	h, ok := parseHead(b)
	if !ok {
		return frame{}, false, 0, nil
	}
	end = off + h.size()
	if end > s.size {
		return frame{}, false, end, nil
	}
	if b, err = s.window(off, h.size()); err != nil || int64(len(b)) < h.size() {
		return frame{}, false, 0, err
	}
	body := b[headSize:h.size()]
	return frame{h, off, body}, crc32.Checksum(body, castagnoli) == h.bodySum, end, nil
}

// skip moves from bad bytes at s.off to the next good head, and counts the bytes as
// damaged or torn. end is the end of the frame that begins there; 0: none begins there.
func (s *scanner) skip(end int64) error {
	if end > s.size || end == 0 && s.size-s.off < headSize {
		return s.tail(true)
	}
	at := s.off + 1
	if end > 0 {
		at = end // only its body is bad
	}
	for {
		pos, err := s.find(at)
		if err != nil {
			return err
		}
		if pos < 0 {
			return s.tail(false)
		}
		b, err := s.window(pos, headSize)
		if err != nil {
			return err
		}
		if _, ok := parseHead(b); ok {
			s.damages++
			s.off = pos
			return nil
		}
		at = pos + 1
	}
}

// tail ends the scan: no good frame follows. The rest is torn or damaged.
func (s *scanner) tail(torn bool) error {
	if !torn {
		zero, err := s.zeros()
		if err != nil {
			return err
		}
		torn = zero
	}
	if torn {
		s.torn += s.size - s.off
	} else {
		s.damages++
	}
	s.off = s.size
	return nil
}

// zeros reports whether the file ends in zeros: it had grown, but its bytes were
// not written when the machine stopped. No receipt ends in zeros, since a
// key is half of a random id.
func (s *scanner) zeros() (bool, error) {
	b, err := s.window(max(s.off, s.size-keySize), keySize)
	return len(bytes.Trim(b, "\x00")) == 0, err
}

// find returns the first offset from off on at which a head may begin, or -1.
func (s *scanner) find(off int64) (int64, error) {
	at, err := s.file.Find(frameMagic, off, 1, headSize, s.size)
	for errors.Is(err, io.EOF) { // the writer has taken back a write that failed
		s.size = at
		at, err = s.file.Find(frameMagic, off, 1, headSize, s.size)
	}
	return at, wrapRead(off, err)
}

// window returns at least n bytes from off on, or fewer at the end of the
// file.
func (s *scanner) window(off, n int64) ([]byte, error) {
	b, err := s.file.At(off, n, s.size)
	if errors.Is(err, io.EOF) { // the writer has taken back a write that failed
		s.size, err = off+int64(len(b)), nil
	}
	return b, wrapRead(off, err)
}

func wrapRead(off int64, err error) error {
	if err != nil {
		return fmt.Errorf("read at byte %d: %w", off, err)
	}
	return nil
}
