package e2e_test

import (
	"bytes"
	bytesof "encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// persons counts the persons with a trace in a file below the folder, decoded, and
// returns these files.
func persons(t *testing.T, traces [][][]byte, dir string) (found int, files []string) {
	t.Helper()
	// All traces have their first bytes in an index, so that each file is read once.
	const head = 8
	type trace struct {
		person int
		bytes  []byte
	}
	index := map[[head]byte][]trace{}
	for n, all := range traces {
		for _, b := range all {
			index[[head]byte(b)] = append(index[[head]byte(b)], trace{n, b})
		}
	}
	seen := map[int]bool{}
	eachDecoded(t, dir, func(path string, text []byte) {
		for at := range max(0, len(text)-head+1) {
			for _, tr := range index[[head]byte(text[at:])] {
				if bytes.HasPrefix(text[at:], tr.bytes) {
					seen[tr.person] = true
					if !slices.Contains(files, path) {
						files = append(files, path)
					}
				}
			}
		}
	})
	return len(seen), files
}

// eachDecoded calls visit with each file below a folder as it is, and with what it
// decodes to: gzip, frames of zstd wherever they stand, and the compressed blocks of the
// engine's columns.
func eachDecoded(t *testing.T, dir string, visit func(path string, text []byte)) {
	t.Helper()
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // a file that is gone meanwhile
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil //nolint:nilerr // the same
		}
		visit(path, b)
		if plain, err := gzip.NewReader(bytes.NewReader(b)); err == nil {
			var text bytes.Buffer
			_, _ = text.ReadFrom(plain) // a part is looked at, too
			visit(path, text.Bytes())
			return nil
		}
		if blocks, ok := columnBlocks(b, z); ok {
			visit(path, blocks)
			return nil
		}
		magic := []byte{0x28, 0xb5, 0x2f, 0xfd}
		for at := bytes.Index(b, magic); at >= 0; {
			if text, _ := z.DecodeAll(b[at:], nil); len(text) > 0 { // a part is looked at, too
				visit(path, text)
			}
			next := bytes.Index(b[at+1:], magic)
			if next < 0 {
				break
			}
			at += 1 + next
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The methods of a compressed block, of ClickHouse's CompressionInfo.h.
const (
	methodNone     = 0x02
	methodLZ4      = 0x82
	methodZSTD     = 0x90
	methodMultiple = 0x91
)

// columnBlocks decodes a file of compressed blocks: a checksum of 16 bytes, the method,
// the size of the block with these 9 bytes, the size that it decodes to, and the block.
// Columns in codecs for numbers stay encoded.
func columnBlocks(b []byte, z *zstd.Decoder) (text []byte, ok bool) {
	const checksum, head = 16, 9
	for len(b) > 0 {
		if len(b) < checksum+head {
			return nil, false
		}
		b = b[checksum:]
		size := int(bytesof.LittleEndian.Uint32(b[1:]))
		if size < head || size > len(b) {
			return nil, false
		}
		plain, known := decodedBlock(b[:size], z)
		if !known {
			return nil, false
		}
		text, b = append(text, plain...), b[size:]
	}
	return text, len(text) > 0
}

func decodedBlock(b []byte, z *zstd.Decoder) (text []byte, ok bool) {
	const head = 9
	size, payload := int(bytesof.LittleEndian.Uint32(b[5:])), b[head:]
	switch b[0] {
	case methodNone:
		return payload, true
	case methodLZ4:
		text = make([]byte, size)
		n, err := lz4.UncompressBlock(payload, text)
		return text[:max(n, 0)], err == nil
	case methodZSTD:
		text, err := z.DecodeAll(payload, nil)
		return text, err == nil
	case methodMultiple:
		n := int(payload[0])
		if inner := payload[1+n:]; len(inner) > head && inner[0] >= methodLZ4 {
			return decodedBlock(inner, z)
		}
		return payload, true
	}
	return b, b[0] > methodLZ4 && b[0] < 0xa0 // a codec for numbers
}
