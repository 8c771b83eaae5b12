package judge

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"glint/edge/classify"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest/client"
)

// truth is the maker of a request; the judge sees only the request.
type truth string

const (
	byPerson  truth = "a person"
	byOffice  truth = "a person in an office behind one address"
	byCarrier truth = "a person at a carrier's shared address"
	byForward truth = "a person to whom it was forwarded"
	byApple   truth = "Apple, in advance or late"
	byGmail   truth = "a person at Gmail"
	byVPN     truth = "a person with a VPN"

	byEarly    truth = "a scanner before delivery"
	byGateway  truth = "a gateway at once, on its own network"
	byCloud    truth = "a scanner in a cloud, domain by domain"
	bySweep    truth = "a scanner that follows all links, from a home network"
	byTrap     truth = "a scanner that follows the hidden link"
	byPrefetch truth = "Gmail's prefetch, network not known"
)

func (t truth) isPerson() bool { return strings.HasPrefix(string(t), "a person") }

// caughtBy is the rule that each kind of machine is caught by.
var caughtBy = map[truth]string{
	byEarly: RulePreDelivery, byGateway: RuleFastOpen, byCloud: RuleBurst, bySweep: RuleClickSweep, byTrap: RuleHoneypot, byPrefetch: RuleGmailPair,
}

const (
	outlook = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; .NET4.0E; Microsoft Outlook 16.0.5266; ms-office; MSOffice 16)"
	iphone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
	bare    = "Mozilla/5.0"
)

// simulation is one campaign whose truth is known.
type simulation struct {
	rand     *rand.Rand
	lists    bool // networks are known
	facts    map[string]*Facts
	messages []*Message
	truths   map[uint64]truth // by event
	groups   map[burstKey]*warehouse.BurstGroup
}

func (s *simulation) after(median float64, spread float64) time.Duration {
	return time.Duration(median * math.Exp(spread*s.rand.NormFloat64()) * float64(time.Second))
}

func (s *simulation) message(domain string) *Message {
	n := len(s.messages)
	sent := noon.Add(time.Duration(n) * 20 * time.Millisecond).Truncate(time.Second).UnixMilli() // 50 messages a second
	m := &Message{Campaign: 1, ID: messageID(1, n), Known: true, SentAt: sent, DeliveredAt: sent + int64(500+s.rand.IntN(4000)), Domain: domain}
	s.messages = append(s.messages, m)
	return m
}

func (s *simulation) open(m *Message, who truth, at time.Duration, agent, ip, network string, as uint32) {
	if !s.lists {
		network, as = "unknown", 0
	}
	key := fmt.Sprint(agent, network, as)
	f := s.facts[key]
	if f == nil {
		f = judgeFacts(&warehouse.RequestFacts{Method: "GET", UserAgent: agent, Network: network, ASNumber: as, Agent: uint64(len(s.facts) + 1)})
		s.facts[key] = f
	}
	id := uint64(len(s.truths))
	s.truths[id] = who
	o := Open{At: m.DeliveredAt + at.Milliseconds(), Event: id, IP: netip.MustParseAddr(ip), Facts: f, Request: f.Untimed, Visible: f.Untimed}
	m.Opens = append(m.Opens, o)
	if f.MayBurst {
		k := burstKey{o.IP, f.Agent, m.Domain}
		if s.groups[k] == nil {
			s.groups[k] = &warehouse.BurstGroup{IP: o.IP, Agent: f.Agent, Domain: m.Domain}
		}
		s.groups[k].Times = append(s.groups[k].Times, o.At)
		s.groups[k].Messages = append(s.groups[k].Messages, uint64(len(s.messages)))
	}
}

// person opens a message as people do, from a network of the given kind.
func (s *simulation) person(m *Message, who truth, ip string, as uint32, median float64) {
	agents := []string{chrome, outlook, iphone, strings.Replace(chrome, "142", "141", 1), chrome + " Edg/142.0.0.0"}
	at := s.after(median, 1.6)
	for range 1 + s.rand.IntN(2) {
		s.open(m, who, at, agents[s.rand.IntN(len(agents))], ip, "none", as)
		at += s.after(3600, 1)
	}
	for link := range s.rand.IntN(3) / 2 * (1 + s.rand.IntN(2)) { // some click, a few twice
		m.Clicks = append(m.Clicks, Click{At: m.DeliveredAt + at.Milliseconds() + int64(link)*9000, Link: uint64(link), IP: netip.MustParseAddr(ip), Request: classify.Verdict{Class: classify.HumanDirect, Reason: "browser"}})
	}
}

