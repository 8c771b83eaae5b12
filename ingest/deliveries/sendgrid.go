package deliveries

import (
	"cmp"

	"glint/ingest/warehouse"
)

// sendgrid reads an event of SendGrid's Event Webhook. Custom arguments are
// beside the other fields.
// https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
func (r *reader) sendgrid(line int, o fields, _ int) error {
	e := Event{Line: line}
	if done, err := r.word(&e, o.text("event")); done {
		return err
	}
	e.arguments(o)
	e.arguments(o.object("custom_args"))
	e.arguments(o.object("unique_args"))
	e.byMailID(o.text("smtp-id"))
	e.Recipient = o.text("email")
	e.Campaign = cmp.Or(e.Campaign, only(o.list("category")))
	switch e.Kind {
	case warehouse.Clicked:
		e.URL, e.UserAgent, e.IP = o.text("url"), o.text("useragent"), o.text("ip")
	case warehouse.Bounced:
		e.Status = o.text("status")
		e.BounceType = cmp.Or(e.BounceType, statusType(e.Status))
		if o.text("type") == "blocked" || e.BounceType == transient { // only this delivery failed; the address may be valid
			e.BounceType = undetermined
		}
	case warehouse.Deferred:
		e.BounceType, e.Status = transient, o.text("status")
	}
	var fault string
	if e.At, fault = r.when(o, "timestamp"); fault != "" {
		return r.fault(line, fault)
	}
	return r.event(e)
}
