package logstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/zstd"
)

// ingest answers with the statuses one after the other, and repeats the last one.
func ingest(t *testing.T, look func(*http.Request, string), statuses ...int) (address string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(requests.Add(1))
		d, err := zstd.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		defer d.Close()
		body, err := io.ReadAll(d)
		if err != nil {
			t.Errorf("the body is not zstd: %v", err)
		}
		if look != nil {
			look(r, string(body))
		}
		status := statuses[min(n, len(statuses))-1]
		w.WriteHeader(status)
		if status == http.StatusOK {
			_, _ = fmt.Fprintf(w, `{"lines":%d}`, strings.Count(string(body), "\n"))
			return
		}
		_, _ = io.WriteString(w, " because \n")
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

func TestPostIsThatOfALogEndpoint(t *testing.T) {
	for _, c := range []struct{ name, path, query, want string }{
		{"a base URL", "", "", "/v1/logs"},
		{"with a slash", "/", "", "/v1/logs"},
		{"the whole URL", "/v1/logs", "", "/v1/logs"},
		{"below a path, with a lane", "/glint/", "lane=replay", "/glint/v1/logs?lane=replay"},
	} {
		t.Run(c.name, func(t *testing.T) {
			address, requests := ingest(t, func(r *http.Request, body string) {
				if r.Method != http.MethodPost || r.RequestURI != c.want {
					t.Errorf("%s %s", r.Method, r.RequestURI)
				}
				for name, want := range map[string]string{
					"Authorization": "Bearer the-token", "Content-Type": "application/x-ndjson", "Content-Encoding": "zstd",
				} {
					if got := r.Header.Get(name); got != want {
						t.Errorf("%s: %q", name, got)
					}
				}
				if body != "a\nb\n" {
					t.Errorf("body %q", body)
				}
			}, 200)
			if err := NewPoster(address+c.path, "the-token", c.query).Send(t.Context(), []byte("a\nb\n")); err != nil {
				t.Error(err)
			}
			if requests.Load() != 1 {
				t.Errorf("%d requests", requests.Load())
			}
		})
	}
}

func TestWhichAnswersAreWorthAnotherTry(t *testing.T) {
	for status, again := range map[int]bool{
		400: false, 401: false, 403: false, 404: false, 413: false, 415: false, 429: true, 500: true, 502: true, 503: true,
	} {
		address, _ := ingest(t, nil, status)
		err := NewPoster(address, "t", "").Send(t.Context(), []byte("a\n"))
		got, ok := errors.AsType[*StatusError](err)
		if !ok || got.Status != status || got.Answer != "because" || RetryablePost(err) != again {
			t.Errorf("%d: %v, retryable %v", status, err, RetryablePost(err))
		}
	}
}

func TestNobodyAnswersIsWorthAnotherTry(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	if err := NewPoster(s.URL, "t", "").Send(t.Context(), nil); err == nil || !RetryablePost(err) {
		t.Errorf("%v", err)
	}
}

func TestErrorsNeverShowTheToken(t *testing.T) {
	for _, address := range []string{"http://127.0.0.1:1", "http://[", "no address"} {
		err := NewPoster(address, "secret-token", "").Send(t.Context(), nil)
		if err == nil || strings.Contains(err.Error(), "secret-token") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestRetryUntilItIsTaken(t *testing.T) {
	address, requests := ingest(t, nil, 503, 429, 200)
	if err := Retry(NewPoster(address, "t", "").Send, RetryablePost)(t.Context(), []byte("a\n")); err != nil {
		t.Error(err)
	}
	if requests.Load() != 3 {
		t.Errorf("%d requests, want 3", requests.Load())
	}
}

func TestNoRetryOfWhatIsRefusedForGood(t *testing.T) {
	address, requests := ingest(t, nil, 401)
	err := Retry(NewPoster(address, "t", "").Send, RetryablePost)(t.Context(), []byte("a\n"))
	if err == nil || err.Error() != "ingest answered 401 because" || requests.Load() != 1 {
		t.Errorf("%v after %d requests", err, requests.Load())
	}
}

func TestPausesGrowAndEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries []time.Time
		down := errors.New("down")
		send := func(context.Context, []byte) error {
			tries = append(tries, time.Now())
			return down
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if err := Retry(send, func(error) bool { return true })(ctx, nil); !errors.Is(err, down) {
			t.Errorf("%v", err)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("gave up after %v", took)
		}
		low, high := firstPause/2, firstPause*3/2
		for i := 1; i < len(tries); i++ {
			if pause := tries[i].Sub(tries[i-1]); pause < low || pause > high {
				t.Errorf("pause %d is %v, want %v to %v", i, pause, low, high)
			}
			low, high = min(2*low, lastPause/2), min(2*high, lastPause*3/2)
		}
		if len(tries) < 10 {
			t.Errorf("%d tries in a minute", len(tries))
		}
	})
}
