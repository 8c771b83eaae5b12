package explain

import (
	"fmt"
	"strings"
	"time"

	"glint/ingest/warehouse"
)

// Event is an event of a message, with the reason why it counts or not. Its JSON form
// is a contract, described in cli/JSON.md.
type Event struct {
	At        *string  `json:"at"`
	Kind      string   `json:"kind"`
	Class     *string  `json:"class"`
	Reason    *string  `json:"reason"`
	Counted   bool     `json:"counted"`
	Why       string   `json:"why"`
	CountsIn  []string `json:"counts_in"`
	Text      string   `json:"text"`
	MessageID *string  `json:"message_id"`
	EventID   *string  `json:"event_id"`
	Detail    *string  `json:"detail"`
	Client    *string  `json:"client"`
	OS        *string  `json:"os"`
	Device    *string  `json:"device"`
	Network   *string  `json:"network"`
	ASNumber  *uint32  `json:"as_number"`
	Country   *string  `json:"country"`
	Address   *string  `json:"address"`
	Ruleset   *uint16  `json:"ruleset_version"`
	Source    *string  `json:"source"`
	State     *string  `json:"state"`

	at time.Time
}

// The names in Event.Why.
const (
	whyPerson        = "person"         // a person did it
	whyMasked        = "masked"         // Apple Mail, which may hide a person
	whyUnknown       = "unknown_client" // could be anyone
	whyMachine       = "machine"        // not a person
	whyNotImage      = "not_image"      // it did not ask for the image
	whyIgnored       = "ignored"        // the operator's own mail: glint ignore
	whyTest          = "test"
	whyUnregistered  = "not_registered"
	whyNotMeasured   = "not_measured"
	whyBounced       = "bounced"
	whyWaiting       = "waiting" // for the registration of its message
	whyBadToken      = "bad_token"
	whyDeadLetter    = "dead_letter"
	whyInBase        = "in_base" // of every rate
	whyInformation   = "information"
	whyTransient     = "transient_bounce"
	whyDisproved     = "bounce_disproved"
	whyAutomatic     = "automatic_reply"
	whyRecipient     = "recipient" // the recipient did it
	whyPseudonymous  = "pseudonymous"
	columnOpens      = "opens_total"
	columnUnique     = "unique_opens"
	columnFiltered   = "bot_filtered_unique_opens"
	columnReliable   = "reliable_unique_opens"
	columnConfirmed  = "confirmed_unique_opens"
	columnNotMeasure = "unregistered_opens_total"
)

// texts maps each reason to a sentence.
var texts = map[string]string{
	whyPerson: "it counts: a person did it", whyMasked: "it does not count as an open: Apple Mail fetched the image, and it is unknown whether a person looked; the upper bound counts it",
	whyUnknown: "it does not count as an open: the client could be anyone; the upper bound counts it",
	whyMachine: "it does not count as an open: a machine did it", whyNotImage: "it counts nowhere: the request was not for an image to be shown",
	whyIgnored: "it counts nowhere: glint ignore names its client", whyTest: "it counts nowhere: the message is a test",
	whyUnregistered: "it counts nowhere: the message is not registered, or its registration was not completed",
	whyNotMeasured:  "it is in no rate: the message is not tracked individually",
	whyBounced:      "the message bounced and is in no rate", whyWaiting: "it counts nowhere yet: its message is not registered; it waits 30 days",
	whyBadToken: "it counts nowhere: no key verifies its token", whyDeadLetter: "it counts nowhere: the line could not be stored; see glint log deadletters",
	whyInBase: "the message is in the base of every rate", whyInformation: "it changes no rate",
	whyTransient: "it does not count: the bounce was transient", whyDisproved: "it does not count: the message arrived nevertheless",
	whyAutomatic: "it does not count: no person wrote the reply", whyRecipient: "it counts",
	whyPseudonymous: "opens of a pseudonymous message belong to the message and not to its recipient: see --message",
}

// explained is a message with its events, or events without a message.
type explained struct {
	facts  *warehouse.MessageFacts
	hidden bool // its opens are not shown with its recipient
	events []Event
}

// explainMessage returns the events of a message; with hide, only the registration, for
// a pseudonymous message that was requested by its recipient.
func explainMessage(f *warehouse.MessageFacts, hide bool) explained {
	x := explained{facts: f, hidden: hide}
	if f.IsStored {
		x.events = append(x.events, registered(f, hide))
	}
	if hide {
		return x
	}
	if !f.DeliveredAt.IsZero() {
		x.events = append(x.events, newEvent(f, f.DeliveredAt, "delivered", whyInformation))
	}
	hasSent := false
	for i := range f.Events {
		e := explainEvent(f, &f.Events[i])
		hasSent = hasSent || e.Kind == "sent"
		x.events = append(x.events, e)
	}
	if !hasSent && !f.SentAt.IsZero() {
		x.events = append(x.events, newEvent(f, f.SentAt, "sent", whyInformation))
	}
	x.events = sorted(x.events)
	return x
}

func registered(f *warehouse.MessageFacts, hide bool) Event {
	why := whyInBase
	switch {
	case f.Test:
		why = whyTest
	case !f.Registered:
		why = whyUnregistered
	case hide:
		why = whyPseudonymous
	case f.Bounced:
		why = whyBounced
	case !f.Measured:
		why = whyNotMeasured
	}
	e := newEvent(f, f.RegisteredAt, "registered", why)
	e.Counted = why == whyInBase
	if !hide {
		state := f.Listed().State()
		e.State = &state
	}
	return e
}

