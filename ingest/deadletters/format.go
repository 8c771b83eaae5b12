package deadletters

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"glint/edge/event/jsonline"
)

func (l *Letter) appendJSON(b []byte) []byte {
	b = append(b, `{"received_at":"`...)
	b = l.ReceivedAt.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, `","source":`...)
	b = jsonline.AppendString(b, l.Source, 1000)
	b = append(b, `,"reason":`...)
	b = jsonline.AppendString(b, l.Reason, 100)
	b = append(b, `,"detail":`...)
	b = jsonline.AppendString(b, l.Detail, 1000)
	if utf8.ValidString(l.Line) {
		b = append(b, `,"line":`...)
		b = jsonline.AppendString(b, l.Line, 6*len(l.Line))
	} else {
		b = append(b, `,"line_base64":`...)
		b = strconv.AppendQuote(b, base64.StdEncoding.EncodeToString([]byte(l.Line)))
	}
	return append(b, "}\n"...)
}

// document is a letter in a file.
type document struct {
	ReceivedAt time.Time `json:"received_at"`
	Source     string    `json:"source"`
	Reason     string    `json:"reason"`
	Detail     string    `json:"detail"`
	Line       string    `json:"line"`
	LineBase64 []byte    `json:"line_base64"`
}

// decode calls yield with the letters of a file until it returns false.
func decode(r io.Reader, yield func(Letter, error) bool) {
	lines := bufio.NewReaderSize(r, 1<<16)
	for n := 1; ; n++ {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(text) == 0 {
			return
		}
		if err != nil && !errors.Is(err, io.EOF) {
			yield(Letter{}, err)
			return
		}
		var d document
		if err := json.Unmarshal(text, &d); err != nil {
			yield(Letter{}, fmt.Errorf("line %d is no dead letter: %w", n, err))
			return
		}
		if d.LineBase64 != nil {
			d.Line = string(d.LineBase64)
		}
		if !yield(Letter{d.ReceivedAt, d.Source, d.Reason, d.Detail, d.Line}, nil) {
			return
		}
	}
}
