package judge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The rules, by the reason that they give.
const (
	RuleHoneypot    = "honeypot"
	RuleClickSweep  = "click_sweep"
	RulePreDelivery = "pre_delivery"
	RuleFastOpen    = "fast_open" // also the reason `hosting` with the class of a scanner
	RuleBurst       = "burst"
	RuleGmailPair   = "gmail_pair"
)

// Rules returns the names of all rules, in the order in which they are tried.
func Rules() []string {
	return []string{RuleHoneypot, RuleClickSweep, RulePreDelivery, RuleFastOpen, RuleBurst, RuleGmailPair}
}

// Settings are the windows of the rules. Each has its evidence at its default.
type Settings struct {
	Without []string // rules that are off

	ClockSlack time.Duration // by how much the clocks of sender and edge may differ

	BurstWindow     time.Duration
	BurstRecipients int

	SweepLinks  int
	SweepWindow time.Duration
	SweepBefore time.Duration // opens so long before a sweep are its own

	Honeypots      []string // links that no person sees, as deliveries have them
	HoneypotWindow time.Duration

	PairWindow time.Duration
}

// Default returns the settings that have a source, or, where none is known, ours.
func Default() Settings {
	return Settings{
		// Mail servers and edges keep time by NTP; a send time has whole seconds.
		ClockSlack: 2 * time.Second,
		// Marketo takes two activities of one lead within 0 to 3 s for a machine
		// (experienceleague.adobe.com, filtering email bot activity); over a whole
		// domain it is widened. 20: below the openings of an office of 1,000.
		BurstWindow: 10 * time.Second, BurstRecipients: 20,
		// github.com/putyourlightson/craft-campaign/issues/546: sweeps click several
		// links within a second; nobody follows three links in three.
		SweepLinks: 3, SweepWindow: 3 * time.Second,
		// The same log: the median of a sweep's clicks is 43 s after sending, that of its open 9 s.
		SweepBefore: time.Minute,
		// github.com/mautic/mautic/issues/9798: all that comes within 10 s of the hidden link.
		HoneypotWindow: 10 * time.Second,
		// Gmail prefetches on delivery, once per unread thread; a log has the person's
		// fetch 5 s later, others hours (sparkpost.com/blog/gmail-prefetching-images).
		PairWindow: 24 * time.Hour,
	}
}

// Validate reports all faults at once.
func (s *Settings) Validate() error {
	var faults []error
	for _, name := range s.Without {
		if !slices.Contains(Rules(), name) {
			faults = append(faults, fmt.Errorf("without: %q is no rule; they are %s", name, strings.Join(Rules(), ", ")))
		}
	}
	for _, w := range []struct {
		name  string
		value time.Duration
	}{
		{"clock-slack", s.ClockSlack},
		{"burst-window", s.BurstWindow},
		{"sweep-window", s.SweepWindow},
		{"sweep-before", s.SweepBefore},
		{"honeypot-window", s.HoneypotWindow},
		{"pair-window", s.PairWindow},
	} {
		if w.value < 0 || w.value > 48*time.Hour {
			faults = append(faults, fmt.Errorf("%s: %v is not between 0 and 48h", w.name, w.value))
		}
	}
	if s.BurstRecipients < 2 {
		faults = append(faults, fmt.Errorf("burst-recipients: %d is below 2", s.BurstRecipients))
	}
	if s.SweepLinks < 2 {
		faults = append(faults, fmt.Errorf("sweep-links: %d is below 2", s.SweepLinks))
	}
	return errors.Join(faults...)
}

func (s *Settings) has(rule string) bool { return !slices.Contains(s.Without, rule) }

// String returns the settings in words, for the table judgements. It leaves the
// links out.
func (s *Settings) String() string {
	return fmt.Sprintf("without=%s clock-slack=%v burst=%d/%v sweep=%d/%v/%v honeypots=%d/%v pair=%v", strings.Join(s.Without, ","), s.ClockSlack,
		s.BurstRecipients, s.BurstWindow, s.SweepLinks, s.SweepWindow, s.SweepBefore, len(s.Honeypots), s.HoneypotWindow, s.PairWindow)
}
