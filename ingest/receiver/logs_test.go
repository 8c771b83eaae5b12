package receiver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"glint/ingest/receiver/linegen"
)

const two = "{\"a\":1}\n{\"b\":2}\n"

func TestEveryRefusalSaysWhy(t *testing.T) {
	refuse := func(r *Refusal) func(*Config) {
		return func(c *Config) { c.Admit = func(Lane, string) error { return r } }
	}
	fail := func(err error) func(*Config) {
		return func(c *Config) { c.Store = func(context.Context, *Body) error { return err } }
	}
	cases := []struct {
		name   string
		change func(*Config)
		method string
		path   string
		body   string
		header []string
		want   string
	}{
		{name: "GET of logs", method: "GET", want: "405 method_not_allowed"},
		{name: "DELETE of logs", method: "DELETE", want: "405 method_not_allowed"},
		{name: "POST of a probe", path: "/healthz", want: "405 method_not_allowed"},
		{name: "POST of the challenge", path: "/.well-known/fastly/logging/challenge", want: "405 method_not_allowed"},
		{name: "no such route", path: "/v2/logs", want: "404 no_such_route"},
		{name: "metrics are elsewhere", method: "GET", path: "/metrics", want: "404 no_such_route"},
		{name: "empty token", header: []string{"Authorization", ""}, want: "401 unauthorized"},
		{name: "wrong token", header: []string{"Authorization", "Bearer " + secret + "x"}, want: "401 unauthorized"},
		{name: "unknown lane", path: "/v1/logs?lane=fast", body: two, want: "400 unknown_lane"},
		{name: "unknown encoding", body: two, header: []string{"Content-Encoding", "br"}, want: "415 unknown_encoding"},
		{name: "two encodings", body: two, header: []string{"Content-Encoding", "gzip", "Content-Encoding", "zstd"}, want: "415 unknown_encoding"},
		{name: "too long as sent", body: strings.Repeat("x\n", 2<<20+1), want: "413 too_large"},
		{name: "too long decoded", body: string(gzipped(make([]byte, 4<<20+1))), want: "413 too_large"},
		{name: "damaged gzip", body: "\x1f\x8b damaged", want: "400 broken_body"},
		{name: "plain text as gzip", body: two, header: []string{"Content-Encoding", "gzip"}, want: "400 broken_body"},
		{name: "zstd window too large", body: "\x28\xb5\x2f\xfd\x00\x70\x01\x00\x00", want: "415 unknown_encoding"},
		{name: "gate closed, quota", change: refuse(&Refusal{429, "quota", "wait", 90 * time.Second}), body: two, want: "429 quota retry=90"},
		{name: "gate closed, disk", change: refuse(&Refusal{503, "disk_full", "wait", time.Millisecond}), body: two, want: "503 disk_full retry=1"},
		{name: "store refuses", change: fail(&Refusal{503, "log_closed", "wait", 30 * time.Second}), body: two, want: "503 log_closed retry=30"},
		{name: "store fails", change: fail(errors.New("no room")), body: two, want: "503 not_stored retry=5"},
		{name: "store takes too long", change: func(c *Config) {
			c.StoreTimeout = time.Millisecond
			c.Store = func(ctx context.Context, _ *Body) error { <-ctx.Done(); return ctx.Err() }
		}, body: two, want: "503 not_stored retry=5"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := start(t, c.change)
			if c.method == "" {
				c.method = http.MethodPost
			}
			if c.path == "" {
				c.path = "/v1/logs"
			}
			if got := w.do(t, c.method, c.path, strings.NewReader(c.body), c.header...); got.String() != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if n := len(w.stored()); n > 0 {
				t.Errorf("%d bodies were stored", n)
			}
			if used := w.memory.used.Load(); used != 0 {
				t.Errorf("%d bytes are still in flight", used)
			}
		})
	}
}

