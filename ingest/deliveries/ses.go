package deliveries

import (
	"encoding/json"

	"glint/ingest/warehouse"
)

// ses reads the events of Amazon SES: in an envelope of SNS, as it is (raw
// delivery), or as an event of EventBridge; notifications and event publishing.
// https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
// https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
func (r *reader) ses(line int, o fields, depth int) error {
	if message, ok := o["Message"].(string); ok && o["TopicArn"] != nil {
		if kind := o.text("Type"); kind != "" && kind != "Notification" {
			return r.left(line, LeftOther) // a confirmation
		}
		return r.inner(line, message, depth)
	}
	if sns := o.object("Sns"); sns != nil { // from the log of a function
		return r.inner(line, sns.text("Message"), depth)
	}
	if body := o.text("body", "Body"); body != "" && (o["receiptHandle"] != nil || o["ReceiptHandle"] != nil) { // of a queue
		return r.inner(line, body, depth)
	}
	if detail := o.object("detail"); detail != nil && o["detail-type"] != nil {
		return r.provider(line, detail, depth+1)
	}
	e := Event{Line: line}
	name := o.text("eventType", "notificationType")
	word := name
	if onlyLetters(name) == "subscription" {
		word = "unsubscribe"
	}
	mail := o.object("mail")
	if word == "" || mail == nil {
		return r.fault(line, "the object has no eventType or notificationType with mail")
	}
	if done, err := r.word(&e, word); done {
		return err
	}
	e.sesMail(mail)
	part, recipients := o.object(sesPart[onlyLetters(name)]), "destination"
	switch {
	case part["bouncedRecipients"] != nil:
		recipients = "bouncedRecipients"
		e.typed(bounceTypeOf(part.text("bounceType")))
		e.Status = part.text("bounceSubType")
	case part["complainedRecipients"] != nil:
		recipients = "complainedRecipients"
		if part.text("complaintFeedbackType") == "not-spam" {
			return r.left(line, LeftOther)
		}
		if part.text("complaintSubType") != "" { // on the account's suppression list: it was not sent
			_ = e.mean(hardBounce)
			e.Status = part.text("complaintSubType")
		}
	case part["delayedRecipients"] != nil:
		recipients = "delayedRecipients"
		e.BounceType, e.Status = transient, part.text("delayType")
	case e.Kind == warehouse.Clicked:
		e.URL, e.UserAgent, e.IP = part.text("link"), part.text("userAgent"), part.text("ipAddress")
	case e.Kind == warehouse.Unsubscribed:
		if !optsOut(part) {
			return r.left(line, LeftOther)
		}
	case part["recipients"] != nil:
		recipients = "recipients"
	}
	var fault string
	if e.At, fault = r.when(part, "timestamp"); e.At.IsZero() && fault == "" {
		e.At, fault = r.when(mail, "timestamp")
	}
	if fault != "" {
		return r.fault(line, fault)
	}
	list := part.list(recipients)
	if recipients == "destination" {
		list = mail.list(recipients)
	}
	return r.each(e, list)
}

// sesPart is the field with the details of each kind of event.
var sesPart = map[string]string{
	"bounce": "bounce", "complaint": "complaint", "delivery": "delivery", "send": "send", "reject": "reject", "open": "open",
	"click": "click", "renderingfailure": "failure", "deliverydelay": "deliveryDelay", "subscription": "subscription",
}

// inner reads a message that is a string in an envelope.
func (r *reader) inner(line int, message string, depth int) error {
	var o fields
	if json.Unmarshal([]byte(message), &o) != nil {
		return r.left(line, LeftOther) // a test message of SNS
	}
	return r.provider(line, o, depth+1)
}

// sesMail reads the message from the mail: message tags, its headers if
// included, its Message-ID.
func (e *Event) sesMail(mail fields) {
	e.arguments(mail.object("tags"))
	for _, h := range mail.list("headers") {
		if header, ok := h.(map[string]any); ok {
			name, value := textOf(header["name"]), textOf(header["value"])
			e.argument(name, value)
			if onlyLetters(name) == "messageid" {
				defer e.byMailID(value)
			}
		}
	}
	e.byMailID(mail.object("commonHeaders").text("messageId"))
}

// optsOut reports whether a subscription change is an unsubscription.
func optsOut(part fields) bool {
	topics := part.object("newTopicPreferences")
	if topics.text("unsubscribeAll") == "true" {
		return true
	}
	for _, t := range topics.list("topicSubscriptionStatus") {
		if topic, ok := t.(map[string]any); ok && onlyLetters(textOf(topic["subscriptionStatus"])) == "optout" {
			return true
		}
	}
	return false
}

// each passes on an event for each recipient; with a message id, only one.
func (r *reader) each(e Event, recipients []any) error {
	if e.Message != none || len(recipients) == 0 {
		return r.event(e)
	}
	for _, one := range recipients {
		if e.Recipient = textOf(one); e.Recipient == "" {
			object, _ := one.(map[string]any)
			e.Recipient = fields(object).text("emailAddress")
		}
		if err := r.event(e); err != nil {
			return err
		}
	}
	return nil
}
