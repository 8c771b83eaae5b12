package batch

import (
	"fmt"
	"testing"

	"glint/edge/classify"
	"glint/edge/event"
)

func TestEachLineIsJudgedByItsOwnAgent(t *testing.T) {
	agents := []string{"", "curl/8.5.0", "Mozilla/5.0", "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Thunderbird/128.2.0", "Googlebot/2.1"}
	for n := range maxAgents {
		agents = append(agents, fmt.Sprintf("made-up-%d/1.0", n))
	}
	agents = append(agents, "Wget/1.21", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148")
	d := decoder{ring: ring(t, 0), bodies: []Body{{Source: "live", ReceivedAt: now}}}
	for range 2 {
		for _, agent := range agents {
			d.line(openLine(t, 1, func(e *event.Event) { e.UserAgent = agent }))
		}
	}
	if len(d.opens.rows) != 2*len(agents) || len(d.agents) != maxAgents {
		t.Fatalf("%d rows, %d remembered agents", len(d.opens.rows), len(d.agents))
	}
	for i := range d.opens.rows {
		row := &d.opens.rows[i]
		v, f := classify.Examine(&classify.Request{Method: row.Method, UserAgent: row.UserAgent, Network: row.Network, ASNumber: row.ASNumber, Headers: classify.HeaderFacts(row.HeaderBits)})
		if row.UserAgent != agents[i%len(agents)] || row.Class != int8(v.Class) || row.Reason != v.Reason || row.Client != f.Client || row.OS != f.OS {
			t.Errorf("%q is %d, %s, %s, %s; alone it is %v, %+v", row.UserAgent, row.Class, row.Reason, row.Client, row.OS, v, f)
		}
	}
}
