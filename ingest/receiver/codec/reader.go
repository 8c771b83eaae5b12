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

// Decoder decodes streams of one codec, one after the other. It is not safe for
// concurrent use.
type Decoder struct {
	codec  Codec
	window int // largest zstd window in bytes
	sent   io.Reader
	gzip   *gzip.Reader
	zstd   *zstd.Decoder
	snappy *snappy.Reader
}

// NewDecoder returns a decoder without a stream. For a zstd window above
// maxWindowBytes, Read returns zstd.ErrWindowSizeExceeded. An unknown codec is
// decoded as Plain.
func NewDecoder(c Codec, maxWindowBytes int) *Decoder {
	return &Decoder{codec: c, window: maxWindowBytes}
}

// Reset starts a new stream; nil releases the previous one. Reset and Read
// return errors of the decoder and of sent unchanged.
func (d *Decoder) Reset(sent io.Reader) (err error) {
	d.sent = sent
	switch d.codec {
	case Gzip:
		if sent == nil {
			return nil
		}
		if d.gzip == nil {
			d.gzip = new(gzip.Reader)
		}
		return d.gzip.Reset(sent)
	case Zstd:
		if d.zstd == nil {
			if d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(uint64(d.window))); err != nil {
				return err
			}
		}
		return d.zstd.Reset(sent)
	case Snappy:
		if d.snappy == nil {
			d.snappy = snappy.NewReader(sent)
			return nil
		}
		d.snappy.Reset(sent)
	case Plain:
	}
	return nil
}

func (d *Decoder) Read(p []byte) (int, error) {
	switch d.codec {
	case Gzip:
		return d.gzip.Read(p)
	case Zstd:
		return d.zstd.Read(p)
	case Snappy:
		return d.snappy.Read(p)
	case Plain:
	}
	return d.sent.Read(p)
}

// Close releases the decoder's memory. The Decoder must not be used after it.
func (d *Decoder) Close() {
	if d.zstd != nil {
		d.zstd.Close()
	}
}

// Reader reads a decoded body. It is not safe for concurrent use. Get one from
// NewReader and return it with Close.
type Reader struct {
	decoder *Decoder
	sent    bytes.Reader
	left    int64 // decoded bytes that are still allowed
}

// Decoders are pooled, since a zstd decoder has a window of up to 8 MiB. The
// garbage collector frees unused ones.
var readers = map[Codec]*sync.Pool{Plain: {}, Gzip: {}, Zstd: {}, Snappy: {}}

const scratchBytes = 64 << 10

var scratches = sync.Pool{New: func() any { return new([scratchBytes]byte) }}

// NewReader returns a reader of the decoded form of sent, which must not change
// before Close. Above maxBytes, Read returns ErrTooLarge.
func NewReader(c Codec, sent []byte, maxBytes int64) (*Reader, error) {
	pool := readers[c]
	if pool == nil {
		return nil, ErrUnknown
	}
	r, ok := pool.Get().(*Reader)
	if !ok {
		r = &Reader{decoder: NewDecoder(c, MaxWindowBytes)}
	}
	r.left = maxBytes
	r.sent.Reset(sent)
	if err := r.decoder.Reset(&r.sent); err != nil {
		r.Close()
		if c == Gzip {
			return nil, ErrDamaged // io.EOF too: a stream has at least one member
		}
		return nil, sorted(err)
	}
	return r, nil
}

// Read reads decoded bytes; it ends with io.EOF or an error of this package.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.decoder.Read(p)
	if int64(n) > r.left {
		n = int(r.left)
		r.left = 0
		return n, ErrTooLarge
	}
	r.left -= int64(n)
	return n, sorted(err)
}

// Close returns the decoder to the pool. The Reader must not be used after it.
func (r *Reader) Close() {
	r.sent.Reset(nil)
	_ = r.decoder.Reset(nil) // only releases the input
	readers[r.decoder.codec].Put(r)
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

// AppendDecoded appends the decoded form of sent to dst. On an error it returns
// dst with the bytes decoded so far.
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
