// Package codec decodes bodies of log lines: gzip (RFC 1952, several members),
// zstd (RFC 8878, several frames) and snappy in its framing format. It counts
// the lines while it decodes, without keeping the decoded bytes.
//
// For any input it returns the lines or one of the package's errors. The
// decoded bytes stay within the given limit, and the memory within a few
// windows of at most MaxWindowBytes. It does not interpret the lines.
package codec

import (
	"bytes"
	"errors"
	"strings"
)

// Codec is the compression of a body. The values are frozen: the log stores
// bodies as received, each with its Codec.
type Codec uint8

// The codecs.
const (
	Plain  Codec = 0
	Gzip   Codec = 1
	Zstd   Codec = 2
	Snappy Codec = 3 // framing format; raw blocks lack a stream's length and checksum
)

// All lists the codecs in the order of their values.
var All = []Codec{Plain, Gzip, Zstd, Snappy}

// MaxWindowBytes is the largest zstd window: the size that a decoder of
// Content-Encoding: zstd must support (RFC 9659 §3).
const MaxWindowBytes = 8 << 20

// The errors of this package. Other errors come from the caller's reader.
var (
	ErrUnknown  = errors.New("codec: unknown encoding")
	ErrDamaged  = errors.New("codec: the body is damaged or ends early")
	ErrTooLarge = errors.New("codec: the decoded body is too large")
	ErrWindow   = errors.New("codec: the zstd window is above 8 MiB, or a dictionary is needed")
)

// String returns the codec's name in Content-Encoding, which is also its metric
// label.
func (c Codec) String() string {
	switch c {
	case Plain:
		return "plain"
	case Gzip:
		return "gzip"
	case Zstd:
		return "zstd"
	case Snappy:
		return "snappy"
	}
	return "unknown"
}

// Parse returns the codec named by a Content-Encoding. If the header is empty,
// known is false and the body's first bytes decide; see Detect. An unsupported
// encoding, or several encodings, give ErrUnknown.
func Parse(contentEncoding string) (c Codec, known bool, err error) {
	switch strings.ToLower(strings.TrimSpace(contentEncoding)) {
	case "", "identity":
		return Plain, false, nil
	case "gzip", "x-gzip":
		return Gzip, true, nil
	case "zstd":
		return Zstd, true, nil
	case "snappy", "x-snappy-framed":
		return Snappy, true, nil
	}
	return Plain, false, ErrUnknown
}

var (
	gzipMagic   = []byte{0x1f, 0x8b}                                           // RFC 1952 §2.3.1
	zstdMagic   = []byte{0x28, 0xb5, 0x2f, 0xfd}                               // RFC 8878 §3.1.1
	skipMagic   = []byte{0x2a, 0x4d, 0x18}                                     // RFC 8878 §3.1.2, after 0x50 to 0x5f
	snappyMagic = []byte{0xff, 0x06, 0x00, 0x00, 's', 'N', 'a', 'P', 'p', 'Y'} // snappy:framing_format.txt §4.1
)

// Detect returns the codec that the first bytes of a body indicate. No JSON
// begins with any of these magic numbers.
func Detect(body []byte) Codec {
	switch {
	case bytes.HasPrefix(body, gzipMagic):
		return Gzip
	case bytes.HasPrefix(body, zstdMagic):
		return Zstd
	case len(body) > 3 && body[0]>>4 == 5 && bytes.Equal(body[1:4], skipMagic):
		return Zstd
	case bytes.HasPrefix(body, snappyMagic):
		return Snappy
	}
	return Plain
}
