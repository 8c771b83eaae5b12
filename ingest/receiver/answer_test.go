package receiver

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"glint/ingest/receiver/linegen"
)

// ask sends a request and returns the answer.
func ask(t *testing.T, w *world, method, path, token, body string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequest(method, w.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	a, err := w.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(b)
}

// TestABodyWithoutAnEventDoesNotReadAsASuccess posts bodies plain and compressed.
func TestABodyWithoutAnEventDoesNotReadAsASuccess(t *testing.T) {
	w := start(t, nil)
	event := strings.TrimSuffix(string(linegen.Body(1, 1)), "\n")
	const none = "none of the lines is an event, of the first one: "
	for _, c := range []struct{ name, body, problem string }{
		{"an event", event, ""},
		{"events", string(linegen.Body(2, 1000)), ""},
		{"an event behind a mark", "\ufeff" + event + "\n", ""},
		{"a classic prefix", "<134>2026-11-21T13:00:00Z cache-fra1 opens[1]: " + event + "\n", ""},
		{"one event after others", strings.Repeat("x\n", 50) + event, ""},
		{"no event", "# archive of opens\nhello\n", none + "the line is a comment"},
		{"no line feed", "hello", none + "the line is not a JSON object"},
		{"an array", "[" + event + "]", none + "the line is a JSON array, as Fastly's json_format 1"},
		{"a page", "<html>\n<body>\n", none + "the line is HTML"},
		{"very many", strings.Repeat("hello\n", 50_000), "none of the first 100 lines is an event"},
		{"a line longer than is looked at", strings.Repeat("x", 100_000), ""},
	} {
		for encoding, encode := range map[string]func([]byte) []byte{
			"plain": func(b []byte) []byte { return b }, "gzip": gzipped, "zstd": zstded, "snappy": snapped,
		} {
			t.Run(c.name+" "+encoding, func(t *testing.T) {
				status, text := ask(t, w, http.MethodPost, "/v1/logs", secret, string(encode([]byte(c.body))))
				var a struct {
					Lines   *int
					Problem string
				}
				if err := json.Unmarshal([]byte(text), &a); err != nil || status != 200 || a.Lines == nil {
					t.Fatalf("status %d, answer %s", status, text)
				}
				if (a.Problem == "") != (c.problem == "") || !strings.HasPrefix(a.Problem, c.problem) {
					t.Errorf("problem %q, want %q", a.Problem, c.problem)
				}
			})
		}
	}
}

func TestTheAnswerNamesTheRecord(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 891_234_567, time.UTC)
	w := start(t, func(c *Config) {
		c.Now = func() time.Time { return at }
		c.Store = func(_ context.Context, b *Body) error {
			b.Record = 17
			return nil
		}
	})
	got := w.post(t, strings.NewReader(string(linegen.Body(1, 3))))
	const want = "/v1/logs/outcomes?lane=live&records=17&since=2026-03-04T05:06:07.891Z"
	if outcomes := got.header.Get("Glint-Outcomes"); got.Lines != 3 || outcomes != want {
		t.Errorf("%v with %s, want %s", got, outcomes, want)
	}
	if status, text := ask(t, w, http.MethodPost, "/v1/logs", secret, string(linegen.Body(1, 3))); status != 200 || text != `{"lines":3}`+"\n" {
		t.Errorf("status %d, answer %s", status, text)
	}
	if _, text := ask(t, w, http.MethodPost, "/v1/logs", secret, ""); text != `{"lines":0}`+"\n" {
		t.Errorf("of no lines: %s", text)
	}
}

func TestOutcomesAreOfOnesOwnRecords(t *testing.T) {
	var asked []string
	w := start(t, func(c *Config) {
		c.Outcomes = func(_ context.Context, r Records) (Outcomes, error) {
			asked = append(asked, fmt.Sprint(r.Lane, r.Source, r.Since.Unix(), r.Ranges))
			return Outcomes{Records: 1, Lines: 2, Counts: map[string]int{"stored": 2}}, nil
		}
	})
	const since = "&since=2026-03-04T05:06:07.891Z"
	status, text := ask(t, w, http.MethodGet, "/v1/logs/outcomes?lane=replay&records=3-5,9"+since, secret, "")
	if status != 200 || text != `{"records":1,"pending":0,"unknown":0,"lines":2,"outcomes":{"stored":2},"not_kept":0}`+"\n" {
		t.Errorf("status %d, answer %s", status, text)
	}
	if got := fmt.Sprint(asked); got != "[replaytest1772600767 [{3 5} {9 9}]]" {
		t.Errorf("asked %s", got)
	}
	for _, c := range []struct {
		method, path, token string
		status              int
	}{
		{http.MethodGet, "?records=1" + since, "wrong", 401},
		{http.MethodPost, "?records=1" + since, secret, 405},
		{http.MethodGet, "?records=1" + since + "&lane=other", secret, 400},
		{http.MethodGet, "?records=1", secret, 400},
		{http.MethodGet, "?" + since, secret, 400},
		{http.MethodGet, "?records=0" + since, secret, 400},
		{http.MethodGet, "?records=5-3" + since, secret, 400},
		{http.MethodGet, "?records=-1" + since, secret, 400},
		{http.MethodGet, "?records=1-" + since, secret, 400},
		{http.MethodGet, "?records=1-99999999999999999999" + since, secret, 400},
		{http.MethodGet, "?records=1-9223372036854775807" + since, secret, 400},
		{http.MethodGet, "?records=1-60000,70000-130000" + since, secret, 400},
		{http.MethodGet, "?records=" + strings.Repeat("1,", 200) + "1" + since, secret, 400},
	} {
		if status, text := ask(t, w, c.method, "/v1/logs/outcomes"+c.path, c.token, ""); status != c.status {
			t.Errorf("%s %.60s: status %d, want %d: %s", c.method, c.path, status, c.status, text)
		}
	}
	if len(asked) != 1 {
		t.Errorf("asked %d times", len(asked))
	}
}
