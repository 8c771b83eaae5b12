package logstream

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	hostileToken = "token-that-must-not-travel"
	twoLines     = "{1}\n{2}\n"
)

// serve is a server that stands where ingest should.
func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s.URL
}

func page(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// TestOnlyIngestsOwnAnswerIsDelivery posts two lines to what may stand between a
// client and ingest. None of it has taken them, for all that it says.
func TestOnlyIngestsOwnAnswerIsDelivery(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   string // in the error
	}{
		{"a login page", page(200, "text/html", "<!doctype html><title>Log in</title>"), `begins "<!doctype html><title>Log in</title>"`},
		{"nothing", page(200, "application/json", ""), "empty"},
		{"204", page(204, "", ""), "status 204"},
		{"202 of a queue", page(202, "application/json", `{"queued":true}`), "without a number of lines"},
		{"206", page(206, "application/json", `{"lin`), "not the JSON object"},
		{"fewer lines", page(200, "application/json", `{"lines":1}`), "1 lines where 2 were sent"},
		{"more lines", page(200, "application/json", `{"lines":3}`), "3 lines where 2 were sent"},
		{"no lines", page(200, "application/json", `{"lines":0}`), "0 lines where 2 were sent"},
		{"a negative number", page(200, "application/json", `{"lines":-2}`), "-2 lines"},
		{"a fraction", page(200, "application/json", `{"lines":2.5}`), "not the JSON object"},
		{"a text", page(200, "application/json", `{"lines":"2"}`), "not the JSON object"},
		{"null", page(200, "application/json", `{"lines":null}`), "without a number of lines"},
		{"only null", page(200, "application/json", `null`), "not the JSON object"},
		{"a list", page(200, "application/json", `[{"lines":2}]`), "not the JSON object"},
		{"cut JSON", page(200, "application/json", `{"lines":2`), "not the JSON object"},
		{"JSON and more", page(200, "application/json", `{"lines":2}<script>`), "not the JSON object"},
		{"a huge page", page(200, "application/json", `{"lines":2,"x":"`+strings.Repeat("x", 10<<20)+`"}`), "longer than 65536 bytes"},
		{"an echo of the token", page(200, "text/plain", "Bearer "+hostileToken), `begins "Bearer \u2026"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := NewPoster(serve(t, c.answer), hostileToken, "").Send(t.Context(), []byte(twoLines))
			strange, ok := errors.AsType[*AnswerError](err)
			if !ok || !strings.Contains(err.Error(), c.want) || strange.Hint() == "" {
				t.Fatalf("error %v, want one of another's answer with %q", err, c.want)
			}
			if RetryablePost(err) {
				t.Error("it is posted again and again")
			}
			if strings.Contains(err.Error(), hostileToken) || len(err.Error()) > 500 {
				t.Errorf("the error has the token or is long: %v", err)
			}
		})
	}
}

// TestNoRedirectIsFollowed has redirects of each kind to another port of the same
// host, where net/http would send the token too, to another host, and to itself.
func TestNoRedirectIsFollowed(t *testing.T) {
	var reached atomic.Int64
	thief := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		_, _ = fmt.Fprint(w, `{"lines":2}`)
	})
	_, port, err := net.SplitHostPort(strings.TrimPrefix(thief, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308} {
		for _, to := range []string{thief + "/v1/logs", "http://localhost:" + port + "/v1/logs", "/v1/logs?again", "//" + hostileToken + ".example.com/", ""} {
			address := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.RawQuery == "again" {
					reached.Add(1)
				}
				if to != "" {
					w.Header().Set("Location", to)
				}
				w.WriteHeader(status)
			})
			err := NewPoster(address, hostileToken, "").Send(t.Context(), []byte(twoLines))
			refused, ok := errors.AsType[*StatusError](err)
			if !ok || refused.Status != status || RetryablePost(err) || strings.Contains(err.Error(), hostileToken) {
				t.Errorf("%d to %q: %v", status, to, err)
			}
		}
	}
	if reached.Load() > 0 {
		t.Errorf("the token went elsewhere %d times", reached.Load())
	}
}

func TestABrokenAnswerIsTriedAgain(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = fmt.Fprint(w, `{"lines":2}`) // and no more
	})
	if err := NewPoster(address, "t", "").Send(t.Context(), []byte(twoLines)); err == nil || !RetryablePost(err) {
		t.Errorf("%v", err)
	}
}

func TestAnAnswerThatDripsEndsWithTheTimeout(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte(" ")); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	})
	p := NewPoster(address, "t", "")
	p.client.Timeout = 200 * time.Millisecond
	if err := p.Send(t.Context(), []byte(twoLines)); err == nil || !RetryablePost(err) {
		t.Errorf("%v", err)
	}
}

func TestEndlessHeadersAreCut(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 2*maxAnswerHeaderBytes))
		_, _ = fmt.Fprint(w, `{"lines":2}`)
	})
	if err := NewPoster(address, "t", "").Send(t.Context(), []byte(twoLines)); err == nil {
		t.Error("taken for delivery")
	}
}

func TestAnAnswerMayHaveMore(t *testing.T) {
	for header, record := range map[string]uint64{
		"/v1/logs/outcomes?lane=replay&records=7&since=2026-03-04T05:06:07.891Z": 7,
		"": 0, "%zz": 0, "/v1/logs/outcomes?lane=replay&records=-7&since=2026-03-04T05:06:07.891Z": 0,
		"/v1/logs/outcomes?lane=replay&records=7&since=yesterday": 0,
	} {
		address := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Glint-Outcomes", header)
			page(200, "application/json; charset=utf-8", `{"lines":2,"problem":"none","new":[1]}`+"\n")(w, r)
		})
		a, err := NewPoster(address, "t", "").Post(t.Context(), []byte(twoLines))
		if err != nil || a.Lines != 2 || a.Problem != "none" || a.Record != record || a.ReceivedAt.IsZero() != (record == 0) {
			t.Errorf("%q: %+v, %v", header, a, err)
		}
	}
}

// TestLinesAreCountedAsIngestCountsThem has bodies whose line feeds are not as
// many as their lines.
func TestLinesAreCountedAsIngestCountsThem(t *testing.T) {
	for body, lines := range map[string]int{"": 0, "\n \n\t\r\n": 0, "a": 1, "a\n\nb": 2, "a\r\nb\r\n": 2} {
		address := serve(t, page(200, "application/json", fmt.Sprintf(`{"lines":%d}`, lines)))
		if err := NewPoster(address, "t", "").Send(t.Context(), []byte(body)); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// TestTheProxyOfTheEnvironmentIsNotForThisMachine asks with the proxy set.
func TestTheProxyOfTheEnvironmentIsNotForThisMachine(t *testing.T) {
	p := NewPoster("http://192.0.2.1", "t", "")
	p.Direct = true
	r, err := p.request(t.Context(), http.MethodGet, "/v1/logs", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HTTP_PROXY", "http://192.0.2.9:8080")
	if u, err := p.proxy(r); u != nil || err != nil {
		t.Errorf("proxy %v, %v", u, err)
	}
}

func TestOutcomesOfAnotherProgramAreNone(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"a login page", "<html>", "not the JSON object"},
		{"another object", `{"records":1}`, "without outcomes"},
		{"null", `{"outcomes":null}`, "without outcomes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := serve(t, page(200, "application/json", c.body))
			_, err := NewPoster(address, "t", "").Outcomes(t.Context(), "replay", time.Time{}, "1")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
