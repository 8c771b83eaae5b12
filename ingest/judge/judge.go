// Package judge judges opens and clicks again, by what one request cannot tell:
// the time since the message was sent, and the company it came in (stage B).
// `reclassify` first judges the request itself again, by the rules of today
// (stage A, edge/classify) on the facts that were stored.
//
//	message.go   the rules on one message: honeypot, click sweep, before delivery, fast, Gmail's pair
//	burst.go     the rule on one campaign: one network over many recipients of one domain
//	facts.go     stage A: each combination of facts once
//	run.go       a run: reads section by section, writes what changes, applies it at once
//	schedule.go  runs from time to time, for the service
//
// Guarantees: a verdict is computed from the stored verdict on the request alone,
// never from an earlier run's, so the same settings give the same numbers however
// often and in whatever order runs were made, and a rule that is turned off is
// undone by the next run. No report shows a part of a run: see
// schema/migrations/00014_judgements.sql.
//
// Only opens of the classes human_direct and unknown can become a machine's. What
// comes through a mail provider's proxy or Apple's is left alone: their machines
// fetch in the networks and at the times of their people. So is what an address
// shared by an office or a carrier could explain. It is only about who fetched:
// how often somebody did is not judged.
package judge

import (
	"net/netip"

	"github.com/google/uuid"

	"glint/edge/classify"
)

// Open is an open with the verdict on its request.
type Open struct {
	At      int64 // Unix milliseconds
	Event   uint64
	IP      netip.Addr // unspecified: not kept
	Facts   *Facts
	Suspect bool             // its time contradicts itself: no rule asks for it
	Request classify.Verdict // on the request alone
	Visible classify.Verdict // that counts now

	Final classify.Verdict // Message sets it

	kept          kept
	storedRequest classify.Verdict
}

// Click is a click with the verdict on its request.
type Click struct {
	At       int64
	Link     uint64
	IP       netip.Addr
	Timed    func(since int64) classify.Verdict // the verdict so many milliseconds after sending; nil: nothing is known of the client
	Honeypot bool
	Request  classify.Verdict
	Visible  classify.Verdict

	Final classify.Verdict

	earlier bool
}

// Message is a message with its opens and clicks, each in the order of time.
type Message struct {
	Campaign    uint64
	ID          uuid.UUID
	Known       bool  // registered, tracked by itself, no test
	SentAt      int64 // Unix milliseconds; 0: not known
	DeliveredAt int64
	Domain      string
	Opens       []Open
	Clicks      []Click
}

// Times says which times of a campaign can be believed.
type Times struct{ Sent, Delivered bool }

// mayBeMachine reports whether company and time may make a machine of a request.
// Apple Mail where nothing says the relay may be Apple's prefetch, which has its
// own number.
func mayBeMachine(v classify.Verdict) bool {
	switch v.Class {
	case classify.HumanDirect:
		return true
	case classify.Unknown:
		return v.Reason != "apple_mail_unplaced"
	}
	return false
}

func scanner(rule string) classify.Verdict {
	return classify.Verdict{Class: classify.SecurityScanner, Reason: rule}
}
