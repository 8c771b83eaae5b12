package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"glint/edge/token"
	"glint/ingest/receiver"
	"glint/ingest/sends"
	"glint/ingest/sheet"
	"glint/ingest/warehouse"
)

// maxSendBytes is the largest document of messages, as sent and decoded.
const maxSendBytes = 8 << 20

// sendParameters are the parameters of POST /v1/sends: the flags of glint send
// register, with _ instead of -.
var sendParameters = []string{
	"campaign", "subject", "variant", "format", "encoding", "recipient_column", "keep_columns", "duplicates", "faulty", "pixel_base_url",
	"allow_private_host", "send_at", "time_zone", "tracking", "strata", "test", "url_style",
}

// postedSends is the answer to a post whose messages are registered.
type postedSends struct {
	Campaign   string          `json:"campaign"`
	CampaignID string          `json:"campaign_id"`
	Stored     int             `json:"stored"`   // messages that count from now on
	Changed    int             `json:"changed"`  // known messages with a changed field
	Repeated   int             `json:"repeated"` // known ones
	Faulty     int             `json:"faulty"`   // faulty rows, left out by faulty=skip; otherwise one refuses the whole post
	Skipped    int             `json:"skipped"`  // rows that repeat an earlier row's recipient
	Messages   []postedMessage `json:"messages"` // in the order of the rows
	Left       []postedFault   `json:"left_out"` // the faulty and the skipped rows
	Notes      []string        `json:"notes"`
}

type postedMessage struct {
	Recipient string `json:"recipient"` // as it is kept
	MessageID string `json:"message_id"`
	PixelURL  string `json:"pixel_url"` // empty if the message is not measured
	Tracking  string `json:"tracking"`
	Outcome   string `json:"outcome"` // stored, changed, repeated
}

// refusedSends is the answer to a post that was refused as a whole.
type refusedSends struct {
	Reason   string        `json:"reason"`
	Message  string        `json:"message"`
	Stored   int           `json:"stored"`
	Repeated int           `json:"repeated"`
	Faulty   int           `json:"faulty"`
	Faults   []postedFault `json:"faults"`
}

type postedFault struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// badSends is the refusal of a post as a whole.
func badSends(reason, message string) error {
	return &receiver.Rejection{Status: http.StatusBadRequest, Answer: refusedSends{Reason: reason, Message: message, Faults: []postedFault{}}}
}

// sendsRoute returns POST /v1/sends: messages as JSON objects or CSV, by the
// rules of glint send register. It registers all or none, but for faulty rows if
// these shall be left out; repeating the same
// post changes nothing and returns the same URLs. ownPixel is the address of
// this program's pixel.
func sendsRoute(g *registrar, base, ownPixel string) receiver.Route {
	return receiver.Route{
		Path: "/v1/sends", Scope: receiver.ScopeSends, MaxBytes: maxSendBytes,
		Handle: func(ctx context.Context, d *receiver.Document) (any, error) {
			p := sendPost{query: d.Query, base: base, ownPixel: ownPixel, now: time.Now()}
			r, err := p.read(d.Bytes)
			if err != nil {
				return nil, g.refuse(err)
			}
			done, err := g.register(ctx, r)
			if err != nil {
				return nil, refusedBatch(err)
			}
			g.fates.WithLabelValues(fateFaulty).Add(float64(r.recipients.Faulty()))
			return p.answer(&r, &done), nil
		},
	}
}

// refuse turns a fault of the file into an answer.
func (g *registrar) refuse(err error) error {
	fault, ok := errors.AsType[*sends.FileError](err)
	if !ok {
		return err
	}
	if fault.Problem != "" {
		text := fault.Problem
		if fault.Try != "" {
			text += "; try " + strings.ReplaceAll(fault.Try, "--recipient-column ", "recipient_column=")
		}
		return badSends("faulty_body", text)
	}
	g.fates.WithLabelValues(fateFaulty).Add(float64(fault.Count))
	answer := refusedSends{
		Reason: "faulty_rows", Message: "nothing was registered, since rows are faulty; faults has the first of them, and faulty=skip leaves all of them out", Faulty: fault.Count,
	}
	for _, f := range fault.First {
		answer.Faults = append(answer.Faults, postedFault(f))
	}
	return &receiver.Rejection{Status: http.StatusBadRequest, Answer: answer}
}

