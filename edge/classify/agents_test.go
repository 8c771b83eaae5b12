package classify

import (
	_ "embed"
	"strings"
	"testing"
)

//go:embed testdata/agents.tsv
var agentsTSV string

type agent struct{ class, reason, source, userAgent string }

func readAgents(t testing.TB) []agent {
	t.Helper()
	var agents []agent
	for _, line := range strings.Split(strings.TrimSpace(agentsTSV), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 4 {
			t.Fatalf("agents.tsv: %d fields in %q", len(f), line)
		}
		agents = append(agents, agent{f[0], f[1], f[2], f[3]})
	}
	if len(agents) < 100 {
		t.Fatalf("agents.tsv: only %d rows", len(agents))
	}
	return agents
}

// judgeAgent judges a user agent from a home network without a Google AS.
func judgeAgent(userAgent string) Verdict {
	return Judge(&Request{UserAgent: userAgent, Network: NetworkNone})
}

func TestUserAgentsAreJudgedByWhatTheySay(t *testing.T) {
	for _, a := range readAgents(t) {
		if got := judgeAgent(a.userAgent); got.Class.String() != a.class || got.Reason != a.reason {
			t.Errorf("%s: got %s/%s, want %s/%s\n\t%s", a.source, got.Class, got.Reason, a.class, a.reason, a.userAgent)
		}
	}
}

func TestBotSuffixTakesAwayHumanity(t *testing.T) {
	for _, a := range readAgents(t) {
		if a.class != "human_direct" {
			continue
		}
		for _, suffix := range []string{" Bot/1.0", "Bot/1.0", " bot/1.0", "; Bot/1.0", " BOT/1.0 ", " (Bot/1.0)"} {
			for _, referer := range []string{"", "mail.google.com"} {
				got := Judge(&Request{UserAgent: a.userAgent + suffix, Network: NetworkNone, RefererHost: referer})
				if got.Class == HumanDirect {
					t.Errorf("%q is still human by %s", a.userAgent+suffix, got.Reason)
				}
			}
		}
	}
}

func TestCaseAndWhiteSpaceChangeNothing(t *testing.T) {
	mutations := map[string]func(string) string{
		"upper":   strings.ToUpper,
		"lower":   strings.ToLower,
		"doubled": func(s string) string { return strings.ReplaceAll(s, " ", "  ") },
		"tabs":    func(s string) string { return strings.ReplaceAll(s, " ", "\t") },
		"around":  func(s string) string { return " \t" + s + "  \r\n" },
	}
	for _, a := range readAgents(t) {
		want := judgeAgent(a.userAgent)
		for name, mutate := range mutations {
			if got := judgeAgent(mutate(a.userAgent)); got != want {
				t.Errorf("%s: got %v, want %v\n\t%s", name, got, want, mutate(a.userAgent))
			}
		}
	}
}

func TestJudgeDoesNotAllocate(t *testing.T) {
	agents := readAgents(t)
	requests := make([]Request, len(agents))
	for i, a := range agents {
		requests[i] = Request{UserAgent: a.userAgent, RefererHost: "mail.google.com", ProxyType: "hosting", SentKnown: true}
	}
	if n := testing.AllocsPerRun(10, func() {
		for i := range requests {
			Examine(&requests[i])
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
