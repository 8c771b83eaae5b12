package receiver

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func (w *world) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	got, err := w.client.Get(w.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode, string(text)
}

func TestProbesAnswerWithoutAToken(t *testing.T) {
	w := start(t, nil)
	if status, body := w.get(t, "/healthz"); status != 200 || body != "ok\n" {
		t.Errorf("healthz: %d %q", status, body)
	}
	if status, body := w.get(t, "/readyz"); status != 200 || body != "{\"ready\":true}\n" {
		t.Errorf("readyz: %d %q", status, body)
	}
}

func TestReadyzSaysWhyNotAndAsksOnceASecond(t *testing.T) {
	asked := 0
	fault := errors.New("the warehouse sleeps")
	r := readiness{check: func() error { asked++; return fault }}
	now := time.Unix(1000, 0)
	for range 5 {
		if err := r.get(now); !errors.Is(err, fault) {
			t.Fatalf("got %v", err)
		}
	}
	fault = nil
	if err := r.get(now.Add(999 * time.Millisecond)); err == nil {
		t.Error("asked again too early")
	}
	if err := r.get(now.Add(time.Second)); err != nil || asked != 2 {
		t.Errorf("got %v, asked %d times", err, asked)
	}

	w := start(t, func(c *Config) { c.Ready = func() error { return errors.New("the warehouse sleeps") } })
	status, body := w.get(t, "/readyz")
	if want := "{\"ready\":false,\"reasons\":[\"the warehouse sleeps\"]}\n"; status != 503 || body != want {
		t.Errorf("readyz: %d %q", status, body)
	}
	if status, _ := w.get(t, "/healthz"); status != 200 {
		t.Errorf("healthz of a server that is not ready: %d", status)
	}
}

func TestChallengeNamesTheServices(t *testing.T) {
	for name, ids := range map[string][]string{
		"challenge-any.golden": nil,
		"challenge-two.golden": {"SU1Z0isxPaozGVKXdv0eY", "7i6HN3TK9wS159v2gPAZ8A"},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			w := start(t, func(c *Config) { c.ServiceIDs = ids })
			status, body := w.get(t, "/.well-known/fastly/logging/challenge")
			if diff := cmp.Diff(string(want), body); status != 200 || diff != "" {
				t.Errorf("%d %s", status, diff)
			}
		})
	}
}

func TestDrainSaysSoFirstAndLetsBodiesEnd(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	w := start(t, func(c *Config) {
		c.DrainTimeout = time.Minute
		keep := c.Store
		c.Store = func(ctx context.Context, b *Body) error {
			entered <- struct{}{}
			<-leave
			return keep(ctx, b)
		}
	})
	delay := make(chan time.Time)
	w.after = func(time.Duration) <-chan time.Time { return delay }
	begun := make(chan answer)
	go func() { begun <- w.post(t, strings.NewReader(two)) }()
	<-entered
	ended := make(chan error)
	go func() { ended <- w.Shutdown(context.Background()) }()
	for !w.draining.Load() {
		time.Sleep(time.Millisecond)
	}
	// The first body is being stored. The delay has begun: not ready, but
	// bodies are accepted.
	if status, body := w.get(t, "/readyz"); status != 503 || body != "{\"ready\":false,\"reasons\":[\"draining\"]}\n" {
		t.Errorf("readyz: %d %q", status, body)
	}
	late := make(chan answer)
	go func() { late <- w.post(t, strings.NewReader(two)) }()
	<-entered
	delay <- time.Time{}
	for { // until connections are refused
		c, err := net.Dial("tcp", w.address)
		if err != nil {
			break
		}
		_ = c.Close()
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-ended:
		t.Errorf("Shutdown returned before the bodies were stored: %v", err)
	default:
	}
	close(leave)
	for _, a := range []answer{<-begun, <-late} {
		if a.String() != "200 lines=2" {
			t.Errorf("got %s", a)
		}
	}
	if err := <-ended; err != nil || len(w.stored()) != 2 {
		t.Errorf("Shutdown: %v; %d stored", err, len(w.stored()))
	}
}

func TestDrainCutsWhoIsStillSendingAndWaitsForTheStore(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	w := start(t, func(c *Config) {
		c.DrainTimeout = 20 * time.Millisecond
		keep := c.Store
		c.Store = func(ctx context.Context, b *Body) error {
			entered <- struct{}{}
			<-leave
			return keep(ctx, b)
		}
	})
	_, sending := w.raw(t, head("Content-Length: 1000\r\n")+two)
	_, storing := w.raw(t, head("Content-Length: 16\r\n")+two)
	<-entered
	ended := make(chan error)
	go func() { ended <- w.Shutdown(context.Background()) }()
	if got, err := http.ReadResponse(sending, nil); err == nil && got.StatusCode/100 == 2 {
		t.Errorf("half a body got %s", got.Status)
	}
	_, _ = storing.ReadByte() // its connection is closed as well
	select {
	case err := <-ended:
		t.Fatalf("Shutdown returned while a body was being stored: %v", err)
	default:
	}
	close(leave)
	if err := <-ended; err != nil || len(w.stored()) != 1 {
		t.Errorf("Shutdown: %v; %d stored, want 1", err, len(w.stored()))
	}
}

func TestDrainGivesUpWithItsContext(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	w := start(t, func(c *Config) {
		c.DrainTimeout = time.Millisecond
		c.Store = func(context.Context, *Body) error {
			entered <- struct{}{}
			<-leave
			return nil
		}
	})
	w.raw(t, head("Content-Length: 16\r\n")+two)
	<-entered
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := w.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	close(leave)
}
