package imports

import (
	"bytes"
	"encoding/hex"
	"errors"
	"sync"

	"glint/cli/internal/logfiles"
	"glint/edge/event"
	"glint/edge/pixel"
	"glint/ingest/cdnlog"
	"glint/ingest/networks"
)

// lines is the parser of one file.
type lines struct {
	*reading
	name    string
	parser  *cdnlog.Parser // state after the last page
	repeats cdnlog.Repeats // in the pages whose results are consumed
	number  int            // of the last line in those pages
}

// Stateful returns true: a W3C log names its columns in its first lines, and the position of
// equal lines distinguishes them.
func (l *lines) Stateful() bool { return true }

func (l *lines) Next(text []string) logfiles.Results {
	p := &page{file: l, text: text, parser: l.parser.Copy()}
	for _, line := range text {
		l.parser.Pass(line)
	}
	return p
}

// page is a run of lines of a file. Parse does the work that needs only the line itself;
// Append does the work that depends on the order of lines: the position among equal lines,
// and the registration of messages as they appear.
type page struct {
	file   *lines
	text   []string
	parser *cdnlog.Parser

	made []byte // event lines
	done []made
	next int
}

// made is the result of Parse for one line.
type made struct {
	fault  error // not nil: the line is not a request
	end    int   // of its event line in page.made
	open   bool
	byLine bool
	id     event.ID

	campaign, recipient string // unchanged values of the parameters
}

// unknownMessage is the placeholder of the message in a line until the message is registered.
const unknownMessage = "00000000-0000-0000-0000-000000000000"

func (p *page) Parse() {
	if kept, ok := pageBuffers.Get().(*[]byte); ok {
		p.made = (*kept)[:0]
	} else {
		p.made = make([]byte, 0, len(p.text)*eventBytes)
	}
	p.done = make([]made, len(p.text))
	book := p.file.book()
	for i, line := range p.text {
		m := &p.done[i]
		var q cdnlog.Request
		if m.fault = p.parser.Parse(&q, line); m.fault == nil {
			m.id, m.byLine = q.ID, q.ByLine
			p.event(m, book, &q)
		}
		m.end = len(p.made)
	}
	p.parser = nil // the page outlives it
}

// pageBuffers reuses the memory of pages whose results are consumed.
var pageBuffers sync.Pool // of *[]byte

// eventBytes is the approximate size of an event line.
const eventBytes = 512

// event appends the event line of a request if it is a GET or HEAD of a message's
// pixel.
func (p *page) event(m *made, book *networks.Book, q *cdnlog.Request) {
	if q.Method != "GET" && q.Method != "HEAD" {
		return
	}
	r := p.file.reading
	a := pixel.Route(q.Target)
	if r.register == nil {
		if m.open = isPixel(&a); m.open {
			e := r.observe(book, q, &a)
			p.made = append(e.AppendJSON(p.made), '\n')
		}
		return
	}
	recipient, hasRecipient := cdnlog.Param(q.Target, r.recipient)
	campaign, hasCampaign := cdnlog.Param(q.Target, r.campaign)
	if m.open = a.Kind != "" && hasRecipient && hasCampaign; !m.open {
		return
	}
	m.campaign, m.recipient = campaign, recipient
	a.Kind = event.KindOther // also where the image bears the web pixel's name
	e := r.observe(book, q, &a)
	e.Kind, e.Token, e.TokenStatus, e.Path = event.KindUUID, unknownMessage, event.TokenUnchecked, ""
	p.made = append(e.AppendJSON(p.made), '\n')
}

func (p *page) Append(dst []byte, taken bool) ([]byte, error) {
	dst, err := p.append(dst, taken)
	if p.next == len(p.text) {
		kept := p.made
		p.made = nil
		pageBuffers.Put(&kept)
	}
	return dst, err
}

func (p *page) append(dst []byte, taken bool) ([]byte, error) {
	l, i := p.file, p.next
	p.next++
	l.number++
	m := &p.done[i]
	if m.fault != nil {
		if errors.Is(m.fault, cdnlog.ErrDirective) {
			return dst, logfiles.ErrHeader
		}
		if !taken {
			l.count(m.fault)
		}
		return dst, m.fault
	}
	if !taken {
		l.requests++
	}
	id := m.id
	if m.byLine {
		id = l.repeats.ID(id, p.text[i])
	}
	if !m.open {
		if !taken {
			l.others++
		}
		return dst, nil
	}
	if taken {
		return dst, nil
	}
	message := unknownMessage
	if l.register != nil {
		registered, err := l.register.message(m.campaign, m.recipient)
		if err != nil {
			l.count(err)
			return dst, nil // a request all the same
		}
		message = registered.String()
	}
	l.opens++
	start := len(dst)
	dst = append(dst, p.made[p.begin(i):m.end]...)
	if id != m.id {
		set(dst[start:], "event_id", hex.EncodeToString(id[:]))
	}
	if message != unknownMessage {
		set(dst[start:], "token", message)
	}
	return dst, nil
}

// begin returns the offset in page.made at which the event line of line i begins.
func (p *page) begin(i int) int {
	if i == 0 {
		return 0
	}
	return p.done[i-1].end
}

// set replaces the value of a field by one of the same length. The field is one of the first
// fields, before any text that the client sent.
func set(line []byte, name, value string) {
	field := `"` + name + `":"`
	copy(line[bytes.Index(line, []byte(field))+len(field):], value)
}

func (l *lines) count(err error) {
	f := l.faults[err]
	if f == nil {
		f = &fault{file: l.name, line: l.number}
		l.faults[err] = f
	}
	f.lines++
}
