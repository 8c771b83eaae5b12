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

// Judge judges the client of a click as that of an open is judged. Nil functions
// know nothing. It is not safe for concurrent use.
type Judge struct {
	Lookup    func(netip.Addr) pixel.Network // what is known of an address
	Precision pixel.Precision                // how much of an address is kept
	Ignore    func(addr netip.Addr, userAgent string) (reason string, ok bool)

	agents map[string]classify.Agent
}

// maxAgents bounds the user agents that are remembered.
const maxAgents = 4096

// noClient is the reason of a click whose source says nothing of the client. It
// counts, unless it is part of a sweep.
const noClient = "no_client_facts"

// click judges the click of an event, and notes the facts.
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

// addrOf reads an address, perhaps with a port or as the first of several.
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

// The bits of a version from ingest, which stay below 65,536: how many facts the
// event has, eight bits that tell two with as many apart, and the ruleset. So of
// equal events the same one stays in any order, and a repeat that newer rules
// have judged changes no verdict.
const (
	richnessShift = 13
	tieShift      = 5
	maxRichness   = 7
	maxRuleset    = 1<<tieShift - 1

	_ = uint(maxRuleset - classify.RulesetVersion) // more rulesets need more bits
)

// version returns the verdict version of a row. One of own mail has the lowest:
// it does not take back a click that was counted.
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

// extraOf returns the further facts of an event as JSON, empty if there are none.
func extraOf(e *Event) string {
	if e.Status == "" {
		return ""
	}
	return string(append(jsonline.AppendString([]byte(`{"status":`), e.Status, 6*maxStatusBytes), '}'))
}
