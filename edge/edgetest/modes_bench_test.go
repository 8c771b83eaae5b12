package edgetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"glint/edge/privacy"
	"glint/edge/token"
)

// BenchmarkModes prints what privacy modes and the look-up of withdrawn messages cost
// at the edge, beside the plain request: an identified message at
// a service without a store. The rounds take turns, as in BenchmarkEdge; the emulator's
// look-up asks its own memory, so that only the program's part of it is measured.
func BenchmarkModes(b *testing.B) {
	const rounds = 7
	withdrawn, dropped, kept := token.MessageID{1}, token.MessageID{2}, token.MessageID{3}
	bare := start(b, program(b), benchManifest(b))
	store := withdrawnStore(map[token.MessageID]privacy.Fate{withdrawn: privacy.Count, dropped: privacy.Drop})
	known := start(b, program(b), store+benchManifest(b))
	cases := []struct {
		rival
		request []byte
	}{
		{rival{name: "plain", e: bare}, modeRequest(b, token.Token{Message: kept})},
		{rival{name: "pseudonymous", e: bare}, modeRequest(b, token.Token{Message: kept, Mode: token.Pseudonymous})},
		{rival{name: "last_open", e: bare}, modeRequest(b, token.Token{Message: kept, Mode: token.LastOpen})},
		{rival{name: "aggregate", e: bare}, modeRequest(b, token.Token{Message: kept, Mode: token.Aggregate})},
		{rival{name: "look-up, not withdrawn", e: known}, modeRequest(b, token.Token{Message: kept})},
		{rival{name: "look-up, withdrawn", e: known}, modeRequest(b, token.Token{Message: withdrawn})},
		{rival{name: "look-up, deleted", e: known}, modeRequest(b, token.Token{Message: dropped})},
	}
	for i := range cases {
		cases[i].round(b, cases[i].request, 200*time.Millisecond)
	}
	b.ResetTimer()
	for range rounds {
		for i := range cases {
			c := &cases[i]
			rate, cost := c.round(b, c.request, time.Second)
			c.rates, c.costs = append(c.rates, rate), append(c.costs, cost)
		}
	}
	b.StopTimer()
	fmt.Printf("\n%-24s %10s %8s %12s %11s\n", "request", "requests/s", "CPU µs", "rate/plain", "CPU/plain")
	plain := &cases[0]
	for i := range cases {
		c := &cases[i]
		rate, cost := median(c.rates)/median(plain.rates), median(c.costs)/median(plain.costs)
		fmt.Printf("%-24s %10.0f %8.1f %12.2f %11.2f\n", c.name, median(c.rates), median(c.costs), rate, cost)
		if i > 0 {
			b.ReportMetric(cost, strings.NewReplacer(", ", "-", " ", "-").Replace(c.name)+"-CPU/plain")
		}
	}
	b.ReportMetric(0, "ns/op") // a round's length says nothing
}

// modeRequest is benchRequest with another token.
func modeRequest(b *testing.B, t token.Token) []byte {
	t.Campaign = 1
	signed, err := benchRing(b).Sign(t)
	if err != nil {
		b.Fatal(err)
	}
	return requestFor(signed)
}
