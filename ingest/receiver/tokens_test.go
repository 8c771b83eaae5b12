package receiver

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/host/reload"
)

func TestWhoIsLetIn(t *testing.T) {
	tokens, err := NewTokens(
		Token{"fastly", []Scope{ScopeLogs}, "old-secret-of-fastly"},
		Token{"fastly", []Scope{ScopeLogs}, "new-secret-of-fastly"},
		Token{"mailer", []Scope{ScopeSends}, "the-mailer's-secret:1"},
		Token{"both", []Scope{ScopeLogs, ScopeSends}, "a-secret-for-everything"},
	)
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, func(c *Config) { c.Tokens = tokens })
	for _, c := range []struct {
		name   string
		header []string
		want   string
		source string
	}{
		{"the old one of two tokens", []string{"Bearer old-secret-of-fastly"}, "200 lines=2", "fastly"},
		{"the new one", []string{"Bearer new-secret-of-fastly"}, "200 lines=2", "fastly"},
		{"a token for all", []string{"Bearer a-secret-for-everything"}, "200 lines=2", "both"},
		{"scheme in other letters, more spaces", []string{"bEARER   new-secret-of-fastly "}, "200 lines=2", "fastly"},
		{"a token for something else", []string{"Bearer the-mailer's-secret:1"}, "403 wrong_scope", ""},
		{"wrong scheme", []string{"Basic new-secret-of-fastly"}, "401 unauthorized", ""},
		{"no scheme", []string{"new-secret-of-fastly"}, "401 unauthorized", ""},
		{"a tab for the space", []string{"Bearer\tnew-secret-of-fastly"}, "401 unauthorized", ""},
		{"beginning of a token", []string{"Bearer new-secret-of-fastl"}, "401 unauthorized", ""},
		{"more than a token", []string{"Bearer new-secret-of-fastlyx"}, "401 unauthorized", ""},
		{"other case", []string{"Bearer New-secret-of-fastly"}, "401 unauthorized", ""},
		{"two headers, both right", []string{"Bearer new-secret-of-fastly", "Bearer new-secret-of-fastly"}, "401 unauthorized", ""},
		{"two headers, one right", []string{"Bearer nonsense", "Bearer new-secret-of-fastly"}, "401 unauthorized", ""},
		{"two tokens in one header", []string{"Bearer nonsense, Bearer new-secret-of-fastly"}, "401 unauthorized", ""},
		{"10 kB of token", []string{"Bearer " + strings.Repeat("x", 10_000)}, "401 unauthorized", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var header []string
			for _, h := range c.header {
				header = append(header, "Authorization", h)
			}
			before := len(w.stored())
			got := w.post(t, strings.NewReader(two), header...)
			if got.String() != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if got.Status == 401 && got.header.Get("WWW-Authenticate") == "" {
				t.Error("401 does not name the scheme")
			}
			var sources []string
			for _, b := range w.stored()[before:] {
				sources = append(sources, b.Source)
			}
			if strings.Join(sources, " ") != c.source {
				t.Errorf("stored as of %q, want %q", sources, c.source)
			}
		})
	}
}

func TestTokensFile(t *testing.T) {
	long := "0123456789abcdef"
	for _, c := range []struct {
		name, text string
		want       []Token
		fault      string
	}{
		{name: "comments and empty lines", text: "# who\n\n a:logs:" + long + " \r\n", want: []Token{{"a", []Scope{"logs"}, long}}},
		{name: "two scopes", text: "a:logs,sends:" + long, want: []Token{{"a", []Scope{"logs", "sends"}, long}}},
		{name: "colons in the secret", text: "a:logs:x:y:" + long, want: []Token{{"a", []Scope{"logs"}, "x:y:" + long}}},
		{name: "no scope", text: "ok:logs:" + long + "\na:" + long, fault: "server: token: line 2: want label:scope[,scope]:secret"},
		{name: "empty scope", text: "a::" + long, fault: "line 1: server: token: a has an unknown scope; there are logs, sends, deliveries and consent"},
		{name: "unknown scope", text: "a:logs,all:" + long, fault: "line 1: server: token: a has an unknown scope; there are logs, sends, deliveries and consent"},
		{name: "a label that is none", text: "A b:logs:" + long, fault: "line 1: server: token: a label has 1 to 32 of a-z, 0-9, _ and -"},
		{name: "a short secret", text: "a:logs:hunter2", fault: "line 1: server: token: the secret of a has less than 16 characters"},
		{name: "a space in the secret", text: "a:logs:0123456789 abcdef", fault: "line 1: server: token: the secret of a has a space or a character outside ASCII"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseTokens([]byte(c.text))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			fault := ""
			if err != nil {
				fault = err.Error()
			}
			if fault != c.fault || (err != nil && !errors.Is(err, ErrToken)) {
				t.Errorf("error %q, want %q", fault, c.fault)
			}
		})
	}
}

func TestOneSecretHasOneOwner(t *testing.T) {
	_, err := NewTokens(Token{"a", []Scope{ScopeLogs}, secret}, Token{"b", []Scope{ScopeLogs}, secret})
	if err == nil || err.Error() != "server: token: a and b have the same secret" {
		t.Errorf("got %v", err)
	}
	if _, err := NewTokens(); !errors.Is(err, ErrToken) {
		t.Errorf("no token at all: %v", err)
	}
}

func TestTokensFileThatOthersMayReadIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	writeFile(t, file, "a:logs:"+secret, 0o640)
	_, err := OpenTokens(file, nil)
	if !errors.Is(err, ErrToken) || !strings.Contains(err.Error(), "chmod 0600") {
		t.Errorf("got %v", err)
	}
}

func TestTokensAreChangedWithoutARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	now := time.Unix(1000, 0)
	writeFile(t, file, "old:logs:old-secret-0123456789", 0o600)
	tokens, err := openTokens(file, nil, reload.Options{Now: func() time.Time { return now }},
		Token{"default", []Scope{ScopeLogs}, secret})
	if err != nil {
		t.Fatal(err)
	}
	known := func() (labels []string) {
		for _, s := range []string{"old-secret-0123456789", "new-secret-0123456789", secret} {
			if label, _, ok := tokens.identify([]string{"Bearer " + s}); ok {
				labels = append(labels, label)
			}
		}
		return labels
	}
	check := func(when string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, known()); diff != "" {
			t.Errorf("%s: %s", when, diff)
		}
	}
	check("at first", "old", "default")
	writeFile(t, file, "old:logs:old-secret-0123456789\nnew:logs:new-secret-0123456789", 0o600)
	check("before the next look", "old", "default")
	now = now.Add(time.Second)
	check("both for a while", "old", "new", "default")
	writeFile(t, file, "nonsense", 0o600)
	now = now.Add(time.Second)
	check("a faulty file changes nothing", "old", "new", "default")
	writeFile(t, file, "new:logs:new-secret-0123456789", 0o600)
	now = now.Add(time.Second)
	check("the old one taken out", "new", "default")
}

func writeFile(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
}
