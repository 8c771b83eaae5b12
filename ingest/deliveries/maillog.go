package deliveries

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"glint/ingest/warehouse"
)

// mails are the mails seen in a log, by queue id, with their message and the
// recipients whose outcome is open. The oldest are dropped.
type mails struct {
	known map[string]*mail
	order []string
}

type mail struct {
	message Event               // the known fields of the message
	waiting map[string]struct{} // recipients that were deferred
}

// maxMails is the number of mails kept; queues rarely have more.
const maxMails = 500_000

func (m *mails) of(id string) *mail {
	if one, ok := m.known[id]; ok {
		return one
	}
	if len(m.order) == maxMails {
		for _, old := range m.order[:maxMails/2] {
			delete(m.known, old)
		}
		m.order = append(m.order[:0], m.order[maxMails/2:]...)
	}
	one := &mail{}
	id = strings.Clone(id)
	m.known[id] = one
	m.order = append(m.order, id)
	return one
}

func (m *mail) wait(recipient string) {
	if m.waiting == nil {
		m.waiting = map[string]struct{}{}
	}
	m.waiting[recipient] = struct{}{}
}

// log reads the lines of a mail server's log.
func (r *reader) log(in *bufio.Reader) error {
	if r.Zone == nil {
		r.Zone = cmp.Or(r.LogZone, time.UTC)
	}
	m := &mails{known: map[string]*mail{}}
	read := r.postfixLine
	if r.Format == Exim {
		read = r.eximLine
	}
	for number := 1; ; number++ {
		line, _, err := readLine(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			continue
		}
		if line[0] == '{' {
			line = journalLine(line)
		}
		if err := read(m, number, line); err != nil {
			return err
		}
	}
}

var (
	isoStamp = regexp.MustCompile(`^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?[+-]\d\d:?\d\d|Z)?)\s`)
	// As journalctl writes them with -o short-full and -o short-unix.
	fullStamp = regexp.MustCompile(`^[A-Z][a-z]{2} (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) ([A-Z]{3,5}|[+-]\d\d(?::?\d\d)?)\s`)
	unixStamp = regexp.MustCompile(`^(\d{10}(?:\.\d+)?)\s`)
	bsdStamp  = regexp.MustCompile(`^(?:<\d+>)?([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s`) // with a fraction by -o short-precise
)

// stamp reads the time at the beginning of a log's line. For a time without a
// year it uses the latest year that is not after the log's writing; for a time
// without a zone it uses the log's.
func (r *reader) stamp(line string) (at time.Time, rest string, ok bool) {
	if m := isoStamp.FindStringSubmatch(line); m != nil {
		at, fault := r.time(strings.Replace(m[1], " ", "T", 1))
		if fault != "" {
			at, fault = r.time(m[1])
		}
		return at, line[len(m[0]):], fault == ""
	}
	if m := fullStamp.FindStringSubmatch(line); m != nil {
		at, fault := r.time(m[1] + " " + m[2] + " " + m[3])
		if fault != "" { // the zone's short name is ambiguous: it is the log's zone
			at, fault = r.time(m[1] + " " + m[2])
		}
		return at, line[len(m[0]):], fault == ""
	}
	if m := unixStamp.FindStringSubmatch(line); m != nil {
		seconds, err := strconv.ParseFloat(m[1], 64)
		return time.UnixMicro(int64(seconds*1e6 + 0.5)).UTC(), line[len(m[0]):], err == nil
	}
	m := bsdStamp.FindStringSubmatch(line)
	if m == nil {
		return at, "", false
	}
	month, err := time.Parse("Jan", m[1])
	if err != nil {
		return at, "", false
	}
	number := func(s string) int { n, _ := strconv.Atoi(s); return n } // they are digits
	day := number(m[2])
	written := r.Now
	if !r.WrittenAt.IsZero() && r.WrittenAt.Before(written) {
		written = r.WrittenAt
	}
	for year := written.Year() + 1; year > written.Year()-9; year-- { // 29 February does not exist in every year
		at = time.Date(year, month.Month(), day, number(m[3]), number(m[4]), number(m[5]), number((m[6] + "000000000")[:9]), r.Zone)
		if at.Day() == day && !at.After(written.Add(maxAhead)) {
			return at.UTC(), line[len(m[0]):], true
		}
	}
	return at, "", false
}

var (
	postfixEntry  = regexp.MustCompile(`(?:^|\s)[\w.-]*postfix[\w.-]*/(?:[\w-]+/)*([\w-]+)\[\d+\]: (?:[A-Z][a-z]+: )?([0-9A-Za-z]{6,}): (.*)$`)
	postfixField  = regexp.MustCompile(`(?:^|, )(to|orig_to|relay|dsn|status)=(<[^>]*>|[^,\s]*)`)
	postfixHeader = regexp.MustCompile(`(?i): header (` + Header + `|x-glint-campaign): (\S.*?)(?: from \S+| to <|; |$)`)
)