func newSimulation(seed uint64, lists bool) *simulation {
	s := &simulation{rand: rand.New(rand.NewPCG(seed, 1)), lists: lists, facts: map[string]*Facts{}, truths: map[uint64]truth{}, groups: map[burstKey]*warehouse.BurstGroup{}}
	home := func() string { return fmt.Sprintf("203.%d.%d.0", s.rand.IntN(256), s.rand.IntN(256)) }
	for range 3000 { // consumers
		m := s.message([]string{"gmail.example", "gmx.example", "yahoo.example"}[s.rand.IntN(3)])
		switch s.rand.IntN(10) {
		case 0, 1, 2:
			s.person(m, byPerson, home(), 3320, 7200)
		case 3:
			s.person(m, byCarrier, fmt.Sprintf("100.64.%d.0", s.rand.IntN(4)), 3209, 7200)
		case 4:
			s.person(m, byForward, home(), 7922, 86400)
			s.person(m, byForward, home(), 3320, 86400)
		case 5:
			s.person(m, byVPN, "192.0.2.0", 9009, 7200)
		case 6, 7:
			s.open(m, byApple, s.after(600, 2), bare, "172.224.224.0", "apple_relay", 36183)
			s.open(m, byApple, s.after(9000, 2), bare, "172.224.225.0", "apple_relay", 36183)
		case 8:
			s.open(m, byGmail, s.after(20, 2), gmail, "66.249.93.0", "none", 15169)
		default:
			pre := s.after(3, 1)
			s.open(m, byPrefetch, pre, gmPre, "66.249.84.0", "none", 15169)
			s.open(m, byGmail, pre+s.after(300, 2), gmail, "66.249.93.0", "none", 15169)
		}
	}
	for office := range 20 { // 80 people each, who come to work at the same hour
		for range 80 {
			s.person(s.message(fmt.Sprintf("office%d.example", office)), byOffice, fmt.Sprintf("198.51.%d.0", office), 3320, 1200)
		}
	}
	for domain := range 12 { // 60 mailboxes each behind a scanner
		scanner := domain % 4
		for range 60 {
			m := s.message(fmt.Sprintf("company%d.example", domain))
			own := fmt.Sprintf("203.0.%d.0", domain)
			switch scanner {
			case 0:
				s.open(m, byEarly, -s.after(30, 0.5)-5*time.Second, chrome, own, "none", 3320)
			case 1:
				s.open(m, byGateway, s.after(9, 1), chrome, "192.0.3.0", "none", 22843)
			case 2:
				at := time.Duration(7200+int(s.rand.IntN(8)))*time.Second - time.Duration(m.SentAt-noon.UnixMilli())*time.Millisecond
				s.open(m, byCloud, at, chrome, fmt.Sprintf("192.0.4.%d", 0), "hosting", 16509)
			case 3:
				sweep := s.after(43, 0.5)
				who := bySweep
				if s.rand.IntN(2) == 0 {
					who = byTrap
				}
				s.open(m, who, sweep-5*time.Second, chrome, own, "none", 3320)
				for link := range 5 {
					if who == byTrap && link > 0 {
						break
					}
					m.Clicks = append(m.Clicks, Click{At: m.DeliveredAt + sweep.Milliseconds() + int64(link)*150, Link: uint64(link), IP: netip.MustParseAddr(own), Honeypot: who == byTrap, Request: classify.Verdict{Class: classify.HumanDirect, Reason: "browser"}})
				}
			}
			if s.rand.IntN(3) == 0 {
				s.person(m, byOffice, own, 3320, 3600)
			}
		}
	}
	return s
}

