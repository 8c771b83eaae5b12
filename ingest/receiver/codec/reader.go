package codec

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

// Reader reads a decoded body. It is not safe for concurrent use. Get one by
// NewReader and give it back by Close.
type Reader struct {
	codec Codec
	sent  bytes.Reader
	left  int64 // decoded bytes that may still come

	gzip   *gzip.Reader
	zstd   *zstd.Decoder
	snappy *snappy.Reader
}

// Decoders are worth keeping: a zstd decoder has a window of up to 8 MiB. Those
// that nobody uses are freed by the garbage collector.
var readers = map[Codec]*sync.Pool{Plain: {}, Gzip: {}, Zstd: {}, Snappy: {}}

const scratchBytes = 64 << 10

var scratches = sync.Pool{New: func() any { return new([scratchBytes]byte) }}

// NewReader returns a reader of the decoded form of sent, which must not change
// before Close. Read fails with ErrTooLarge above maxBytes.
func NewReader(c Codec, sent []byte, maxBytes int64) (*Reader, error) {
	pool := readers[c]
	if pool == nil {
		return nil, ErrUnknown
	}
	r, ok := pool.Get().(*Reader)
	if !ok {
		r = &Reader{codec: c}
	}
	r.left = maxBytes
	r.sent.Reset(sent)
	if err := r.reset(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Reader) reset() error {
	switch r.codec {
	case Gzip:
		if r.gzip == nil {
			r.gzip = new(gzip.Reader)
		}
		if err := r.gzip.Reset(&r.sent); err != nil {
			return ErrDamaged // io.EOF too: a stream has one member at least
		}
		return nil
	case Zstd:
		if r.zstd == nil {
			z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(MaxWindowBytes))
			if err != nil {
				return err
			}
			r.zstd = z
		}
		return sorted(r.zstd.Reset(&r.sent))
	case Snappy:
		if r.snappy == nil {
			r.snappy = snappy.NewReader(&r.sent)
			return nil
		}
		r.snappy.Reset(&r.sent)
	}
	return nil
}

// Read reads decoded bytes; it ends with io.EOF or an error of this package.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.read(p)
	if int64(n) > r.left {
		n = int(r.left)
		r.left = 0
		return n, ErrTooLarge
	}
	r.left -= int64(n)
	return n, sorted(err)
}

func (r *Reader) read(p []byte) (int, error) {
	switch r.codec {
	case Gzip:
		return r.gzip.Read(p)
	case Zstd:
		return r.zstd.Read(p)
	case Snappy:
		return r.snappy.Read(p)
	}
	return r.sent.Read(p)
}

// Close gives the decoder back; the Reader must not be used after it.
func (r *Reader) Close() {
	r.sent.Reset(nil)
	if r.zstd != nil {
		_ = r.zstd.Reset(nil) // only lets go of the input
	}
	readers[r.codec].Put(r)
}

// sorted turns a decoder's error into one of this package.
func sorted(err error) error {
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return err
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrUnknownDictionary):
		return ErrWindow
	}
	return ErrDamaged
}

// AppendDecoded appends the decoded form of sent to dst. After an error, dst
// has what was decoded before it.
func AppendDecoded(dst []byte, c Codec, sent []byte, maxBytes int64) ([]byte, error) {
	r, err := NewReader(c, sent, maxBytes)
	if err != nil {
		return dst, err
	}
	defer r.Close()
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case errors.Is(err, io.EOF):
			return dst, nil
		case err != nil:
			return dst, err
		}
	}
}