// refusedBatch turns a violation of the rules into an answer; any other error
// gives 503.
func refusedBatch(err error) error {
	switch {
	case errors.Is(err, sends.ErrStyle):
		return badSends("url_style", "some messages may not be measured individually, and only url_style=token can say so to the edge")
	case errors.Is(err, errModes):
		return badSends("edge_unknown", "some messages may not be measured individually, and the edge is not known to log no more than that: glint doctor looks at it")
	case errors.Is(err, sends.ErrDimension):
		return badSends("strata", "the campaign is divided into other strata already")
	case errors.Is(err, token.ErrNoKey):
		return &receiver.Refusal{Status: http.StatusServiceUnavailable, Reason: "no_key", Message: "no key signs pixel URLs: glint keys new", RetryAfter: time.Minute}
	case errors.Is(err, errNoAnswer):
		return notUp
	}
	return err
}

// sendPost is a post in progress.
type sendPost struct {
	query          url.Values
	base, ownPixel string
	now            time.Time
	notes          []string
}

// flag returns a parameter that is true or false.
func (p *sendPost) flag(name string) (bool, error) {
	text := p.query.Get(name)
	if text == "" {
		return false, nil
	}
	b, err := strconv.ParseBool(text)
	if err != nil {
		err = badParameterf("%s is neither true nor false", name)
	}
	return b, err
}

func badParameterf(format string, args ...any) error {
	return badSends("unknown_parameter", fmt.Sprintf(format, args...))
}

// read returns the messages to register, or a *receiver.Rejection or
// *sends.FileError.
func (p *sendPost) read(body []byte) (r registration, err error) {
	for name, values := range p.query {
		if !slices.Contains(sendParameters, name) || len(values) > 1 {
			return r, badParameterf("the parameters are %s, each once at most", strings.Join(sendParameters, ", "))
		}
	}
	o, err := p.options()
	if err != nil {
		return r, err
	}
	if r.recipients, err = sends.ReadRecipients(bytes.NewReader(body), o); err != nil {
		return r, err
	}
	if n := len(r.recipients.Rows) + len(r.recipients.Skipped); n > sends.MaxAtOnce {
		return r, &receiver.Rejection{Status: http.StatusRequestEntityTooLarge, Answer: refusedSends{
			Reason: "too_many", Message: fmt.Sprintf("send at most %d messages at once, or use glint send register", sends.MaxAtOnce), Faults: []postedFault{},
		}}
	}
	p.notes = append(p.notes, r.recipients.Warnings(p.now, 0)...)
	if r.recipients.Guessed != "" {
		p.notes = append(p.notes, "the recipients are those of the column "+strconv.Quote(r.recipients.Guessed))
	}
	if err := p.campaign(&r); err != nil {
		return r, err
	}
	return r, p.rules(&r, o.Zone)
}

// options returns the options for reading the body.
func (p *sendPost) options() (o sends.ReadOptions, err error) {
	switch format := sends.Format(p.query.Get("format")); format {
	case sends.FormatAuto, sends.FormatCSV, sends.FormatJSON:
		o.Format = format
	default:
		return o, badParameterf("format is csv or jsonl")
	}
	if o.Encoding = p.query.Get("encoding"); o.Encoding != "" && sheet.CheckEncoding(o.Encoding) != nil {
		return o, badParameterf("encoding is one of %s", strings.Join(sheet.Encodings(), ", "))
	}
	o.RecipientColumn = p.query.Get("recipient_column")
	if names := p.query.Get("keep_columns"); names != "" {
		o.KeepColumns = strings.Split(names, ",")
	}
	switch p.query.Get("duplicates") {
	case "", "error":
	case "first":
		o.SkipDuplicates = true
	default:
		return o, badParameterf("duplicates is error or first")
	}
	switch p.query.Get("faulty") {
	case "", "error":
	case "skip":
		o.SkipFaulty = true
	default:
		return o, badParameterf("faulty is error or skip")
	}
	if zone := p.query.Get("time_zone"); zone != "" {
		if o.Zone, err = time.LoadLocation(zone); err != nil || zone == "Local" {
			return o, badParameterf("time_zone is no zone like Europe/Berlin")
		}
	}
	o.Test, err = p.flag("test")
	return o, err
}

