package deliveries

import (
	"cmp"

	"glint/ingest/warehouse"
)

// sparkpost reads an event of SparkPost's webhooks, in its msys wrapper, or of its
// Events interface.
// https://developers.sparkpost.com/api/webhooks/
func (r *reader) sparkpost(line int, o fields, depth int) error {
	if msys, ok := o["msys"].(map[string]any); ok {
		if len(msys) == 0 {
			return r.left(line, LeftOther) // the test of a new webhook
		}
		for _, inner := range msys {
			if event, ok := inner.(map[string]any); ok {
				return r.provider(line, event, depth+1)
			}
		}
	}
	e := Event{Line: line}
	word := o.text("type")
	if word == "bounce" || word == "out_of_band" {
		word = sparkpostBounce(o.text("bounce_class"))
	}
	if done, err := r.word(&e, word); done {
		return err
	}
	e.arguments(o.object("rcpt_meta"))
	e.Recipient = o.text("raw_rcpt_to", "rcpt_to")
	e.Campaign = cmp.Or(e.Campaign, o.text("campaign_id"))
	switch e.Kind {
	case warehouse.Clicked:
		e.URL, e.UserAgent, e.IP = o.text("target_link_url"), o.text("user_agent"), o.text("ip_address")
	case warehouse.Deferred:
		e.BounceType, e.Status = transient, o.text("bounce_class", "error_code")
	case warehouse.Bounced:
		e.Status = o.text("bounce_class", "error_code")
	}
	var fault string
	if e.At, fault = r.when(o, "timestamp"); fault != "" {
		return r.fault(line, fault)
	}
	return r.event(e)
}

// sparkpostBounce returns the word for a class of bounces.
// https://support.sparkpost.com/docs/deliverability/bounce-classification-codes
func sparkpostBounce(class string) string {
	switch class {
	case "10", "30", "26", "25", "54", "53":
		return "hardbounce"
	case "60", "100":
		return "autoreply" // and challenges, which programs write, too
	case "90":
		return "unsubscribe"
	case "80":
		return "subscribe"
	case "20", "21", "22", "23", "24", "40", "70":
		return "softbounce"
	}
	return "blocked"
}
