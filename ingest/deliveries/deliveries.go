// Package deliveries stores events of messages other than opens: sent,
// delivered, deferred, bounced, complained, clicked, unsubscribed, replied,
// converted.
//
//	Read   text of any source → records: events, faults, records left out
//	Store  events → messages looked up, clicks classified, repeats counted, rows inserted
//
// An event is identified by its message, kind, time and link, never by a
// source's own id, which changes between tries. So the same text twice,
// shuffled or split, through a file or a webhook, gives the same rows. Of two
// events with the same identity the one with more facts is kept.
//
// A message is identified by its id in the event itself (glint's header, custom
// argument, metadata or variable, see Carriers), otherwise by the recipient in
// a campaign. Events of unregistered messages wait. Opens reported by a source
// are counted by Read and not stored: only the pixel's opens count.
package deliveries

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"glint/ingest/sends"
	"glint/ingest/sheet"
	"glint/ingest/warehouse"
)

// Format is the format of a source's text.
type Format string

// The formats. Auto detects the format.
const (
	Auto      Format = ""
	CSV       Format = "csv"
	JSONL     Format = "jsonl"
	SES       Format = "ses"
	SendGrid  Format = "sendgrid"
	Postmark  Format = "postmark"
	Mailgun   Format = "mailgun"
	SparkPost Format = "sparkpost"
	Listmonk  Format = "listmonk"
	Postfix   Format = "postfix"
	Exim      Format = "exim"
)

// Formats lists all formats.
var Formats = []Format{CSV, JSONL, SES, SendGrid, Postmark, Mailgun, SparkPost, Listmonk, Postfix, Exim}

// IsLog reports whether a format is a mail server's log, which contains lines
// of other mail as well.
func (f Format) IsLog() bool { return f == Postfix || f == Exim }

// Event is one event of a message.
type Event struct {
	Line       int // its first line, from 1
	Kind       warehouse.DeliveryKind
	At         time.Time
	Message    uuid.UUID // zero: not known
	Campaign   string    // name; with Recipient, instead of Message
	Recipient  string    // normalized
	URL        string    // of a click
	UserAgent  string
	IP         string
	BounceType string // permanent, transient, undetermined or empty
	Automatic  bool   // for a reply: not written by a person
	Status     string // enhanced status code (RFC 3463), or the source's own word for the cause
	Source     Format
}

// Left is the reason why a valid record is left out.
type Left string

// The reasons.
const (
	LeftOpen  Left = "open"  // a source's own open
	LeftOther Left = "other" // not about a message of glint, or of a kind that glint does not store

	// LeftUnnamed is a log's row of a recipient, without a campaign: it may be other mail.
	LeftUnnamed Left = "unnamed"
)

// Record is an event, a fault or a record left out.
type Record struct {
	Event
	Fault string // why it is not an event; contains nothing personal
	Left  Left
}

// Options configure reading.
type Options struct {
	Format   Format
	Campaign string         // for events that name none
	Encoding string         // one of sheet.Encodings; "": detected
	Zone     *time.Location // for times without one; nil: such a time is a fault
	LogZone  *time.Location // the same for lines of logs if Zone is nil; nil: UTC
	Now      time.Time      // events more than a day later are faults

	WrittenAt time.Time // for a log, whose lines may lack the year; zero: Now
}

// The errors of Read, in addition to errors of the text's reader and of take.
var (
	ErrFormat = errors.New("deliveries: the text is in no known format")
	ErrEmpty  = errors.New("deliveries: the text is empty")
)

// Bounds of an event's time, as for opens.
var earliest = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)

const maxAhead = 24 * time.Hour

// Limits of stored texts.
const (
	maxURLBytes    = 4096
	maxAgentBytes  = 1024
	maxStatusBytes = 64
)

// Read reads the text of a source and calls take with its records; an error of
// take ends the reading. It returns the format, which it detects if none is
// given. Memory is bounded however long the text is.
func Read(in io.Reader, o Options, take func(*Record) error) (Format, error) {
	file, release, err := sheet.Rewindable(in)
	if err != nil {
		return o.Format, err
	}
	defer func() { _ = release() }() // a copy without a name
	text, _, err := sheet.Text(file, o.Encoding)
	if err != nil {
		return o.Format, err
	}
	b := bufio.NewReaderSize(text, 1<<16)
	head, err := b.Peek(1 << 15)
	if err != nil && !errors.Is(err, io.EOF) {
		return o.Format, err
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return o.Format, ErrEmpty
	}
	if o.Format == Auto {
		if o.Format = Guess(head); o.Format == Auto {
			return Auto, ErrFormat
		}
	}
	r := &reader{Options: o, take: take, campaigns: map[string]named{}}
	switch isJSON := startsJSON(head); {
	case o.Format == CSV, o.Format == Listmonk && !isJSON:
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return o.Format, err
		}
		err = r.table(file)
	case o.Format == Mailgun && !isJSON:
		err = r.forms(b)
	case o.Format.IsLog():
		err = r.log(b)
	default:
		err = r.objects(b)
	}
	return o.Format, err
}

