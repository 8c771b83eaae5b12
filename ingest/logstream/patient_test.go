package logstream

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// answers is a request that gives one error after the other, then succeeds.
type answers struct {
	errs  []error
	tries []time.Time
}

func (a *answers) send(context.Context) error {
	a.tries = append(a.tries, time.Now())
	if n := len(a.tries); n <= len(a.errs) {
		return a.errs[n-1]
	}
	return nil
}

func TestPatientWaitsAsLongAsIngestAsks(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want time.Duration // at least, between two tries
	}{
		{"429 with Retry-After", &StatusError{Status: 429, RetryAfter: 10 * time.Second}, 10 * time.Second},
		{"503 with Retry-After", &StatusError{Status: 503, RetryAfter: 3 * time.Second}, 3 * time.Second},
		{"503 without", &StatusError{Status: 503}, firstPause},
		{"408", &StatusError{Status: 408}, firstPause},
		{"nobody there", errors.New("connection refused"), firstPause},
		{"an absurd Retry-After", &StatusError{Status: 429, RetryAfter: 24 * time.Hour}, longestPause},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &answers{errs: []error{c.err, c.err}}
				p := &Patient{Patience: 5 * time.Minute}
				if err := p.Do(t.Context(), a.send); err != nil || len(a.tries) != 3 {
					t.Fatalf("%d tries, %v", len(a.tries), err)
				}
				if pause := a.tries[1].Sub(a.tries[0]); pause < c.want || pause > 2*c.want {
					t.Errorf("paused for %v, want %v or a little more", pause, c.want)
				}
			})
		})
	}
}

func TestPatientEndsAtOnceForGood(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 413, 415} {
		a := &answers{errs: []error{&StatusError{Status: status}}}
		p := &Patient{Patience: time.Hour}
		err := p.Do(t.Context(), a.send)
		if got, ok := errors.AsType[*StatusError](err); !ok || got.Status != status || len(a.tries) != 1 {
			t.Errorf("%d: %d tries, %v", status, len(a.tries), err)
		}
	}
}

func TestPatienceCountsWithoutSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("connection refused")
		notes := 0
		a := &answers{errs: []error{gone, gone}}
		p := &Patient{Patience: time.Minute, Note: func(error) { notes++ }}
		if err := p.Do(t.Context(), a.send); err != nil || notes != 1 {
			t.Fatalf("%d notes, %v", notes, err)
		}
		time.Sleep(time.Hour) // nothing to send
		for range 1000 {
			a.errs = append(a.errs, gone)
		}
		began := time.Now()
		err := p.Do(t.Context(), a.send)
		if !errors.Is(err, ErrImpatient) || !errors.Is(err, gone) {
			t.Errorf("error %v, want %v", err, ErrImpatient)
		}
		if took := time.Since(began); took < time.Minute || took > time.Minute+2*lastPause {
			t.Errorf("gave up after %v, want about a minute", took)
		}
		if notes < 5 || notes > 8 {
			t.Errorf("%d notes, want one in 10 s or so", notes)
		}
	})
}

func TestPatientEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{errs: []error{&StatusError{Status: 429, RetryAfter: 30 * time.Second}}}
		p := &Patient{Patience: time.Hour}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Do(ctx, a.send); !errors.Is(err, context.DeadlineExceeded) || len(a.tries) != 1 {
			t.Errorf("%d tries, %v", len(a.tries), err)
		}
	})
}

func TestPosterReadsRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "-1": 0, "Wed, 21 Oct 2026 07:28:00 GMT": 0} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusTooManyRequests)
		}))
		err := NewPoster(server.URL, "token", "").Send(t.Context(), []byte("line\n"))
		server.Close()
		if status, ok := errors.AsType[*StatusError](err); !ok || status.RetryAfter != want {
			t.Errorf("%q: %v, want %v", header, err, want)
		}
	}
}
