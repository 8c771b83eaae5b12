package deliveries

import (
	"cmp"

	"glint/ingest/warehouse"
)

// listmonk reads a bounce as listmonk records and accepts it, and exported
// clicks. Campaigns are identified by name, so they must be registered under
// their listmonk names. https://listmonk.app/docs/apis/bounces/ and
// https://listmonk.app/docs/bounces/
func (r *reader) listmonk(line int, o fields, _ int) error {
	e := Event{Line: line}
	word := o.text("event", "type")
	if word == "" && o.text("url") != "" {
		word = "click"
	}
	if done, err := r.word(&e, word); done {
		return err
	}
	e.arguments(o)
	e.arguments(o.object("meta"))
	e.Recipient = o.text("email", "recipient")
	if e.Recipient == "" {
		e.Recipient = o.object("subscriber").text("email")
	}
	campaign, _ := o["campaign"].(string)
	e.Campaign = cmp.Or(e.Campaign, o.object("campaign").text("name"), campaign, o.text("campaign_name"))
	if e.Kind == warehouse.Clicked {
		e.URL, e.UserAgent, e.IP = o.text("url", "link"), o.text("user_agent"), o.text("ip")
	}
	var fault string
	if e.At, fault = r.when(o, "created_at", "at", "timestamp"); fault != "" {
		return r.fault(line, fault)
	}
	return r.event(e)
}
