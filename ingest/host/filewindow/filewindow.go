// Package filewindow reads a file of frames through one window in memory: a
// scanner of a damaged file moves back and forth, byte by byte, and must not
// read the file again for each step.
package filewindow

import (
	"bytes"
	"io"
)

// Window is the part of a file in memory. It is not safe for concurrent use.
type Window struct {
	File  io.ReaderAt
	Ahead int64 // number of bytes to read at a time
	Keep  int64 // a larger buffer is released once Ahead suffices; 0: it is kept

	buf   []byte
	start int64 // offset of buf[0] in the file
}

// At returns the bytes from off on: at least n of them, or fewer at size. They
// are valid until the next call. It returns the error of the file; if the file
// is shorter than size, it returns the existing bytes and io.EOF.
func (w *Window) At(off, n, size int64) ([]byte, error) {
	n = min(n, size-off)
	if n <= 0 {
		return nil, nil
	}
	if off >= w.start && w.start+int64(len(w.buf))-off >= n {
		return w.buf[off-w.start:], nil
	}
	want := min(max(n, w.Ahead), size-off)
	if int64(cap(w.buf)) < want || w.Keep > 0 && int64(cap(w.buf)) > w.Keep && want <= w.Ahead {
		w.buf = make([]byte, 0, max(want, w.Ahead))
	}
	w.buf, w.start = w.buf[:want], off
	read, err := w.File.ReadAt(w.buf, off)
	if int64(read) == want {
		err = nil // io.EOF may come with the last byte
	}
	w.buf = w.buf[:read]
	return w.buf, err
}

// Find returns the first offset from off on, a multiple of align, where magic
// occurs with room for a frame's head of head bytes before size, or -1. It
// returns the same errors as At; with io.EOF the offset is the end of the file.
func (w *Window) Find(magic string, off, align, head, size int64) (int64, error) {
	for off+head <= size {
		b, err := w.At(off, head, size)
		if err != nil {
			return off + int64(len(b)), err
		}
		i := int64(bytes.Index(b, []byte(magic)))
		switch {
		case i < 0: // the magic may begin in the last bytes
			off = roundUp(off+int64(len(b))-int64(len(magic))+1, align)
		case (off+i)%align != 0:
			off = roundUp(off+i, align)
		case off+i+head > size:
			return -1, nil
		default:
			return off + i, nil
		}
	}
	return -1, nil
}

func roundUp(n, align int64) int64 { return (n + align - 1) / align * align }
