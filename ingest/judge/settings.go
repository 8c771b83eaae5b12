package judge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The rules, by their reason.
const (
	RuleHoneypot    = "honeypot"
	RuleClickSweep  = "click_sweep"
	RulePreDelivery = "pre_delivery"
	RuleFastOpen    = "fast_open" // also the reason `hosting` with the class of a scanner
	RuleBurst       = "burst"
	RuleGmailPair   = "gmail_pair"
)

// Rules returns the names of all rules, in the order of their application.
func Rules() []string {
	return []string{RuleHoneypot, RuleClickSweep, RulePreDelivery, RuleFastOpen, RuleBurst, RuleGmailPair}
}

// Settings are the parameters of the rules. The evidence is at the defaults.
type Settings struct {
	Without []string // rules that are off

	ClockSlack time.Duration // largest difference between the clocks of sender and edge

	BurstWindow     time.Duration
	BurstRecipients int

	SweepLinks  int
	SweepWindow time.Duration
	SweepBefore time.Duration // opens this long before a sweep belong to it

	Honeypots      []string // links invisible to people, as in deliveries
	HoneypotWindow time.Duration

	PairWindow time.Duration
}

// Default returns the default settings, from published sources where there are
// any.
func Default() Settings {
	return Settings{
		// Mail servers and edges keep time by NTP; a send time has whole seconds.
		ClockSlack: 2 * time.Second,
		// Marketo takes two activities of one lead within 0 to 3 s for a
		// machine (experienceleague.adobe.com, filtering email bot activity);
		// the window is longer for a whole domain. 20 is more than an office of
		// 1,000 opens in that time.
		BurstWindow: 10 * time.Second, BurstRecipients: 20,
		// github.com/putyourlightson/craft-campaign/issues/546: sweeps click several
		// links within a second; no person follows three links in three.
		SweepLinks: 3, SweepWindow: 3 * time.Second,
		// From the same log: the median click of a sweep is 43 s after sending,
		// its open 9 s.
		SweepBefore: time.Minute,
		// github.com/mautic/mautic/issues/9798: all requests within 10 s of the
		// hidden link.
		HoneypotWindow: 10 * time.Second,
		// Gmail prefetches on delivery, once per unread thread; in a log the
		// person's fetch follows after 5 s to hours
		// (sparkpost.com/blog/gmail-prefetching-images).
		PairWindow: 24 * time.Hour,
	}
}

// Validate returns all faults in one error.
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

// String returns the settings in words, without the links, for the table
// judgements.
func (s *Settings) String() string {
	return fmt.Sprintf("without=%s clock-slack=%v burst=%d/%v sweep=%d/%v/%v honeypots=%d/%v pair=%v", strings.Join(s.Without, ","), s.ClockSlack,
		s.BurstRecipients, s.BurstWindow, s.SweepLinks, s.SweepWindow, s.SweepBefore, len(s.Honeypots), s.HoneypotWindow, s.PairWindow)
}
