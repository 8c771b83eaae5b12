package deliveries

import (
	"strings"

	"glint/ingest/warehouse"
)

// meaning is the meaning of a source's word for an event.
type meaning struct {
	kind      warehouse.DeliveryKind // 0: it is left out
	bounce    string                 // bounce type
	automatic bool
	left      Left
}

// The types of bounces.
const (
	permanent    = "permanent"
	transient    = "transient"
	undetermined = "undetermined"
)

var (
	hardBounce = meaning{kind: warehouse.Bounced, bounce: permanent}
	softBounce = meaning{kind: warehouse.Deferred, bounce: transient} // not a bounce: the message may still arrive
	someBounce = meaning{kind: warehouse.Bounced, bounce: undetermined}
	autoReply  = meaning{kind: warehouse.Replied, automatic: true}
	ownOpen    = meaning{left: LeftOpen}
)

func plainly(kind warehouse.DeliveryKind) meaning { return meaning{kind: kind} }

// meanings are the words of all sources, letters only: a word means the same in
// each source.
var meanings = map[string]meaning{}

func init() {
	for words, m := range map[string]meaning{
		"sent send sending processed accepted injection injected submitted submission request requests":          plainly(warehouse.Sent),
		"delivered delivery deliver deliverysucceeded success":                                                   plainly(warehouse.Delivered),
		"deferred deferral defer delay delayed deliverydelay deliverydelayed retry":                              plainly(warehouse.Deferred),
		"softbounce softbounced soft transient transientbounce temporaryfailure tempfail temporaryfail softfail": softBounce,
		"bounced bounce": plainly(warehouse.Bounced),
		"hardbounce hardbounced hard permanentfail permanentfailure hardfail failed failure fail undelivered undeliverable invalid invalidemail invalidaddress": hardBounce,
		"dropped drop rejected reject renderingfailure policyrejection generationfailure generationrejection smtpapierror":                                      hardBounce,
		"outofband blocked block notdelivered error": someBounce,
		"complained complaint complaintreceived spamreport spam spamcomplaint abuse markedasspam reportedspam fbl junk":  plainly(warehouse.Complained),
		"clicked click clicks linkclicked linkclick uniqueclick":                                                         plainly(warehouse.Clicked),
		"unsubscribed unsubscribe unsub unsubscription groupunsubscribe listunsubscribe linkunsubscribe optout optedout": plainly(warehouse.Unsubscribed),
		"replied reply inboundreply": plainly(warehouse.Replied),
		"autoreply autoreplied autoresponder autoresponse outofoffice ooo vacation": autoReply,
		"converted conversion convert purchase order":                               plainly(warehouse.Converted),
		"opened open opens uniqueopen uniqueopened firstopen initialopen ampopen ampinitialopen emailopen machineopen prefetch view viewed read opening firstopening proxyopen uniqueproxyopen loadedbyproxy": ownOpen,
	} {
		for word := range strings.FieldsSeq(words) {
			meanings[word] = m
		}
	}
}

// meaningOf returns the meaning of a word, in any case and with any characters
// between its letters: Spam Complaint, spam_complaint, email.spamComplaint.
func meaningOf(word string) (meaning, bool) {
	if m, ok := meanings[word]; ok { // nearly always
		return m, true
	}
	letters := onlyLetters(word)
	for _, prefix := range []string{"", "email", "message", "mail"} {
		if rest, ok := strings.CutPrefix(letters, prefix); ok {
			if m, ok := meanings[rest]; ok {
				return m, true
			}
		}
	}
	return meaning{}, false
}

func onlyLetters(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, s)
}

// bounceTypeOf returns the type of a bounce for a source's word, or "".
func bounceTypeOf(word string) string {
	switch onlyLetters(word) {
	case "permanent", "hard", "hardbounce", "permanentfail":
		return permanent
	case "transient", "soft", "softbounce", "temporary", "temporaryfail":
		return transient
	case "undetermined", "unknown", "blocked", "block":
		return undetermined
	}
	return ""
}

// mean applies a meaning to an event; ok is false if it is left out.
func (e *Event) mean(m meaning) (ok bool) {
	e.Kind, e.BounceType, e.Automatic = m.kind, m.bounce, e.Automatic || m.automatic
	return m.left == ""
}

// typed decides between a bounce and a deferral by the type of the bounce.
func (e *Event) typed(bounceType string) {
	switch {
	case e.Kind != warehouse.Bounced && e.Kind != warehouse.Deferred:
		return
	case bounceType != "":
		e.BounceType = bounceType
	}
	if e.Kind == warehouse.Bounced && e.BounceType == transient {
		e.Kind = warehouse.Deferred
	}
}

// statusType returns the type of a bounce from its enhanced status code (RFC
// 3463 §2: 4 is persistent transient, 5 permanent) or SMTP reply code.
func statusType(code string) string {
	switch code = strings.TrimSpace(code); {
	case strings.HasPrefix(code, "5"):
		return permanent
	case strings.HasPrefix(code, "4"):
		return transient
	}
	return ""
}
