package classify

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mutations returns the number of odd requests to judge; GLINT_FUZZ_AGENTS sets more.
func mutations(t *testing.T) int {
	text := os.Getenv("GLINT_FUZZ_AGENTS")
	if text == "" {
		return 50_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("GLINT_FUZZ_AGENTS=%q is no number of requests", text)
	}
	return n
}

// mutator makes user agents of parts of real ones, of the words that rules look
// for, and of any bytes.
type mutator struct {
	*rand.Rand
	agents, words []string
}

func newMutator(t *testing.T) *mutator {
	m := &mutator{Rand: rand.New(rand.NewPCG(1, 2))}
	for _, a := range readAgents(t) {
		m.agents = append(m.agents, a.userAgent)
	}
	for _, list := range lists {
		for g := range list {
			m.words = append(m.words, strings.Split(list[g].words, betweenWords)...)
		}
	}
	return m
}

func (m *mutator) userAgent() string {
	b := []byte(m.agents[m.IntN(len(m.agents))])
	for range m.IntN(6) {
		at := m.IntN(len(b) + 1)
		switch m.IntN(5) {
		case 0: // cut
			b = b[:at]
		case 1: // a word of the rules
			b = m.insert(b, at, m.words[m.IntN(len(m.words))])
		case 2: // a part of another
			other := m.agents[m.IntN(len(m.agents))]
			b = m.insert(b, at, other[m.IntN(len(other)):])
		case 3: // any bytes
			any := make([]byte, m.IntN(9))
			for i := range any {
				any[i] = byte(m.IntN(256))
			}
			b = m.insert(b, at, string(any))
		case 4: // signs that mean something
			b = m.insert(b, at, []string{"(", ")", ";", "/1", "${", "a@b.cd", "://", "  ", "\t", "-", "_"}[m.IntN(11)])
		}
	}
	return string(b)
}

func (m *mutator) insert(b []byte, at int, text string) []byte {
	return append(append(append([]byte{}, b[:at]...), text...), b[at:]...)
}

// restyle changes the case of letters and the amount of white space.
func (m *mutator) restyle(s string) string {
	b := make([]byte, 0, len(s)+8)
	for i := range len(s) {
		c := s[i]
		switch {
		case isLetter(c) && m.IntN(3) == 0:
			c ^= 0x20
		case isSpace(c) && m.IntN(2) == 0:
			b = append(b, " \t\n"[m.IntN(3)])
		}
		b = append(b, c)
	}
	return string(b)
}

func (m *mutator) request() Request {
	pick := func(values ...string) string { return values[m.IntN(len(values))] }
	return Request{
		UserAgent: m.userAgent(), Method: pick("", "GET", "get"), RefererHost: pick("", "mail.google.com", "x"),
		Network:  pick("", NetworkNone, NetworkUnknown, NetworkRelay, NetworkHosting, "scanner:x"),
		ASNumber: []uint32{0, 15169, 8075, 22843, 64496}[m.IntN(5)], ProxyDescription: pick("", "?", "apple"),
		Headers: []HeaderFacts{0, 0, scriptHeaders, browserHeaders, HeaderFacts(m.IntN(1 << 16))}[m.IntN(5)], SinceSend: time.Duration(m.IntN(600)) * time.Second, SentKnown: m.IntN(2) == 0,
	}
}

func TestMutatedRequestsKeepThePromises(t *testing.T) {
	m, n := newMutator(t), mutations(t)
	var classes [classCount]int
	for range n {
		r := m.request()
		v, f := Examine(&r)
		if v.Class >= classCount || v.Reason == "" || f.Client == "" || f.Vendor == "" || f.OS == "" || f.Device == "" {
			t.Fatalf("%+v gives %+v, %+v", r, v, f)
		}
		classes[v.Class]++
		restyled := r
		restyled.UserAgent = m.restyle(r.UserAgent)
		if again, facts := Examine(&restyled); again != v || facts != f {
			t.Fatalf("%q is %v, %q; but %q is %v, %q", r.UserAgent, v, f, restyled.UserAgent, again, facts)
		}
		for _, suffix := range []string{" Bot/1.0", "Bot/1.0"} {
			bot := r
			bot.UserAgent += suffix
			if got := Judge(&bot); got.Class == HumanDirect {
				t.Fatalf("%q is still human by %s", bot.UserAgent, got.Reason)
			}
		}
	}
	t.Logf("%d requests, by class %v", n, classes)
	for c, count := range classes {
		if count == 0 && n >= 50_000 {
			t.Errorf("no mutation gives %s", Class(c))
		}
	}
}

func TestTheOrderOfHeadersChangesNothing(t *testing.T) {
	m := newMutator(t)
	values := []string{"image", "empty", "document", "no-cors", "navigate", "prefetch", "image/avif,*/*", "text/html", "en", "gzip", ""}
	for range 2_000 {
		headers := make([][2]string, m.IntN(8))
		for i := range headers {
			headers[i] = [2]string{HeaderNames[m.IntN(len(HeaderNames))], values[m.IntN(len(values))]}
		}
		unite := func() (facts HeaderFacts) {
			for _, h := range headers {
				facts |= HeaderFact(m.restyle(h[0]), h[1])
			}
			return facts
		}
		before := unite()
		m.Shuffle(len(headers), func(i, j int) { headers[i], headers[j] = headers[j], headers[i] })
		if after := unite(); after != before {
			t.Fatalf("%v: %b, was %b", headers, after, before)
		}
	}
}
