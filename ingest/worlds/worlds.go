// Package worlds generates mail accounts whose true open rates are known: the
// readers of each message, and the opens that a pixel sees. The estimators of
// reports are tested on them (make worlds).
//
// A world is a set of habits: how many recipients use Apple Mail, how often its
// relay fetches messages that no person reads, how many images are blocked. The
// package contains no estimator and no SQL; its numbers depend on a seed alone.
package worlds

import "time"

// World describes one account. Shares and probabilities are fractions of 1.
type World struct {
	Name       string
	Recipients int // on the list at each campaign
	Campaigns  int // one a week
	First      int // index of the first campaign whose estimates are judged

	MeanHabit   float64 // mean probability that a recipient without Apple Mail reads a message
	Spread      float64 // sum of the two parameters of the habits' beta distribution; small: people differ much
	AppleShare  float64 // of recipients
	AppleHabit  float64 // ratio of the mean habit of Apple Mail's users to that of the others (lambda)
	Elsewhere   float64 // share of Apple Mail's users who also read in another client
	ElsewhereP  float64 // probability that such a user reads a message there
	Prefetch    float64 // probability that the relay fetches a message for a phone in use
	IdlePhones  float64 // the same for the phones of the recipients who read least; equal to Prefetch: all alike
	Unlisted    bool    // no list of Apple's networks: its fetches are unknown Apple Mail
	Cloaked     float64 // share of mailboxes behind a scanner that looks like a person
	Scanned     float64 // share of mailboxes behind a scanner that is recognised
	BlockedMail float64 // probability that a read message loads no image
	BlockedBox  float64 // share of recipients who never load images
	TextOnly    float64 // share of recipients who get text only
	Unknown     float64 // probability that a fetch by a person is of class unknown
	Chosen      Choice  // campaigns that go to recipients chosen by their opens
	Joiners     float64 // share of the list that is replaced before each campaign
	Bounces     float64 // share of messages that bounce
	ClickP      float64 // mean probability of a click on a message that was read
	Clicks      bool    // clicks are imported
}

// Choice names the campaigns that go only to recipients for whom a message
// before shows an open: by a person, or by Apple Mail, as most senders count.
type Choice int

// Choices of recipients.
const (
	Nobody Choice = iota // all campaigns go to the whole list
	Before               // those before the last; the first one, four months earlier, goes to all
	Now                  // the last one
)

// Account is a generated world.
type Account struct {
	World     World
	Campaigns []Campaign
}

// Campaign is one mailing to the list.
type Campaign struct {
	SentAt   time.Time
	Messages []Message
}

// Message is a message with the truth about it and the observed events.
type Message struct {
	Recipient int // index over the whole account
	Read      bool
	Bounced   bool
	Fetches   []Fetch
	Clicked   bool // by a person; visible only if the world imports clicks
}

// Fetch is a request of the message's pixel with the judge's verdict.
type Fetch struct {
	After  time.Duration // since the campaign was sent
	Class  string
	Reason string
}

// Truth returns the share of delivered messages that were read.
func (c *Campaign) Truth() float64 {
	read, delivered := 0, 0
	for i := range c.Messages {
		if m := &c.Messages[i]; !m.Bounced {
			delivered++
			if m.Read {
				read++
			}
		}
	}
	if delivered == 0 {
		return 0
	}
	return float64(read) / float64(delivered)
}
