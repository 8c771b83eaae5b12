package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// FORMAT.md draws the encoding below; a test compares golden bytes.
const (
	formatVersion = 1

	headerSize = 96             // size of one copy of a segment's header
	dataOffset = 2 * headerSize // offset of the first frame
	frameSize  = 56             // size of a frame without source and body
	alignment  = 8              // every frame begins at a multiple of it
	maxLane    = 16
)

const (
	segmentMagic = "glintWAL"
	frameMagic   = "\xe7gF1" // neither text nor zeros
)

// The kinds of frames.
const (
	kindRecord = 1
	kindSeal   = 2 // ends a segment that was closed regularly
	kindGap    = 3 // covers damaged bytes, which are in quarantine
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is a segment's header.
type header struct {
	lane      string
	seq       uint64 // number of the segment
	first     uint64 // number of its first record
	createdAt time.Time
	salt      uint32 // random; seeds the checksums of the frames' heads
	prevSeq   uint64 // number of the previous segment; 0: none
	prevEnd   int64  // number of its valid bytes; later bytes were never acknowledged
}

// encode returns the header as written at the start of the file: twice, so that
// no single damage destroys the salt.
func (h *header) encode() []byte {
	b := make([]byte, headerSize, dataOffset)
	copy(b, segmentMagic)
	le := binary.LittleEndian
	le.PutUint16(b[8:], formatVersion)
	copy(b[16:32], h.lane)
	le.PutUint64(b[32:], h.seq)
	le.PutUint64(b[40:], h.first)
	le.PutUint64(b[48:], uint64(h.createdAt.UnixMilli()))
	le.PutUint32(b[56:], h.salt)
	le.PutUint64(b[64:], h.prevSeq)
	le.PutUint64(b[72:], uint64(h.prevEnd))
	sumHeader(b)
	return append(b, b...)
}

func sumHeader(b []byte) { binary.LittleEndian.PutUint32(b[92:], crc32.Checksum(b[:92], castagnoli)) }

var errHeader = errors.New("header is damaged")

// parseHeader reads one copy of a header.
func parseHeader(b []byte) (header, error) {
	le := binary.LittleEndian
	if len(b) < headerSize || string(b[:8]) != segmentMagic || le.Uint32(b[92:]) != crc32.Checksum(b[:92], castagnoli) {
		return header{}, errHeader
	}
	if v := le.Uint16(b[8:]); v != formatVersion {
		return header{}, fmt.Errorf("%w %d", ErrVersion, v)
	}
	return header{
		lane:      strings.TrimRight(string(b[16:32]), "\x00"),
		seq:       le.Uint64(b[32:]),
		first:     le.Uint64(b[40:]),
		createdAt: time.UnixMilli(int64(le.Uint64(b[48:]))).UTC(),
		salt:      le.Uint32(b[56:]),
		prevSeq:   le.Uint64(b[64:]),
		prevEnd:   int64(le.Uint64(b[72:])),
	}, nil
}

// frame is the head of a frame. In a gap frame, number is the first lost record
// and decoded the number of lost records.
type frame struct {
	kind      uint8
	codec     Codec
	sourceLen uint8
	bodyLen   uint32
	lines     uint32
	number    uint64
	at        int64 // Unix milliseconds
	decoded   uint64
	durable   int64 // size of the segment on disk when this frame was written
	bodySum   uint32
}

// size returns the size of the whole frame: head, source, body, padding.
func (f *frame) size() int64 {
	return padded(frameSize + int64(f.sourceLen) + int64(f.bodyLen))
}

func padded(n int64) int64 { return (n + alignment - 1) &^ (alignment - 1) }

// append encodes the head for a segment with that salt.
func (f *frame) append(dst []byte, salt uint32) []byte {
	start := len(dst)
	le := binary.LittleEndian
	dst = append(dst, frameMagic...)
	dst = append(dst, f.kind, byte(f.codec), f.sourceLen, 0)
	dst = le.AppendUint32(dst, f.bodyLen)
	dst = le.AppendUint32(dst, f.lines)
	dst = le.AppendUint64(dst, f.number)
	dst = le.AppendUint64(dst, uint64(f.at))
	dst = le.AppendUint64(dst, f.decoded)
	dst = le.AppendUint64(dst, uint64(f.durable))
	dst = le.AppendUint32(dst, f.bodySum)
	return le.AppendUint32(dst, headSum(dst[start:], salt))
}

// parseFrame decodes the head of a frame and reports whether it belongs to the
// segment with that salt.
func parseFrame(b []byte, salt uint32) (frame, bool) {
	le := binary.LittleEndian
	if len(b) < frameSize || string(b[:4]) != frameMagic || le.Uint32(b[52:]) != headSum(b[:52], salt) {
		return frame{}, false
	}
	return frame{
		kind:      b[4],
		codec:     Codec(b[5]),
		sourceLen: b[6],
		bodyLen:   le.Uint32(b[8:]),
		lines:     le.Uint32(b[12:]),
		number:    le.Uint64(b[16:]),
		at:        int64(le.Uint64(b[24:])),
		decoded:   le.Uint64(b[32:]),
		durable:   int64(le.Uint64(b[40:])),
		bodySum:   le.Uint32(b[48:]),
	}, true
}

// headSum returns the checksum of a head. It is seeded with the segment's salt,
// which no client knows: so bytes inside a body never pass for a frame when a
// damaged segment is searched for the next good one.
func headSum(head []byte, salt uint32) uint32 { return crc32.Update(salt, castagnoli, head) }

// sumOf returns the checksum of the rest of a frame: source, body and padding.
func sumOf(rest []byte) uint32 { return crc32.Checksum(rest, castagnoli) }

// bodySum returns sumOf for a record that is not encoded yet. Each byte of a
// frame is covered by one of its two checksums. The source is copied to
// scratch, which must have room for it.
func bodySum(r *Record, scratch []byte) uint32 {
	sum := crc32.Checksum(scratch[:copy(scratch, r.Source)], castagnoli)
	sum = crc32.Update(sum, castagnoli, r.Body)
	return crc32.Update(sum, castagnoli, padding(len(r.Source)+len(r.Body)))
}

var zeros [alignment]byte

// padding returns the zeros that follow n bytes of source and body.
func padding(n int) []byte {
	return zeros[:padded(frameSize+int64(n))-frameSize-int64(n)]
}

var segmentName = regexp.MustCompile(`^([0-9]{8,20})-([0-9]{20})\.seg$`)

// fileName returns the name of a segment: its number and the number of its
// first record, so that record numbers continue even if the header is lost.
func fileName(seq, first uint64) string { return fmt.Sprintf("%08d-%020d.seg", seq, first) }

func parseFileName(name string) (seq, first uint64, ok bool) {
	m := segmentName.FindStringSubmatch(name)
	if m == nil {
		return 0, 0, false
	}
	seq, err1 := strconv.ParseUint(m[1], 10, 64)
	first, err2 := strconv.ParseUint(m[2], 10, 64)
	return seq, first, err1 == nil && err2 == nil && seq > 0 && first > 0 && fileName(seq, first) == name
}
