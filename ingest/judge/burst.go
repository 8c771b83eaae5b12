package judge

import (
	"net/netip"
	"slices"

	"glint/ingest/warehouse"
)

// Bursts are the times at which one network fetched the messages of many
// recipients of one domain. A nil Bursts is empty.
type Bursts struct{ spans map[burstKey][]span }

type burstKey struct {
	ip     netip.Addr
	agent  uint64
	domain string
}

type span struct{ from, until int64 }

// bursts finds in each group the time spans in which enough different messages
// were fetched.
func (s *Settings) bursts(groups []warehouse.BurstGroup) *Bursts {
	b := &Bursts{map[burstKey][]span{}}
	for i := range groups {
		g := &groups[i]
		if spans := s.spans(g.Times, g.Messages); len(spans) > 0 {
			b.spans[burstKey{g.IP.Unmap(), g.Agent, g.Domain}] = spans
		}
	}
	return b
}

// spans returns the bursts; times must be sorted. Each message counts once per
// window.
func (s *Settings) spans(times []int64, messages []uint64) []span {
	var spans []span
	count := map[uint64]int{}
	first := 0
	for last := range times {
		count[messages[last]]++
		for times[last]-times[first] > s.BurstWindow.Milliseconds() {
			if count[messages[first]]--; count[messages[first]] == 0 {
				delete(count, messages[first])
			}
			first++
		}
		if len(count) < s.BurstRecipients {
			continue
		}
		if n := len(spans); n > 0 && spans[n-1].until >= times[first] {
			spans[n-1].until = times[last]
			continue
		}
		spans = append(spans, span{times[first], times[last]})
	}
	return spans
}

// has reports whether an open is part of a burst.
func (b *Bursts) has(m *Message, o *Open) bool {
	if b == nil || !o.Facts.MayBurst {
		return false
	}
	return slices.ContainsFunc(b.spans[burstKey{o.IP.Unmap(), o.Facts.Agent, m.Domain}], func(s span) bool {
		return s.from <= o.At && o.At <= s.until
	})
}