// judge judges the campaign, and counts by rule and by truth.
func (s *simulation) judge() (byRule map[string][2]int, byTruth map[truth][3]int) {
	set := Default()
	var groups []warehouse.BurstGroup
	for _, g := range s.groups {
		order := make([]int, len(g.Times))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return int(g.Times[a] - g.Times[b]) })
		sorted := *g
		sorted.Times, sorted.Messages = nil, nil
		for _, i := range order {
			sorted.Times, sorted.Messages = append(sorted.Times, g.Times[i]), append(sorted.Messages, g.Messages[i])
		}
		groups = append(groups, sorted)
	}
	bursts := set.bursts(groups)
	byRule, byTruth = map[string][2]int{}, map[truth][3]int{}
	for _, m := range s.messages {
		slices.SortFunc(m.Opens, func(a, b Open) int { return int(a.At - b.At) })
		slices.SortFunc(m.Clicks, func(a, b Click) int { return int(a.At - b.At) })
		set.Message(m, Times{true, true}, bursts)
		for i := range m.Opens {
			o := &m.Opens[i]
			who := s.truths[o.Event]
			n := byTruth[who] // all, changed, people no more
			n[0]++
			if o.Final != o.Request {
				n[1]++
				rule := o.Final.Reason
				if rule == "hosting" {
					rule = RuleFastOpen
				}
				r := byRule[rule]
				if who.isPerson() {
					r[1]++
				} else {
					r[0]++
				}
				byRule[rule] = r
				if o.Request.Class == classify.HumanDirect || o.Request.Class == classify.ProxyHuman {
					n[2]++
				}
			}
			byTruth[who] = n
		}
	}
	return byRule, byTruth
}

// TestRulesOnCampaignsOfKnownTruth prints precision and recall of each rule, and checks
// that no kind of people loses more than 0.5 % of its opens.
func TestRulesOnCampaignsOfKnownTruth(t *testing.T) {
	for _, lists := range []bool{true, false} {
		rules, truths := map[string][2]int{}, map[truth][3]int{}
		for seed := range uint64(5) {
			byRule, byTruth := newSimulation(seed, lists).judge()
			for rule, n := range byRule {
				r := rules[rule]
				rules[rule] = [2]int{r[0] + n[0], r[1] + n[1]}
			}
			for who, n := range byTruth {
				w := truths[who]
				truths[who] = [3]int{w[0] + n[0], w[1] + n[1], w[2] + n[2]}
			}
		}
		out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintf(out, "networks told: %v\nRULE\tMACHINES\tPEOPLE\tPRECISION\n", lists)
		for _, rule := range Rules() {
			n := rules[rule]
			precision := float64(n[0]) / float64(max(1, n[0]+n[1]))
			_, _ = fmt.Fprintf(out, "%s\t%d\t%d\t%.3f\n", rule, n[0], n[1], precision)
			if n[0] > 0 && precision < 0.9 {
				t.Errorf("lists %v: %s has a precision of %.3f", lists, rule, precision)
			}
		}
		_, _ = fmt.Fprintln(out, "WHO\tOPENS\tCHANGED\tSHARE\tRULE")
		for _, who := range slices.Sorted(mapsKeys(truths)) {
			n := truths[who]
			share := float64(n[1]) / float64(n[0])
			_, _ = fmt.Fprintf(out, "%s\t%d\t%d\t%.4f\t%s\n", who, n[0], n[1], share, caughtBy[who])
			switch {
			case who.isPerson() && float64(n[2]) > 0.005*float64(n[0]):
				t.Errorf("lists %v: %s loses %d of %d opens", lists, who, n[2], n[0])
			case who == byApple && n[1] > 0:
				t.Errorf("lists %v: %d opens by Apple were changed", lists, n[1])
			case caughtBy[who] != "" && share < leastRecall(who, lists):
				t.Errorf("lists %v: of %s only %.2f were found", lists, who, share)
			}
		}
		_ = out.Flush()
	}
}

// leastRecall is the share of a kind of machine that must be found. Without lists a
// gateway's network is as unknown as people's; with them Gmail's prefetch is
// known by its network, and stage B has nothing to do.
func leastRecall(who truth, lists bool) float64 {
	switch {
	case who == byGateway && !lists, who == byPrefetch && lists:
		return 0
	case who == byPrefetch:
		return 0.9
	}
	return 0.8
}

func mapsKeys(m map[truth][3]int) func(func(truth) bool) {
	return func(yield func(truth) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestAnHourOffMakesNoMachines has a campaign whose send time is in another zone.
func TestAnHourOffMakesNoMachines(t *testing.T) {
	e, w := client.Open(t)
	var fetches []fetch
	for i := range 60 {
		fetches = append(fetches, fetch{i, -time.Hour + time.Duration(i)*time.Minute, chrome, "203.0.113.0", "none", 3320}, fetch{i, -time.Hour + time.Duration(i)*time.Minute, gmail, "66.249.93.0", "none", 15169})
	}
	insert(t, e, w, 12, 60, fetches...)
	if r := run(t, w, Options{}); r.Changed != 0 {
		t.Errorf("%+v", r.Changes)
	}
}
