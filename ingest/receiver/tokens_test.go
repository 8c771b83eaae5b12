package receiver

import (
	"bytes"
	"errors"
	"log/slog"
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
		{name: "an invalid label", text: "A b:logs:" + long, fault: "line 1: server: token: a label has 1 to 32 of a-z, 0-9, _ and -"},
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

// TestAFaultyTokensFileLetsNobodyInAndEndsNoStart: the fixed token counts, the fault
// is logged without any secret, and a sound file is taken.
func TestAFaultyTokensFileLetsNobodyInAndEndsNoStart(t *testing.T) {
	const fixed = "the-fixed-secret-0123456789"
	for name, c := range map[string]struct {
		text, fault string
		mode        os.FileMode
	}{
		"that others may read":  {"a:logs:" + secret, "chmod 0600", 0o640},
		"cut off in a line":     {"a:logs:" + secret + "\nb:lo", "line 2", 0o600},
		"zeros behind a token":  {"a:logs:" + secret + "\n\x00\x00\x00\x00", "line 2", 0o600},
		"an unknown scope":      {"a:logs:" + secret + "\nb:all:" + secret + "x", "scope", 0o600},
		"the fixed token again": {"a:logs:" + secret + "\nb:logs:" + fixed, "same secret", 0o600},
		"missing":               {"", "no such file", 0},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "tokens")
			if c.mode != 0 {
				writeFile(t, file, c.text, c.mode)
			}
			var log bytes.Buffer
			now := time.Unix(1000, 0)
			tokens, err := openTokens(file, slog.New(slog.NewTextHandler(&log, nil)), reload.Options{Now: func() time.Time { return now }},
				Token{"default", []Scope{ScopeLogs}, fixed})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(log.String(), c.fault) || strings.Contains(log.String(), secret) || strings.Contains(log.String(), fixed) {
				t.Errorf("logged: %s", &log)
			}
			admits := func(secret string) bool {
				_, _, ok := tokens.identify([]string{"Bearer " + secret})
				return ok
			}
			now = now.Add(time.Minute)
			if admits(secret) || !admits(fixed) {
				t.Errorf("the file's token is admitted: %v, the fixed one: %v", admits(secret), admits(fixed))
			}
			writeFile(t, file, "a:logs:"+secret, 0o600)
			now = now.Add(time.Minute)
			if !admits(secret) || !admits(fixed) {
				t.Errorf("with a sound file the file's token is admitted: %v, the fixed one: %v", admits(secret), admits(fixed))
			}
		})
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
