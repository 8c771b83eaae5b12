package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

// FuzzScan: whatever a segment holds, a scan ends, covers every byte once and
// in order, and never returns a record that fails its checks.
func FuzzScan(f *testing.F) {
	h := header{lane: LaneLive, seq: 1, first: 1, createdAt: received, salt: 0x5eed5a17}
	gap := frame{kind: kindGap, number: 2, decoded: 3, bodyLen: 24}
	f.Add(segmentOf(&h, "one", "two", ""), uint64(0), false)
	f.Add(append(segmentOf(&h, "one"), make([]byte, 100)...), uint64(2), true)
	f.Add(segmentOf(&h, string(segmentOf(&h, "inner"))), uint64(0), false)
	f.Add(append(gap.append(segmentOf(&h, "one"), h.salt), make([]byte, 24)...), uint64(0), true)
	f.Fuzz(func(t *testing.T, data []byte, skip uint64, sign bool) {
		if sign {
			signHeads(data, h.salt)
		}
		sc := newScanner(bytes.NewReader(data), &h, int64(len(data)), int64(len(data)))
		sc.skip = skip
		at, number := int64(dataOffset), h.first
		for {
			it, err := sc.scan()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if it.off < at || it.end < it.off || (it.hole && it.off == it.end && it.lost == 0) {
				t.Fatalf("item [%d, %d) after %d", it.off, it.end, at)
			}
			at = it.end
			if it.hole || it.frame.kind != kindRecord {
				continue
			}
			if it.frame.number < number || it.frame.number < skip {
				t.Fatalf("record %d, want %d or later", it.frame.number, max(number, skip))
			}
			number = it.frame.number + 1
			r := Record{Source: string(it.source), Body: it.body}
			if bodySum(&r, make([]byte, maxSource)) != it.frame.bodySum {
				t.Fatalf("record %d fails its checksum", it.frame.number)
			}
		}
	})
}

// FuzzHeader: an accepted header is encoded to the same bytes.
func FuzzHeader(f *testing.F) {
	h := header{lane: LaneReplay, seq: 7, first: 1000, createdAt: received, salt: 1, prevSeq: 6, prevEnd: 4096}
	f.Add(h.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := parseHeader(data)
		if err != nil {
			return
		}
		again, err := parseHeader(got.encode())
		if err != nil || again != got {
			t.Fatalf("%+v became %+v, %v", got, again, err)
		}
	})
}

// signHeads corrects the checksum of every possible frame head, so that the
// fuzzer gets past it.
func signHeads(data []byte, salt uint32) {
	for at := dataOffset; at+frameSize <= len(data); at += alignment {
		if string(data[at:at+4]) == frameMagic {
			binary.LittleEndian.PutUint32(data[at+52:], headSum(data[at:at+52], salt))
		}
	}
}

func segmentOf(h *header, bodies ...string) []byte {
	b := h.encode()
	for i, body := range bodies {
		r := record(body)
		head := frame{
			kind: kindRecord, codec: r.Codec, sourceLen: uint8(len(r.Source)), bodyLen: uint32(len(r.Body)), lines: r.Lines,
			number: h.first + uint64(i), at: r.ReceivedAt.UnixMilli(), decoded: r.DecodedBytes, durable: int64(len(b)),
			bodySum: bodySum(r, make([]byte, maxSource)),
		}
		b = append(head.append(b, h.salt), r.Source...)
		b = append(b, r.Body...)
		b = append(b, padding(len(r.Source)+len(r.Body))...)
	}
	return b
}
