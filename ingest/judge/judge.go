// Package judge judges opens and clicks again, by facts that a single request
// does not have: the time since the message was sent, and other requests at the
// same time, its context (stage B). `reclassify` first classifies the request
// itself again, by the current rules (stage A, edge/classify) on the stored
// facts.
//
//	message.go   rules on one message: honeypot, click sweep, before delivery, fast, Gmail's pair
//	burst.go     rule on one campaign: one network, many recipients of one domain
//	facts.go     stage A: each combination of facts once
//	run.go       a run: reads by section, writes changed verdicts, applies them at once
//	schedule.go  periodic runs of the service
//
// Guarantees: a verdict is computed from the stored verdict on the request
// alone, never from an earlier run's. So the same settings give the same
// numbers, however many runs there were and in whatever order, and the next run
// undoes a rule that is turned off. No report shows a part of a run: see
// schema/migrations/00014_judgements.sql.
//
// Only opens of the classes human_direct and unknown can become a machine's.
// Fetches through a mail provider's proxy or Apple's relay keep their verdict:
// their machines fetch in the same networks and at the same times as their
// users. So do fetches that an address shared by an office or a carrier could
// explain. The package judges only who fetched, not how often.
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
	IP      netip.Addr // unspecified: not stored
	Facts   *Facts
	Suspect bool             // its time is contradictory, so no rule uses it
	Request classify.Verdict // verdict on the request alone
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
	Timed    func(since int64) classify.Verdict // verdict that many milliseconds after sending; nil: the client is unknown
	Honeypot bool
	Request  classify.Verdict
	Visible  classify.Verdict

	Final classify.Verdict

	earlier bool
}

// Message is a message with its opens and clicks, each sorted by time.
type Message struct {
	Campaign    uint64
	ID          uuid.UUID
	Known       bool  // registered, tracked individually, not a test
	SentAt      int64 // Unix milliseconds; 0: unknown
	DeliveredAt int64
	Domain      string
	Opens       []Open
	Clicks      []Click
}

// Times reports which times of a campaign are credible.
type Times struct{ Sent, Delivered bool }

// mayBeMachine reports whether context and time may turn a request into a
// machine's. Apple Mail without a known relay is excluded: it may be Apple's
// prefetch, which is counted separately.
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
