package deliveries

import (
	"cmp"

	"glint/ingest/warehouse"
)

// postmark reads the objects that Postmark posts to a webhook, and its bounce
// interface's.
// https://postmarkapp.com/developer/webhooks/webhooks-overview
// https://postmarkapp.com/developer/api/bounce-api#bounce-types
func (r *reader) postmark(line int, o fields, _ int) error {
	e := Event{Line: line}
	kind := o.text("RecordType")
	if kind == "" && o["TypeCode"] != nil {
		kind = "Bounce"
	}
	word := kind
	switch kind {
	case "Bounce":
		word = cmp.Or(postmarkBounces[o.text("Type")], "softbounce")
	case "SubscriptionChange":
		word = "unsubscribe"
		if o.text("SuppressSending") != "true" || o.text("SuppressionReason") == "HardBounce" || o.text("SuppressionReason") == "SpamComplaint" {
			return r.left(line, LeftOther) // a renewed subscription, or a repetition of a bounce or complaint
		}
	}
	if done, err := r.word(&e, word); done {
		return err
	}
	e.arguments(o.object("Metadata"))
	e.Recipient = o.text("Recipient", "Email")
	e.Campaign = cmp.Or(e.Campaign, o.text("Tag"))
	switch e.Kind {
	case warehouse.Clicked:
		e.URL, e.UserAgent, e.IP = o.text("OriginalLink"), o.text("UserAgent"), o.object("Geo").text("IP")
	case warehouse.Bounced, warehouse.Deferred:
		e.Status = o.text("Type")
	}
	var fault string
	if e.At, fault = r.when(o, "DeliveredAt", "BouncedAt", "ChangedAt", "ReceivedAt"); fault != "" {
		return r.fault(line, fault)
	}
	return r.event(e)
}

// postmarkBounces are Postmark's types of bounces as words of meanings; others are
// soft.
var postmarkBounces = map[string]string{
	"HardBounce": "hardbounce", "BadEmailAddress": "hardbounce", "ManuallyDeactivated": "hardbounce", "SMTPApiError": "hardbounce",
	"InboundError": "hardbounce", "TemplateRenderingFailed": "hardbounce", "VirusNotification": "hardbounce",
	"Blocked": "blocked", "DMARCPolicy": "blocked", "SpamNotification": "blocked", "Unconfirmed": "blocked",
	"SpamComplaint": "complaint", "Unsubscribe": "unsubscribe", "Subscribe": "subscribe", "OpenRelayTest": "openrelaytest",
	"AutoResponder": "autoreply", "AddressChange": "autoreply", "ChallengeVerification": "autoreply",
	"Transient": "softbounce", "SoftBounce": "softbounce", "DnsError": "softbounce", "Unknown": "softbounce",
}
