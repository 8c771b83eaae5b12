package gatekeeper

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// MaxStatementBytes is the largest decoded statement of a reader. It is the
// engine's own default (max_query_size).
const MaxStatementBytes = 256 << 10

// maxWindowBytes bounds the memory of a zstd decoder.
const maxWindowBytes = 8 << 20

// Decode decodes a body: first the Content-Encoding, then, if framed, the
// blocks of ClickHouse's own protocol (parameter decompress=1).
func Decode(body []byte, encoding string, framed bool) (string, *Refusal) {
	decoded, refused := decodeContent(body, encoding)
	if refused != nil || !framed || len(decoded) == 0 {
		return string(decoded), refused
	}
	plain, refused := readAll(compress.NewReader(bytes.NewReader(decoded)))
	return string(plain), refused
}

func decodeContent(body []byte, encoding string) ([]byte, *Refusal) {
	source := bytes.NewReader(body)
	switch encoding {
	case "", "identity":
		return readAll(source)
	case "gzip", "x-gzip":
		reader, err := gzip.NewReader(source)
		if err != nil {
			return nil, undecodable()
		}
		return readAll(reader)
	case "deflate":
		// RFC 9110, section 8.4.1.2: deflate is the zlib format.
		reader, err := zlib.NewReader(source)
		if err != nil {
			return nil, undecodable()
		}
		return readAll(reader)
	case "br":
		return readAll(brotli.NewReader(source))
	case "zstd":
		reader, err := zstd.NewReader(source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindowBytes))
		if err != nil {
			return nil, undecodable()
		}
		defer reader.Close()
		return readAll(reader)
	}
	return nil, &Refusal{
		codeNotImplemented, "NOT_IMPLEMENTED",
		"the Content-Encoding must be gzip, deflate, br or zstd",
	}
}

func readAll(source io.Reader) ([]byte, *Refusal) {
	decoded, err := io.ReadAll(io.LimitReader(source, MaxStatementBytes+1))
	switch {
	case len(decoded) > MaxStatementBytes:
		return nil, &Refusal{codeTooManyBytes, "TOO_MANY_BYTES", "the statement is longer than 262144 bytes"}
	// ch-go's reader wraps io.EOF.
	case err != nil && !errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, undecodable()
	}
	return decoded, nil
}

func undecodable() *Refusal {
	return &Refusal{codeCannotDecompress, "CANNOT_DECOMPRESS", "the body is not what its encoding says"}
}