func newEvent(f *warehouse.MessageFacts, at time.Time, kind, why string) Event {
	e := Event{Kind: kind, Why: why, Text: texts[why], CountsIn: []string{}, at: at}
	if !at.IsZero() {
		text := at.Format("2006-01-02T15:04:05.000Z")
		e.At = &text
	}
	if f != nil && why != whyPseudonymous {
		id := f.MessageID.String()
		e.MessageID = &id
	}
	return e
}

// explainEvent returns the event with the reason why it counts or not.
func explainEvent(f *warehouse.MessageFacts, m *warehouse.MessageEvent) Event {
	why, counts := whyOpen(f, m)
	if m.Kind != "open" {
		why, counts = whyDelivery(f, m)
	}
	e := newEvent(f, m.At, m.Kind, why)
	e.Counted = why == whyPerson || why == whyRecipient || why == whyBounced
	e.CountsIn = append(e.CountsIn, counts...)
	e.withFacts(m)
	return e
}

// whyOpen returns the reason why an open counts or not, and the columns of the report
// that include it.
func whyOpen(f *warehouse.MessageFacts, m *warehouse.MessageEvent) (why string, counts []string) {
	switch {
	case m.Place == "waiting":
		return whyWaiting, nil
	case strings.HasPrefix(m.Reason, "ignored_"):
		return whyIgnored, nil
	case m.Class == "not_image":
		return whyNotImage, nil
	case f.Test:
		return whyTest, nil
	case !f.Registered:
		return whyUnregistered, []string{columnNotMeasure}
	}
	counts = []string{columnOpens, columnUnique}
	why = whyMachine
	switch {
	case m.Class == "human_direct" || m.Class == "proxy_human":
		why = whyPerson
	case m.Class == "machine_prefetch" && strings.HasPrefix(m.Reason, "apple_mpp") || m.Reason == "apple_mail_unplaced":
		why = whyMasked
	case m.Class == "unknown":
		why = whyUnknown
	}
	switch {
	case why == whyMachine:
	case f.Bounced:
		why = whyBounced
	case !f.Measured:
		why = whyNotMeasured
	case why == whyPerson:
		counts = append(counts, columnFiltered, columnReliable, columnConfirmed)
	default:
		counts = append(counts, columnFiltered)
	}
	return why, counts
}

// whyDelivery is whyOpen for other events.
func whyDelivery(f *warehouse.MessageFacts, m *warehouse.MessageEvent) (why string, counts []string) {
	switch {
	case f.Test:
		return whyTest, nil
	case !f.Registered:
		return whyUnregistered, nil
	}
	confirms := func(counts ...string) (string, []string) {
		if f.Measured {
			counts = append(counts, columnConfirmed)
		}
		return whyPerson, counts
	}
	switch m.Kind {
	case "bounced":
		switch {
		case m.Detail == "transient":
			return whyTransient, nil
		case !f.Bounced:
			return whyDisproved, nil
		}
		return whyBounced, []string{"bounced"}
	case "complained", "unsubscribed":
		return whyRecipient, []string{m.Kind}
	case "clicked":
		switch {
		case m.Class == "human_direct" || m.Class == "proxy_human" || m.Class == "unknown" && m.Detail == "no_client":
			return confirms("clicked")
		case m.Class == "unknown":
			return whyUnknown, nil
		}
		return whyMachine, nil
	case "replied":
		if m.Detail == "automatic" {
			return whyAutomatic, nil
		}
		return confirms("replied")
	case "converted":
		return confirms()
	}
	return whyInformation, nil
}

// faults maps the codes of bad tokens to sentences.
var faults = map[string]string{
	"signature": "its signature is wrong: forged, or changed on the way", "unknown_key": "its key is not here",
	"revoked_key": "its key is revoked", "version": "its version is unknown", "malformed": "it does not have the form of a token",
}

func explainBadToken(m warehouse.MessageEvent) Event {
	e := newEvent(nil, m.At, m.Kind, whyBadToken)
	e.withFacts(&m)
	if fault := faults[m.Reason]; fault != "" {
		e.Text += ": " + fault
	}
	return e
}

// withFacts adds the facts of the request.
func (e *Event) withFacts(m *warehouse.MessageEvent) {
	for into, text := range map[**string]string{
		&e.Class: m.Class, &e.Reason: m.Reason, &e.Detail: m.Detail, &e.Client: m.Client, &e.OS: m.OS, &e.Device: m.Device,
		&e.Network: m.Network, &e.Country: m.Country, &e.Address: m.Address, &e.Source: m.Source,
	} {
		if text != "" {
			*into = &text
		}
	}
	if m.ASNumber != 0 {
		e.ASNumber = &m.ASNumber
	}
	if m.RulesetVersion != 0 {
		e.Ruleset = &m.RulesetVersion
	}
	if m.EventID != 0 {
		id := fmt.Sprint(m.EventID)
		e.EventID = &id
	}
	switch m.Detail {
	case "before_token", "after_receipt":
		e.Text += "; its time is impossible, so it is neither a first nor a last open"
	}
}