// campaign sets the campaign's name from the parameter, or from a column with
// the same value in each row.
func (p *sendPost) campaign(r *registration) (err error) {
	name := p.query.Get("campaign")
	if name == "" {
		column := slices.IndexFunc(r.recipients.Header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), "campaign") })
		if column < 0 {
			return badSends("no_campaign", "name the campaign: ?campaign=NAME, or a field campaign")
		}
		for i := range r.recipients.Rows {
			cell := r.recipients.Rows[i].Cells[column]
			if i > 0 && cell != name {
				return badSends("several_campaigns", "send the messages of one campaign at a time: all of a post are registered, or none")
			}
			name = cell
		}
	}
	if r.campaign, err = warehouse.CampaignName(name); err != nil {
		return badSends("campaign_name", "the campaign's name "+err.Error())
	}
	return nil
}

// rules reads the other parameters.
func (p *sendPost) rules(r *registration, zone *time.Location) (err error) {
	r.subject, r.variant = p.query.Get("subject"), p.query.Get("variant")
	for name, text := range map[string]string{"subject": r.subject, "variant": r.variant} {
		if err := sends.CheckText(text); err != nil {
			return badParameterf("%s %v", name, err)
		}
	}
	if text := p.query.Get("tracking"); text != "" {
		if r.tracking, err = warehouse.ParseTracking(text); err != nil {
			return badParameterf("tracking is one of %s", warehouse.TrackingModes)
		}
	}
	if r.style, err = sends.ParseStyle(p.query.Get("url_style")); err != nil {
		return badParameterf("url_style is one of %s", strings.Join(sends.Styles, ", "))
	}
	if text := p.query.Get("send_at"); text != "" {
		at, err := sends.ParseTime(text, zone)
		if err != nil {
			return badParameterf("%s", sends.TimeFault("send_at", err))
		}
		r.sentAt = at.Time
	}
	r.strata.By = p.query.Get("strata")
	if r.strata.By != "" && r.strata.By != sends.StrataProvider {
		if r.strata.Column = slices.IndexFunc(r.recipients.Header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), strings.TrimSpace(r.strata.By)) }); r.strata.Column < 0 {
			return badParameterf("strata is provider, or the name of a field that is there")
		}
	}
	if err := p.findBase(r); err != nil {
		return err
	}
	r.alike = fmt.Sprintf("%q", []any{r.subject, r.variant, r.tracking, r.style, r.strata, r.base.URL, r.sentAt.Unix(), r.recipients.Header, r.recipients.Kept})
	return nil
}

// findBase decides the base URL of the pixels.
func (p *sendPost) findBase(r *registration) (err error) {
	text := p.query.Get("pixel_base_url")
	for _, configured := range []string{p.base, p.ownPixel} {
		if text == "" {
			text = configured
		}
	}
	if text == "" {
		return badSends("no_pixel_base_url", "say where the pixel answers: ?pixel_base_url=https://pixel.example.com, or --pixel-base-url of the service")
	}
	if r.base, err = sends.ParseBaseURL(text, r.style); err != nil {
		return badParameterf("pixel_base_url %v", err)
	}
	allowed, err := p.flag("allow_private_host")
	if err != nil {
		return err
	}
	r.ownPixel = r.base.URL == p.ownPixel
	if r.base.Private != "" && !r.base.Loopback && !r.ownPixel && !allowed {
		return badParameterf("pixel_base_url %s; allow_private_host=true allows it", r.base.Private)
	}
	if r.base.Loopback {
		p.notes = append(p.notes, "only the machine of the service can open the pixel URLs; --pixel-base-url of the service, or ?pixel_base_url=, gives others")
	}
	return nil
}

// answer returns the outcome of each message.
func (p *sendPost) answer(r *registration, done *registered) *postedSends {
	faulty := r.recipients.Faulty()
	a := &postedSends{
		Campaign: done.campaign.Name, CampaignID: strconv.FormatUint(done.campaign.ID, 10), Faulty: faulty, Skipped: len(r.recipients.Skipped) - faulty,
		Left: []postedFault{}, Notes: append([]string{}, p.notes...),
	}
	for i := range r.recipients.Skipped {
		row := &r.recipients.Skipped[i]
		if row.First > 0 {
			row.Reason = fmt.Sprintf("the recipient of line %d again", row.First)
		}
		a.Left = append(a.Left, postedFault{row.Line, row.Reason})
	}
	for _, m := range done.messages {
		switch m.fate {
		case sends.New:
			a.Stored++
		case sends.Changed:
			a.Changed++
		case sends.Known:
			a.Repeated++
		}
		a.Messages = append(a.Messages, postedMessage{m.recipient, m.id, m.url, m.tracking.String(), fateNames[m.fate]})
	}
	return a
}