// reader reads one text.
type reader struct {
	Options
	take func(*Record) error

	record    Record
	campaigns map[string]named
}

// named is a campaign's name as stored, or its fault.
type named struct{ name, fault string }

func (r *reader) fault(line int, reason string) error {
	r.record = Record{Event: Event{Line: line, Source: r.Format}, Fault: reason}
	return r.take(&r.record)
}

func (r *reader) left(line int, why Left) error {
	r.record = Record{Event: Event{Line: line, Source: r.Format}, Left: why}
	return r.take(&r.record)
}

// event completes an event and passes it on, or its fault.
func (r *reader) event(e Event) error {
	if reason := r.complete(&e); reason != "" {
		if reason == NoMessage && r.Format.IsLog() {
			return r.left(e.Line, LeftUnnamed)
		}
		return r.fault(e.Line, reason)
	}
	r.record = Record{Event: e}
	return r.take(&r.record)
}

// NoMessage is the fault of an event that names no message.
const NoMessage = "there is neither a message_id nor a campaign with a recipient"

func (r *reader) complete(e *Event) (fault string) {
	e.Source = r.Format
	switch {
	case e.At.IsZero():
		return "the time is missing"
	case e.At.Before(earliest):
		return "the time lies before 2010"
	case e.At.After(r.Now.Add(maxAhead)):
		return "the time lies more than a day ahead"
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	if e.Message == (uuid.UUID{}) {
		if e.Campaign == "" {
			e.Campaign = r.Campaign
		}
		if strings.TrimSpace(e.Campaign) == "" || strings.TrimSpace(e.Recipient) == "" {
			return NoMessage
		}
		campaign := r.campaign(e.Campaign)
		if campaign.fault != "" {
			return campaign.fault
		}
		e.Campaign = campaign.name
		recipient, err := sends.Normalize(addressOf(e.Recipient))
		if err != nil {
			return err.Error()
		}
		e.Recipient = recipient
	} else {
		e.Campaign, e.Recipient = "", ""
	}
	if e.Kind != warehouse.Clicked {
		e.URL, e.UserAgent, e.IP = "", "", "" // mostly of the sender's own machines
	}
	if e.Kind != warehouse.Bounced && e.Kind != warehouse.Deferred {
		e.BounceType, e.Status = "", ""
	}
	e.Automatic = e.Automatic && e.Kind == warehouse.Replied
	e.URL, e.UserAgent, e.Status = cut(e.URL, maxURLBytes), cut(e.UserAgent, maxAgentBytes), cut(e.Status, maxStatusBytes)
	return ""
}

// campaign returns the stored form of a name, which is computed once.
func (r *reader) campaign(name string) named {
	n, ok := r.campaigns[name]
	if !ok {
		var err error
		if n.name, err = warehouse.CampaignName(name); err != nil {
			n.fault = "the name of the campaign " + err.Error()
		}
		if len(r.campaigns) < 1000 { // a file has few
			r.campaigns[strings.Clone(name)] = n
		}
	}
	return n
}

// addressOf returns the address in `Ada <ada@example.com>`, or the text
// unchanged.
func addressOf(text string) string {
	text = strings.TrimSpace(text)
	if open := strings.LastIndexByte(text, '<'); open >= 0 && strings.HasSuffix(text, ">") {
		return text[open+1 : len(text)-1]
	}
	return text
}

// cut truncates a text to at most n bytes of valid UTF-8 and trims blanks.
func cut(text string, n int) string {
	text = strings.TrimSpace(text)
	if len(text) > n {
		for n > 0 && !utf8.RuneStart(text[n]) {
			n--
		}
		text = text[:n]
	}
	return strings.ToValidUTF8(text, "\ufffd")
}

// time reads a time, which may lack a zone.
func (r *reader) time(text string) (at time.Time, fault string) {
	if strings.TrimSpace(text) == "" {
		return at, ""
	}
	p, err := sends.ParseTime(text, r.Zone)
	if err != nil {
		return at, sends.TimeFault("the time", err)
	}
	return p.Time, ""
}
