package demo

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"glint/edge/classify"
	"glint/edge/event"
)

// castOpens is what the demo's report shows: the opens and messages of each
// class, over the history.
var castOpens = map[string]struct{ Opens, Messages int }{
	"human_direct":     {288, 224},
	"proxy_human":      {318, 218},
	"machine_prefetch": {358, 358},
	"security_scanner": {120, 120},
	"bot":              {3, 3},
	"http_library":     {3, 3},
	"link_preview":     {2, 2},
	"headless":         {2, 2},
	"not_image":        {5, 5},
	"unknown":          {8, 8},
}

// liveOpens are the classes of the part that comes over real HTTP.
var liveOpens = map[string]int{"proxy_human": 4, "machine_prefetch": 2, "human_direct": 5, "security_scanner": 1}

// judge gives the class that ingest would.
func judge(c *client) string {
	r := classify.Request{
		Method: c.method, UserAgent: c.userAgent, RefererHost: c.referer, Network: c.network, ASNumber: c.asNumber,
		ProxyType: c.proxyType, ProxyDescription: c.proxyDescription,
	}
	for _, h := range c.headers {
		r.Headers |= classify.HeaderFact(h.Name, h.Value)
	}
	return classify.Judge(&r).Class.String()
}

func TestCastGetsItsClasses(t *testing.T) {
	type counts struct{ Opens, Messages int }
	got := map[string]struct{ Opens, Messages int }{}
	for _, g := range cast {
		messages := map[string]bool{}
		for _, v := range g.visits {
			class := judge(v.client)
			n := counts(got[class])
			n.Opens += g.recipients
			if !messages[class] {
				n.Messages += g.recipients
			}
			messages[class], got[class] = true, n
		}
	}
	if diff := cmp.Diff(castOpens, got); diff != "" {
		t.Errorf("classes of the cast (-want +got):\n%s", diff)
	}
	if n := castSize() + len(liveCast); n > Recipients {
		t.Errorf("%d of the %d recipients open", n, Recipients)
	}
}

// TestLiveCastGetsItsClassesFromItsNetworks judges what the pixel sees of the
// live part: the facts come from the demo's table, by the client's address.
func TestLiveCastGetsItsClassesFromItsNetworks(t *testing.T) {
	table, err := Networks()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for i, v := range liveCast {
		address := netip.MustParseAddr(v.address)
		facts := table.Lookup(address)
		if facts.ASNumber != v.client.asNumber || facts.Country != v.client.country {
			t.Errorf("visit %d: the table has AS %d in %q for %s, its client AS %d in %q",
				i, facts.ASNumber, facts.Country, v.address, v.client.asNumber, v.client.country)
		}
		seen := *v.client
		seen.network, seen.proxyType, seen.proxyDescription = facts.Name, facts.ProxyType, facts.ProxyDescription
		if seen.network == "" {
			seen.network = classify.Network(seen.proxyType, seen.proxyDescription, address)
		}
		if class := judge(&seen); class != judge(v.client) {
			t.Errorf("visit %d is %s by the table, and %s by the cast", i, class, judge(v.client))
		} else {
			got[class]++
		}
	}
	if diff := cmp.Diff(liveOpens, got); diff != "" {
		t.Errorf("classes of the live part (-want +got):\n%s", diff)
	}
}

// lines returns the demo's history for made-up messages.
func lines() []byte {
	n := castSize()
	messages, tokens := make([]uuid.UUID, n), make([]string, n)
	for i := range n {
		messages[i] = uuid.NewSHA1(uuid.NameSpaceOID, []byte{byte(i >> 8), byte(i)})
		tokens[i] = "token-of-" + messages[i].String()
	}
	return history(messages, tokens, time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC))
}

func TestHistoryIsTheSameEachTime(t *testing.T) {
	if !bytes.Equal(lines(), lines()) {
		t.Error("two runs gave other lines, so playing the demo again would double it")
	}
}

func TestHistoryIsADayOfDistinctEvents(t *testing.T) {
	from := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	ids, count, forged := map[event.ID]bool{}, 0, 0
	for line := range strings.Lines(string(lines())) {
		var e event.Event
		if err := e.Parse(strings.TrimSuffix(line, "\n")); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		count++
		ids[e.ID] = true
		if e.OpenedAt.Before(from) || !e.OpenedAt.Before(from.Add(day)) {
			t.Errorf("an open at %v is not in the day from %v on", e.OpenedAt, from)
		}
		if strings.HasPrefix(e.Token, "forged-") {
			forged++
		}
	}
	want := badTokens
	for _, n := range castOpens {
		want += n.Opens
	}
	if count != want || len(ids) != want || forged != badTokens {
		t.Errorf("%d lines with %d ids, %d of them forged; want %d and %d", count, len(ids), forged, want, badTokens)
	}
}

func TestRecipientsAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range recipients().Rows {
		seen[row.Recipient] = true
	}
	if len(seen) != Recipients {
		t.Errorf("%d distinct recipients, want %d", len(seen), Recipients)
	}
}
