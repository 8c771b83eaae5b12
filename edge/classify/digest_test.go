package classify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// verdictsOfRules is the digest of TestVerdictsStayAsTheyAre for one RulesetVersion.
// It was recorded when the rules got that version.
const (
	verdictsOfRules   = 6
	digestOfVerdicts  = "23b72ecb8a8ecd1e0d326c686675d6cf63a0b69095da166fe3ad0b0a06cba5bd"
	digestedRequests  = 100_000
	digestedMutations = 4
)

// TestVerdictsStayAsTheyAre judges known agents, cut, spliced and garbled in the same
// ways in every run, and compares the digest of all verdicts with the recorded one: a
// faster reading must not change a verdict.
func TestVerdictsStayAsTheyAre(t *testing.T) {
	if RulesetVersion != verdictsOfRules {
		t.Fatalf("the rules have a new version: record %d and the new digest here, once the verdicts are as they should be", RulesetVersion)
	}
	agents := append([]string(nil), mixedAgents...)
	table, err := os.ReadFile("testdata/agents.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		if cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(cells) == 4 {
			agents = append(agents, cells[3])
		}
	}
	for _, g := range lists {
		for i := range g {
			agents = append(agents, strings.Split(g[i].words, betweenWords)...)
		}
	}
	chance := rand.New(rand.NewPCG(15, 4))
	sum := sha256.New()
	for range digestedRequests {
		r := Request{UserAgent: garbled(agents, chance), Network: NetworkNone, ASNumber: []uint32{0, 64496, asGoogle, asMicrosoft, 16509}[chance.IntN(5)]}
		verdict, facts := Examine(&r)
		seen := read(r.UserAgent)
		_, _ = fmt.Fprintln(sum, verdict, facts, uint64(seen.traits), seen.label, seen.os, seen.device, seen.homes) // a hash takes all
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != digestOfVerdicts {
		t.Errorf("the digest is %s, want %s", got, digestOfVerdicts)
	}
}

// garbled returns an agent with a few changes by chance.
func garbled(agents []string, chance *rand.Rand) string {
	any := func() string { return agents[chance.IntN(len(agents))] }
	ua := any()
	for range chance.IntN(digestedMutations + 1) {
		at := chance.IntN(len(ua) + 1)
		switch chance.IntN(7) {
		case 0:
			ua = ua[:at] + any() + ua[at:]
		case 1:
			ua = ua[:at] + []string{" ", "  ", "\t", "/", "(", ")", "; ", "@", "+", "${"}[chance.IntN(10)] + ua[at:]
		case 2:
			ua = ua[at:]
		case 3:
			ua = ua[:at]
		case 4:
			ua = ua[:at] + strings.ToUpper(ua[at:])
		case 5:
			ua = ua[:at] + string(byte(chance.IntN(256))) + ua[at:]
		case 6:
			ua = strings.ReplaceAll(ua, " ", []string{"  ", "\t", "", "\r\n"}[chance.IntN(4)])
		}
	}
	return ua
}