// postfixLine reads a line of Postfix. cleanup and header_checks name the
// message of a queue id, the delivery agents the outcome for each recipient.
// https://www.postfix.org/DSN_README.html
func (r *reader) postfixLine(m *mails, number int, line string) error {
	e := postfixEntry.FindStringSubmatch(line)
	if e == nil {
		return nil // of another program, or not about a mail
	}
	id, text := e[2], e[3]
	switch {
	case strings.HasPrefix(text, "message-id=") || strings.HasPrefix(text, "resent-message-id="):
		_, value, _ := strings.Cut(text, "=")
		m.of(id).message.byMailID(value)
		return nil
	case strings.Contains(text, ": header "):
		if h := postfixHeader.FindStringSubmatch(": " + strings.TrimPrefix(text, "info: ")); h != nil {
			m.of(id).message.argument(h[1], h[2])
		} else if h := postfixHeader.FindStringSubmatch(text); h != nil {
			m.of(id).message.argument(h[1], h[2])
		}
		return nil
	case text == "removed":
		delete(m.known, id)
		return nil
	}
	at, _, ok := r.stamp(line)
	found := map[string]string{}
	for _, f := range postfixField.FindAllStringSubmatch(text, -1) {
		if _, twice := found[f[1]]; !twice {
			found[f[1]] = strings.Trim(f[2], "<>")
		}
	}
	status := found["status"]
	if status == "" {
		return nil
	}
	if !ok {
		return r.fault(number, "the time at the beginning of the line cannot be read")
	}
	one := m.of(id)
	event := one.message
	event.Line, event.At, event.Status = number, at, found["dsn"]
	event.Recipient = found["to"]
	if original := found["orig_to"]; strings.Contains(original, "@") { // else an alias of this machine
		event.Recipient = original
	}
	switch status {
	case "sent":
		if isFilter(found["relay"], text) {
			return r.left(number, LeftOther) // passed to a filter on this machine, which assigns a new queue id
		}
		event.Kind = warehouse.Delivered
		delete(one.waiting, event.Recipient)
	case "bounced":
		event.Kind, event.BounceType = warehouse.Bounced, statusType(event.Status)
		if event.BounceType == transient {
			event.BounceType = undetermined // the delivery was given up
		}
		delete(one.waiting, event.Recipient)
	case "deferred", "SOFTBOUNCE": // with soft_bounce = yes a bounce stays in the queue
		event.Kind, event.BounceType = warehouse.Deferred, transient
		one.wait(event.Recipient)
	case "expired", "force-expired":
		return r.expired(one, event)
	default:
		return r.left(number, LeftOther)
	}
	return r.event(event)
}

// expired reports a bounce for each recipient of a mail whose delivery was
// given up.
func (r *reader) expired(one *mail, event Event) error {
	event.Kind, event.BounceType = warehouse.Bounced, undetermined
	if event.Message != none || len(one.waiting) == 0 {
		return r.event(event)
	}
	for recipient := range one.waiting {
		event.Recipient = recipient
		if err := r.event(event); err != nil {
			return err
		}
	}
	return nil
}

// isFilter reports whether a mail was passed to a content filter on this
// machine.
func isFilter(relay, text string) bool {
	local := strings.HasPrefix(relay, "127.") || strings.HasPrefix(relay, "localhost") || strings.Contains(relay, "[127.") || strings.Contains(relay, "[::1]")
	return local && strings.Contains(text, "queued as")
}

var (
	eximEntry  = regexp.MustCompile(`^(?:\[\d+\] )?(\w{6}-\w{6,11}-\w{2,4}) (<=|=>|->|\*\*|==|>>|\*>|SA:|Completed)\s*(.*)$`)
	eximMailID = regexp.MustCompile(`(?:^| )id=(\S+)`)
	enhanced   = regexp.MustCompile(`(?:^|[\s:(#-])([245]\.\d{1,3}\.\d{1,3})(?:[\s:;,)-]|$)`) // not a part of an address
	reply      = regexp.MustCompile(`: ([45]\d\d)[ -]`)
	eximPrefix = regexp.MustCompile(`^.*\bexim[\w.-]*\[\d+\]: `)
	eximParent = regexp.MustCompile(`<([^>\s]+@[^>\s]+)>`)
)

// eximLine reads a line of Exim's main log, also in syslog's format.
// https://www.exim.org/exim-html-current/doc/html/spec_html/ch-log_files.html
func (r *reader) eximLine(m *mails, number int, line string) error {
	text := line
	if prefix := eximPrefix.FindString(line); prefix != "" {
		text = line[len(prefix):]
	}
	at, rest, ok := r.stamp(text)
	if !ok { // syslog's own time is the only one then
		if at, _, ok = r.stamp(line); ok {
			rest = text
		}
	}
	e := eximEntry.FindStringSubmatch(rest)
	if e == nil {
		return nil
	}
	id, mark, detail := e[1], e[2], e[3]
	switch mark {
	case "<=":
		if f := eximMailID.FindStringSubmatch(detail); f != nil {
			m.of(id).message.byMailID(f[1])
		}
		return nil
	case "Completed":
		delete(m.known, id)
		return nil
	}
	if !ok {
		return r.fault(number, "the time at the beginning of the line cannot be read")
	}
	one := m.of(id)
	event := one.message
	event.Line, event.At = number, at
	event.Recipient = eximRecipient(detail)
	if code := enhanced.FindStringSubmatch(detail); code != nil {
		event.Status = code[1]
	} else if code := reply.FindStringSubmatch(detail); code != nil {
		event.Status = code[1]
	}
	switch mark {
	case "=>", "->", ">>":
		event.Kind = warehouse.Delivered
	case "**":
		event.Kind, event.BounceType = warehouse.Bounced, statusType(event.Status)
		if event.BounceType == transient || strings.Contains(detail, "retry timeout exceeded") {
			event.BounceType = undetermined
		}
	case "==":
		event.Kind, event.BounceType = warehouse.Deferred, transient
	default:
		return r.left(number, LeftOther)
	}
	return r.event(event)
}

// eximRecipient returns the recipient of a line: the original address in
// brackets, or the first word.
func eximRecipient(detail string) string {
	head, _, _ := strings.Cut(detail, " R=")
	if parent := eximParent.FindStringSubmatch(head); parent != nil {
		return parent[1]
	}
	word, _, _ := strings.Cut(head, " ")
	return strings.TrimSuffix(word, ":")
}
