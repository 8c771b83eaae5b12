package deliveries

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"net/url"
	"strings"

	"glint/ingest/warehouse"
)

// mailgun reads an event of Mailgun: of its webhooks, of its Events interface, and
// of the older webhooks, whose fields are flat.
// https://documentation.mailgun.com/docs/mailgun/user-manual/events/event-structure
func (r *reader) mailgun(line int, o fields, _ int) error {
	if data := o.object("event-data"); data != nil {
		o = data
	}
	e := Event{Line: line}
	word := o.text("event")
	switch {
	case word == "failed" && o.text("severity") == "temporary":
		word = "softbounce"
	case word == "stored", word == "list_member_uploaded", word == "list_uploaded", word == "email_validation":
		return r.left(line, LeftOther)
	}
	if done, err := r.word(&e, word); done {
		return err
	}
	e.arguments(o) // of the older webhooks
	e.arguments(o.object("user-variables"))
	e.byMailID(o.object("message").object("headers").text("message-id"))
	e.byMailID(o.text("Message-Id", "message-id"))
	e.Recipient = o.text("recipient")
	campaign := o.text("campaign-name")
	if named, ok := firstElement(o.list("campaigns")).(map[string]any); ok {
		campaign = textOf(named["name"])
	}
	e.Campaign = cmp.Or(e.Campaign, campaign, only(o.list("tags")), o.text("tag"))
	switch e.Kind {
	case warehouse.Clicked:
		e.URL, e.IP = o.text("url"), o.text("ip")
		e.UserAgent = cmp.Or(o.object("client-info").text("user-agent"), o.text("user-agent"))
	case warehouse.Bounced, warehouse.Deferred:
		status := o.object("delivery-status")
		e.Status = cmp.Or(status.text("enhanced-code", "code"), o.text("code", "reason"))
	}
	var fault string
	if e.At, fault = r.when(o, "timestamp"); fault != "" {
		return r.fault(line, fault)
	}
	return r.event(e)
}

// forms reads lines that are forms, as the older webhooks post them.
func (r *reader) forms(in *bufio.Reader) error {
	for line := 1; ; line++ {
		text, tooLong, err := readLine(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		values, err := url.ParseQuery(strings.TrimSpace(text))
		if err != nil || tooLong || !values.Has("event") {
			err = r.fault(line, "it is not a form with an event")
		} else {
			err = r.mailgun(line, formFields(values), 0)
		}
		if err != nil {
			return err
		}
	}
}

func formFields(values url.Values) fields {
	o := fields{}
	for name, all := range values {
		if len(all) > 0 {
			o[name] = all[0]
		}
	}
	return o
}
