package receiver

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"

	"glint/edge/event"
	"glint/edge/event/jsonline"
	"glint/ingest/logline"
	"glint/ingest/receiver/codec"
)

// outcomesHeader is the response header with the URL at which a client asks for
// the outcomes of its body.
const outcomesHeader = "Glint-Outcomes"

// writeAnswer answers a body that was stored: the number of its lines, and a
// problem if no line is an event.
func writeAnswer(w http.ResponseWriter, b *Body) {
	var room [400]byte
	h := w.Header()
	h["Content-Type"] = contentTypeJSON
	if b.Record > 0 {
		a := append(append(append(room[:0], outcomesPath+"?lane="...), b.Lane...), "&records="...)
		a = append(strconv.AppendUint(a, b.Record, 10), "&since="...)
		h[outcomesHeader] = []string{string(b.ReceivedAt.AppendFormat(a, time.RFC3339Nano))}
	}
	a := strconv.AppendInt(append(room[:0], `{"lines":`...), int64(b.Lines), 10)
	if b.problem != "" {
		a = jsonline.AppendString(append(a, `,"problem":`...), b.problem, 300)
	}
	_, _ = w.Write(append(a, "}\n"...)) // the client may have gone; the lines are stored
}

// look parses the first lines of a body until one is an event. A body of events
// costs one parsed line, other bodies cost at most maxLooks: parsing every line
// here would double the work of the batch.
type look struct {
	lines     int // number of lines looked at
	found     bool
	fault     error  // of the first line
	headBytes int64  // that were seen
	rest      []byte // part of the head after its last line feed
}

const (
	maxLooks     = 100
	maxRestBytes = event.MaxReadBytes + 1 // a longer line is too long in any case
)

// head looks at the first decoded bytes of a body.
func (l *look) head(head []byte) {
	l.headBytes = int64(len(head))
	for l.lines < maxLooks {
		line, rest, whole := bytes.Cut(head, []byte{'\n'})
		if !whole {
			l.rest = bytes.Clone(line[:min(len(line), maxRestBytes)])
			return
		}
		if l.line(line); l.found {
			return
		}
		head = rest
	}
}

func (l *look) line(line []byte) {
	line = bytes.Trim(line, logline.Blanks)
	if len(line) == 0 {
		return
	}
	l.lines++
	var e event.Event
	err := logline.Parse(&e, string(line))
	if l.found = err == nil; !l.found && l.fault == nil {
		l.fault = err
	}
}

// problem returns a message if none of the lines looked at is an event. It
// returns "" if one is, or if no line could be looked at.
func (l *look) problem(c codec.Counts) string {
	if !l.found && l.headBytes == c.DecodedBytes {
		l.line(l.rest) // the last line, without a line feed
	}
	if l.found || l.lines == 0 {
		return ""
	}
	which := "none of the lines is an event"
	if c.Lines > l.lines {
		which = "none of the first " + strconv.Itoa(l.lines) + " lines is an event"
	}
	return which + ", of the first one: " + strings.TrimPrefix(l.fault.Error(), "event: ") + "; such lines are kept as dead letters"
}
