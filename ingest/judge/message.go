package judge

import (
	"net/netip"
	"time"

	"glint/edge/classify"
)

// Message sets the verdict of each open and click of m.
func (s *Settings) Message(m *Message, times Times, bursts *Bursts) {
	for i := range m.Opens {
		m.Opens[i].Final = m.Opens[i].Request
	}
	for i := range m.Clicks {
		m.Clicks[i].Final = m.Clicks[i].Request
	}
	if s.has(RuleHoneypot) {
		s.honeypot(m)
	}
	if s.has(RuleClickSweep) {
		s.sweeps(m)
	}
	begin := m.begin(times)
	for i := range m.Opens {
		o := &m.Opens[i]
		if o.Final != o.Request || o.Suspect || !mayBeMachine(o.Request) {
			continue
		}
		switch timed := o.timed(begin); {
		case s.has(RulePreDelivery) && s.before(o.At, begin):
			o.Final = scanner(RulePreDelivery)
		case s.has(RuleFastOpen) && timed.Class == classify.SecurityScanner && o.Facts.Untimed.Class != classify.SecurityScanner:
			o.Final = timed
		case s.has(RuleBurst) && bursts.has(m, o):
			o.Final = scanner(RuleBurst)
		}
	}
	for i := range m.Clicks {
		c := &m.Clicks[i]
		if c.Final == c.Request && s.has(RulePreDelivery) && mayBeMachine(c.Request) && s.before(c.At, begin) {
			c.Final = scanner(RulePreDelivery)
		}
		if c.Final == c.Request && s.has(RuleFastOpen) && mayBeMachine(c.Request) && c.Timed != nil && begin > 0 {
			if timed := c.Timed(c.At - begin); timed.Class == classify.SecurityScanner {
				c.Final = timed
			}
		}
	}
	if s.has(RuleGmailPair) {
		s.gmailPair(m)
	}
}

// begin returns when the message could first be seen: its credible time of
// delivery, or else of sending; 0 if neither is known.
func (m *Message) begin(times Times) int64 {
	if times.Delivered && m.DeliveredAt > 0 {
		return m.DeliveredAt
	}
	if times.Sent {
		return m.SentAt
	}
	return 0
}

// before reports whether at is before begin. Fetches before the receiving
// server's 250 are known:
// wordtothewise.com/2019/01/automated-link-checking-getting-more-sophisticated.
func (s *Settings) before(at, begin int64) bool {
	return begin > 0 && at < begin-s.ClockSlack.Milliseconds()
}

// timed returns the verdict of the rules about the time since sending
// (edge/classify, fast_open and hosting).
func (o *Open) timed(begin int64) classify.Verdict {
	if begin <= 0 {
		return o.Facts.Untimed
	}
	switch since := time.Duration(o.At-begin) * time.Millisecond; {
	case since < classify.FastWindow:
		return o.Facts.Fast
	case since < classify.ScannerWindow:
		return o.Facts.Soon
	}
	return o.Facts.Untimed
}

// honeypot condemns clients that follow a link invisible to people: they follow
// all links and load all images.
func (s *Settings) honeypot(m *Message) {
	for i := range m.Clicks {
		if m.Clicks[i].Honeypot {
			s.condemn(m, RuleHoneypot, m.Clicks[i].At, m.Clicks[i].At, m.Clicks[i].IP, s.HoneypotWindow, s.HoneypotWindow)
		}
	}
}

// sweeps finds clicks on many links of the message at the same time.
func (s *Settings) sweeps(m *Message) {
	window := s.SweepWindow.Milliseconds()
	first := 0
	for last := range m.Clicks {
		for m.Clicks[last].At-m.Clicks[first].At > window {
			first++
		}
		if last-first+1 < s.SweepLinks || distinctLinks(m.Clicks[first:last+1]) < s.SweepLinks {
			continue
		}
		s.condemn(m, RuleClickSweep, m.Clicks[first].At, m.Clicks[last].At, m.Clicks[last].IP, s.SweepBefore, s.SweepWindow)
	}
}

func distinctLinks(clicks []Click) int {
	n := 0
	for i := range clicks {
		seen := false
		for k := range i {
			seen = seen || clicks[k].Link == clicks[i].Link
		}
		if !seen {
			n++
		}
	}
	return n
}

// condemn marks as a machine's the clicks between two times, and opens from the
// same address around them. Opens of unknown address are marked only between
// these times, since a person may follow right after a machine.
func (s *Settings) condemn(m *Message, rule string, from, until int64, ip netip.Addr, before, after time.Duration) {
	known := known(ip)
	for i := range m.Clicks {
		c := &m.Clicks[i]
		near := from <= c.At && c.At <= until || rule == RuleHoneypot && within(c.At, from, until, after, after) && (!known || c.IP == ip)
		if near && c.Final == c.Request && (mayBeMachine(c.Request) || c.Request.Class == classify.ProxyHuman) {
			c.Final = scanner(rule)
		}
	}
	for i := range m.Opens {
		o := &m.Opens[i]
		if o.Final != o.Request || !mayBeMachine(o.Request) || !within(o.At, from, until, before, after) {
			continue
		}
		same := known && o.IP == ip
		nobodys := (!known || o.IP.IsUnspecified()) && o.At <= until
		if same || nobodys {
			o.Final = scanner(rule)
		}
	}
}

func known(ip netip.Addr) bool { return ip.IsValid() && !ip.IsUnspecified() }

func within(at, from, until int64, before, after time.Duration) bool {
	return from-before.Milliseconds() <= at && at <= until+after.Milliseconds()
}

// gmailPair marks fetches with the user agent of Gmail's prefetch, on an
// unknown network, if Gmail's proxy has fetched the same message.
func (s *Settings) gmailPair(m *Message) {
	for i := range m.Opens {
		o := &m.Opens[i]
		if o.Final.Class != classify.Unknown || !o.Facts.GmailPrefetch {
			continue
		}
		for k := range m.Opens {
			p := &m.Opens[k]
			if p.Final.Class == classify.ProxyHuman && p.Final.Reason == "proxy_gmail" && within(p.At, o.At, o.At, s.ClockSlack, s.PairWindow) {
				o.Final = classify.Verdict{Class: classify.MachinePrefetch, Reason: RuleGmailPair}
				break
			}
		}
	}
}
