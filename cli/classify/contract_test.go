package classify

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/edge/classify"
	"glint/ingest/networks"
)

// section returns the part of cli/JSON.md under a heading.
func section(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile("../JSON.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("cli/JSON.md has no section %q", heading)
	}
	after, _, _ = strings.Cut(after, "\n## ")
	return after
}

func TestContractHasTheFieldsOfTheCode(t *testing.T) {
	var written []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)`").FindAllStringSubmatch(section(t, "`glint classify`"), -1) {
		written = append(written, m[1])
	}
	var printed []string
	for _, line := range []string{"{}", "nonsense"} {
		answer, _ := (&options{known: &known{}}).judgeLine(line, false)
		d := json.NewDecoder(strings.NewReader(string(answer)))
		for name := true; ; {
			token, err := d.Token()
			if err != nil {
				break
			}
			if _, ok := token.(json.Delim); ok {
				continue
			}
			if name {
				printed = append(printed, token.(string))
			}
			name = !name
		}
	}
	if diff := cmp.Diff(printed, written); diff != "" {
		t.Errorf("fields of cli/JSON.md (-code +contract):\n%s", diff)
	}
}

func TestContractHasTheClassesOfTheCode(t *testing.T) {
	var written, known []string
	for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(section(t, "Classes"), -1) {
		written = append(written, m[1])
	}
	for c := classify.Class(0); c <= classify.NotImage; c++ {
		known = append(known, c.String())
	}
	slices.Sort(written)
	slices.Sort(known)
	if diff := cmp.Diff(known, written); diff != "" || len(known) != 10 {
		t.Errorf("classes (-code +contract):\n%s", diff)
	}
}

// TestTimesGiveTheAgeOfAnOpen looks at the request that the rules are given.
func TestTimesGiveTheAgeOfAnOpen(t *testing.T) {
	for _, c := range []struct {
		name, line string
		known      bool
		since      string
	}{
		{"both", `{"sent_at":"2026-11-21T09:00:00Z","opened_at":"2026-11-21T10:30:00.5+01:00"}`, true, "30m0.5s"},
		{"opened before it was sent", `{"sent_at":"2026-11-21T09:00:01Z","opened_at":"2026-11-21T09:00:00Z"}`, true, "-1s"},
		{"no send time", `{"opened_at":"2026-11-21T09:00:00Z"}`, false, "0s"},
		{"null", `{"sent_at":null,"opened_at":"2026-11-21T09:00:00Z"}`, false, "0s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, err := parse(c.line, &networks.Book{})
			r := in.request
			if err != nil || r.SentKnown != c.known || r.SinceSend.String() != c.since {
				t.Errorf("known %v, %v since the send, %v; want %v, %s", r.SentKnown, r.SinceSend, err, c.known, c.since)
			}
		})
	}
}

func TestFieldsReachTheRules(t *testing.T) {
	in, err := parse(`{"user_agent":"U","method":"HEAD","referer":"https://Mail.Example.com:443/x","as_number":4294967295,`+
		`"proxy_type":"hosting","proxy_description":"cloud","protocol":"HTTP/2","ja4":"t13","bot_detection":"verified","bot_name":"N","bot_category":"C","connection_type":"xdsl","headers":{"SEC-FETCH-DEST":"image","x":null,"DNT":"1"},"ip":"192.0.2.1","unknown":[{}]}`, &networks.Book{})
	if err != nil {
		t.Fatal(err)
	}
	want := classify.Request{
		UserAgent: "U", Method: "HEAD", RefererHost: "mail.example.com", ASNumber: 4294967295, ProxyType: "hosting",
		ProxyDescription: "cloud", Network: "hosting", Headers: classify.HeaderFact("sec-fetch-dest", "image"), Signals: classify.DoNotTrack,
		Protocol: "HTTP/2", JA4: "t13", BotDetection: "verified",
	}
	if diff := cmp.Diff(want, in.request); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if in, err = parse(`{"proxy_type":"hosting","network":"none"}`, &networks.Book{}); err != nil || in.request.Network != "none" {
		t.Errorf("a given network became %q, %v", in.request.Network, err)
	}
	if in, err = parse(`{}`, &networks.Book{}); err != nil || in.request.Network != "unknown" || in.request.Method != "GET" {
		t.Errorf("nothing known gives network %q, method %q, %v", in.request.Network, in.request.Method, err)
	}
	for _, field := range []string{"protocol", "ja4", "bot_detection", "bot_name", "bot_category", "connection_type"} {
		if _, err = parse(`{"`+field+`":17}`, &networks.Book{}); err == nil {
			t.Errorf("%s takes a number", field)
		}
	}
	if _, err = parse(`{"user_agent":17}`, &networks.Book{}); err == nil || errors.Unwrap(err) != nil {
		t.Errorf("a wrong form gives %v", err)
	}
}
