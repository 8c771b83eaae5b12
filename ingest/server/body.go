package server

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/zstd"
)

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// readBody returns the decoded body. The codec is what Content-Encoding says,
// and without it what the first bytes say, since it is not documented whether
// Fastly sends the header. Both sizes, as sent and decoded, are bounded by
// maxBytes.
func readBody(w http.ResponseWriter, r *http.Request, maxBytes int64) ([]byte, error) {
	sent, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBytes))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, tooLarge
		}
		return nil, badBody
	}
	decoded, err := decoder(r.Header.Get("Content-Encoding"), sent)
	if err != nil {
		return nil, err
	}
	if decoded == nil {
		return sent, nil
	}
	defer func() { _ = decoded.Close() }()
	body, err := io.ReadAll(io.LimitReader(decoded, maxBytes+1))
	switch {
	case err != nil:
		return nil, badBody
	case int64(len(body)) > maxBytes:
		return nil, tooLarge
	}
	return body, nil
}

// decoder returns a reader of the decoded body, or nil if it is plain.
func decoder(encoding string, sent []byte) (io.ReadCloser, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "gzip", "x-gzip":
		return gunzip(sent)
	case "zstd":
		return unzstd(sent)
	case "", "identity":
		switch {
		case bytes.HasPrefix(sent, gzipMagic):
			return gunzip(sent)
		case bytes.HasPrefix(sent, zstdMagic):
			return unzstd(sent)
		}
		return nil, nil
	}
	return nil, badCodec
}

func gunzip(sent []byte) (io.ReadCloser, error) {
	z, err := gzip.NewReader(bytes.NewReader(sent))
	if err != nil {
		return nil, badBody
	}
	return z, nil
}

func unzstd(sent []byte) (io.ReadCloser, error) {
	z, err := zstd.NewReader(bytes.NewReader(sent), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return nil, badBody
	}
	return z.IOReadCloser(), nil
}