func TestEveryCodecIsTakenByHeaderAndByMagic(t *testing.T) {
	text := linegen.Body(1, 100)
	half := len(text) / 2
	join := func(encode func([]byte) []byte) []byte { return append(encode(text[:half]), encode(text[half:])...) }
	for _, c := range []struct {
		name  string
		codec string
		sent  []byte
	}{
		{"plain", "plain", text},
		{"gzip", "gzip", gzipped(text)},
		{"gzip of two members", "gzip", join(gzipped)},
		{"zstd", "zstd", zstded(text)},
		{"zstd of two frames", "zstd", join(zstded)},
		{"framed snappy", "snappy", snapped(text)},
		{"framed snappy of two streams", "snappy", join(snapped)},
	} {
		want := []stored{{string(text), string(c.sent), c.codec, int64(len(text)), 100, LaneLive, "test"}}
		byHeader := []string{"Content-Encoding", c.codec}
		if c.codec == "plain" {
			byHeader = []string{"Content-Encoding", "identity"}
		}
		for name, header := range map[string][]string{" by header": byHeader, " by magic": nil} {
			t.Run(c.name+name, func(t *testing.T) {
				w := start(t, nil)
				if got := w.post(t, bytes.NewReader(c.sent), header...); got.String() != "200 lines=100" {
					t.Errorf("got %s", got)
				}
				if diff := cmp.Diff(want, w.stored()); diff != "" {
					t.Error(diff)
				}
			})
			t.Run(c.name+name+", in chunks", func(t *testing.T) {
				w := start(t, nil)
				if got := w.post(t, io.MultiReader(bytes.NewReader(c.sent)), header...); got.String() != "200 lines=100" {
					t.Errorf("got %s", got)
				}
				if diff := cmp.Diff(want, w.stored()); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestLinesArePassedOnWhateverTheyAre(t *testing.T) {
	for _, c := range []struct {
		name  string
		body  string
		lines int
	}{
		{"a line of 1 MB between others", two + strings.Repeat("x", 1<<20) + "\n" + two, 5},
		{"no UTF-8", "\xff\xfe\xfd\n" + two, 3},
		{"no JSON", "hello\n[1]\n", 2},
		{"NUL bytes", "\x00\x00\n" + two, 3},
		{"no line feed at the end", strings.TrimSpace(two), 2},
		{"carriage returns and blank lines", "\r\n{}\r\n \r\n{}\r\n\r\n", 2},
		{"a JSON array is one line", "[{},{}]", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := start(t, nil)
			if got := w.post(t, strings.NewReader(c.body)); got.Status != 200 || got.Lines != c.lines {
				t.Errorf("got %s, want %d lines", got, c.lines)
			}
			want := []stored{{c.body, c.body, "plain", int64(len(c.body)), c.lines, LaneLive, "test"}}
			if diff := cmp.Diff(want, w.stored()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNothingIsStoredForABodyWithoutLines(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		header []string
	}{
		"empty":                {"", nil},
		"empty, said to be gz": {"", []string{"Content-Encoding", "gzip"}},
		"blank lines":          {"\n \r\n\n", nil},
		"gzip of nothing":      {string(gzipped(nil)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, nil)
			if got := w.post(t, strings.NewReader(c.body), c.header...); got.String() != "200 lines=0" {
				t.Errorf("got %s", got)
			}
			if n := len(w.stored()); n != 0 {
				t.Errorf("%d bodies were stored", n)
			}
		})
	}
}

func TestLaneAndMethodAreTheSenders(t *testing.T) {
	w := start(t, nil)
	for _, r := range []struct{ method, path string }{
		{"POST", "/v1/logs"}, {"PUT", "/v1/logs"}, {"POST", "/v1/logs?lane=live"}, {"POST", "/v1/logs?lane=replay&x=1"},
	} {
		if got := w.do(t, r.method, r.path, strings.NewReader(two)); got.String() != "200 lines=2" {
			t.Errorf("%s %s: %s", r.method, r.path, got)
		}
	}
	var lanes []Lane
	for _, b := range w.stored() {
		lanes = append(lanes, b.Lane)
	}
	if diff := cmp.Diff([]Lane{"live", "live", "live", "replay"}, lanes); diff != "" {
		t.Error(diff)
	}
}

func TestAdmitLearnsLaneAndSource(t *testing.T) {
	type asked struct{ Lane, Source string }
	var got []asked
	w := start(t, func(c *Config) {
		c.MaxConcurrent = 1
		c.Admit = func(l Lane, s string) error { got = append(got, asked{string(l), s}); return nil }
	})
	w.post(t, strings.NewReader(two))
	w.do(t, "POST", "/v1/logs?lane=replay", strings.NewReader(two))
	w.post(t, strings.NewReader(two), "Authorization", "Bearer nobody")
	if diff := cmp.Diff([]asked{{"live", "test"}, {"replay", "test"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestBodyIsNotSentBeforeItsHeadersAreInOrder(t *testing.T) {
	w := start(t, nil)
	expect := "Expect: 100-continue\r\nContent-Length: "
	for _, c := range []struct{ name, request, want string }{
		{"wrong token", "POST /v1/logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer no\r\n" + expect + "16\r\n\r\n", "HTTP/1.1 401 Unauthorized"},
		{"too large", head(expect + "4194305\r\n"), "HTTP/1.1 413 Request Entity Too Large"},
		{"unknown encoding", head("Content-Encoding: br\r\n" + expect + "16\r\n"), "HTTP/1.1 415 Unsupported Media Type"},
		{"in order", head(expect + "16\r\n"), "HTTP/1.1 100 Continue"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, answers := w.raw(t, c.request)
			if line, err := answers.ReadString('\n'); strings.TrimSpace(line) != c.want || err != nil {
				t.Errorf("got %q, %v; want %q", line, err, c.want)
			}
		})
	}
}

func TestRefusalOfASmallBodyKeepsTheConnection(t *testing.T) {
	w := start(t, nil)
	c, answers := w.raw(t, "POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n\r\n"+two)
	for _, want := range []int{401, 200} {
		got, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		if a := readAnswer(t, got); a.Status != want {
			t.Errorf("got %s, want %d", a, want)
		}
		if want == 401 {
			_, _ = io.WriteString(c, head("Content-Length: 16\r\n")+two)
		}
	}
}

func TestBuffersAreNotLentAgainAfterAFailedStore(t *testing.T) {
	var kept []byte
	fail := true
	w := start(t, func(c *Config) {
		c.Store = func(_ context.Context, b *Body) error {
			if fail {
				kept = b.Bytes // a store that is late to let go
				return errors.New("gave up")
			}
			return nil
		}
	})
	first := strings.Repeat("first\n", 100)
	w.post(t, strings.NewReader(first))
	fail = false
	for range 20 {
		w.post(t, strings.NewReader(strings.Repeat("other\n", 100)))
	}
	if string(kept) != first {
		t.Errorf("the bytes of a body in doubt were overwritten: %.20q", kept)
	}
}

func TestConfigNamesAllFaults(t *testing.T) {
	_, err := New(Config{RequireClientCert: true, MaxBodyBytes: 1 << 30, MaxInFlightBytes: 1 << 30, QueueWait: -1})
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		"server: tokens are missing",
		"server: a store is missing",
		"server: a metrics registerer is missing",
		"server: client certificates need TLS",
		"server: 1073741824 bytes in flight are too few for two of the largest bodies; want 4294967300",
		"server: limits and times must not be below zero",
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n"), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}
