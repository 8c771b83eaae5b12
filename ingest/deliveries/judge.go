package deliveries

import (
	"hash/fnv"
	"net/netip"
	"strconv"
	"strings"

	"glint/edge/classify"
	"glint/edge/event/jsonline"
	"glint/edge/pixel"
	"glint/ingest/warehouse"
)

// Judge classifies the client of a click like that of an open. Nil functions
// mean that nothing is known. It is not safe for concurrent use.
type Judge struct {
	Lookup    func(netip.Addr) pixel.Network // returns the network of an address
	Precision pixel.Precision                // how much of an address is stored
	Ignore    func(addr netip.Addr, userAgent string) (reason string, ok bool)

	agents map[string]classify.Agent
}

// maxAgents is the number of cached user agents.
const maxAgents = 4096

// noClient is the reason of a click whose source does not report the client. It
// counts unless it is part of a sweep.
const noClient = "no_client_facts"

// click classifies the click of an event, and stores the facts in d.
func (j *Judge) click(e *Event, d *warehouse.Delivery) (own bool) {
	d.Reason = noClient
	addr := addrOf(e.IP)
	if e.UserAgent == "" && !addr.IsValid() {
		return false
	}
	var n pixel.Network
	if addr.IsValid() && j.Lookup != nil {
		n = j.Lookup(addr)
	}
	d.UserAgent, d.IP, d.Network, d.ASNumber, d.Country = e.UserAgent, j.Precision.Cut(addr), n.Name, n.ASNumber, n.Country
	if d.Network == "" {
		d.Network = classify.Network(n.ProxyType, n.ProxyDescription, addr)
	}
	if j.Ignore != nil {
		if reason, ignored := j.Ignore(addr, e.UserAgent); ignored {
			d.Class, d.Reason = int8(classify.NotImage), reason
			return true
		}
	}
	agent, ok := j.agents[e.UserAgent]
	if !ok {
		agent = classify.ReadAgent(e.UserAgent)
		if len(j.agents) < maxAgents {
			if j.agents == nil {
				j.agents = map[string]classify.Agent{}
			}
			j.agents[strings.Clone(e.UserAgent)] = agent
		}
	}
	v, _ := classify.ExamineAgent(&agent, &classify.Request{
		Network: d.Network, ASNumber: n.ASNumber, ProxyType: n.ProxyType, ProxyDescription: n.ProxyDescription,
	})
	d.Class, d.Reason = int8(v.Class), v.Reason
	return false
}

// addrOf reads an address, possibly with a port or as the first of several.
func addrOf(text string) netip.Addr {
	text, _, _ = strings.Cut(text, ",")
	text = strings.TrimSpace(text)
	if text == "" {
		return netip.Addr{}
	}
	if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return addr.Unmap().WithZone("")
	}
	port, _ := netip.ParseAddrPort(text) // zero: not known
	return port.Addr().Unmap().WithZone("")
}

// The bits of a version from ingest, which is below 65,536: the number of
// facts, eight bits that distinguish events with the same number, and the
// ruleset. So the same one of equal events is kept in any order, and a repeat
// classified by newer rules changes no verdict.
const (
	richnessShift = 13
	tieShift      = 5
	maxRichness   = 7
	maxRuleset    = 1<<tieShift - 1

	_ = uint(maxRuleset - classify.RulesetVersion) // more rulesets need more bits
)

// version returns the verdict version of a row. Rows of the operator's own mail
// have the lowest: they never replace a click that was counted.
func version(d *warehouse.Delivery, own bool) uint32 {
	v := uint32(maxRuleset - classify.RulesetVersion)
	if own {
		return v
	}
	h := fnv.New32a()
	richness := uint32(1)
	for _, fact := range []string{d.BounceType, d.URL, d.UserAgent, addrText(d), d.Extra, strconv.FormatBool(d.Automatic), d.Source} {
		_, _ = h.Write([]byte(fact)) // never fails
		_, _ = h.Write([]byte{0})
	}
	for _, has := range []bool{d.BounceType != "", d.URL != "", d.UserAgent != "", d.IP.IsValid(), d.Extra != "", d.Automatic} {
		if has {
			richness++
		}
	}
	sum := h.Sum32()
	return min(richness, maxRichness)<<richnessShift | (sum^sum>>8^sum>>16^sum>>24)&0xff<<tieShift | v
}

func addrText(d *warehouse.Delivery) string {
	if !d.IP.IsValid() {
		return ""
	}
	return d.IP.String()
}

// extraOf returns the further facts of an event as JSON, or "".
func extraOf(e *Event) string {
	if e.Status == "" {
		return ""
	}
	return string(append(jsonline.AppendString([]byte(`{"status":`), e.Status, 6*maxStatusBytes), '}'))
}
