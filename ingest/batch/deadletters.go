package batch

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"unicode/utf8"

	"glint/edge/event/jsonline"
	"glint/ingest/durable"
)

// DeadLetters keeps lines that cannot be stored, in files of one folder:
//
//	{"received_at":"…","reason":"bad_token","detail":"…","line":"the line as it came"}
//
// A line that is no UTF-8 stands in line_base64 instead. A file is named after
// its lines and holds what became of them the first time: the same body again,
// even from an archive years later, leaves it as it is.
type DeadLetters struct {
	dir string
}

// OpenDeadLetters uses the folder dir and makes it, for its owner only.
func OpenDeadLetters(dir string) (*DeadLetters, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make dead-letter folder: %w", err)
	}
	return &DeadLetters{dir: dir}, nil
}

// write keeps the lines and returns when they are on disk.
func (d *DeadLetters) write(lines []rejected) error {
	h := sha256.New()
	var b []byte
	for i := range lines {
		h.Write([]byte(lines[i].line))
		h.Write([]byte{'\n'})
		b = lines[i].appendJSON(b)
	}
	path := filepath.Join(d.dir, hex.EncodeToString(h.Sum(nil)[:12])+".ndjson")
	if _, err := os.Stat(path); err == nil {
		return durable.SyncDir(d.dir) // whoever wrote it may not have come to this
	}
	return durable.WriteFile(path, b)
}

func (r *rejected) appendJSON(b []byte) []byte {
	b = append(b, `{"received_at":"`...)
	b = r.receivedAt.AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, `","reason":`...)
	b = jsonline.AppendString(b, string(r.outcome), 100)
	b = append(b, `,"detail":`...)
	b = jsonline.AppendString(b, r.detail, 1000)
	if utf8.ValidString(r.line) {
		b = append(b, `,"line":`...)
		b = jsonline.AppendString(b, r.line, 6*len(r.line))
	} else {
		b = append(b, `,"line_base64":`...)
		b = strconv.AppendQuote(b, base64.StdEncoding.EncodeToString([]byte(r.line)))
	}
	return append(b, "}\n"...)
}
