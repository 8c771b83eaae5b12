package embedded

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// innerIdleTimeout closes idle connections to the engine. It must be below 30
// s: the engine aborts when it times out on a connection itself.
const innerIdleTimeout = 10 * time.Second

// doorHeader carries the secret of the engine's listener.
const doorHeader = "X-Glint-Door"

// backend is the access to one run of the engine.
type backend struct {
	url       string
	secrets   secrets
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	transport *http.Transport
	refused   chan struct{} // receives a value when the engine refused a connection
}

// newBackend returns the access to the engine whose connections dial creates.
func newBackend(port int, s secrets, dial func(ctx context.Context, network, address string) (net.Conn, error)) *backend {
	return &backend{
		url:     fmt.Sprintf("http://127.0.0.1:%d", port),
		secrets: s,
		dial:    dial,
		transport: &http.Transport{
			DialContext:         dial,
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     innerIdleTimeout,
			// Answers are passed on unchanged.
			DisableCompression: true,
		},
		refused: make(chan struct{}, 1),
	}
}

// send sends one request to the engine, with the secret of its listener.
func (b *backend) send(request *http.Request) (*http.Response, error) {
	request.Header.Set(doorHeader, b.secrets.Door)
	return b.transport.RoundTrip(request) // not wrapped: callers examine the error
}

// reportRefused reports to the supervisor that the engine refused a connection.
func (b *backend) reportRefused() {
	select {
	case b.refused <- struct{}{}:
	default: // it knows already
	}
}

// relay provides the current backend to requests, which wait while the engine
// restarts. It is safe for concurrent use.
type relay struct {
	mu      sync.Mutex
	current *backend
	changed chan struct{} // closed and replaced at each change
	closed  bool
}

func newRelay() *relay { return &relay{changed: make(chan struct{})} }

// set makes b the current backend; nil means that the engine is down.
func (r *relay) set(b *backend) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current != nil && r.current != b {
		r.current.transport.CloseIdleConnections()
	}
	r.current = b
	r.wake()
}

// close ends all waits, current and later ones. The current backend stays
// usable.
func (r *relay) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.wake()
}

func (r *relay) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// wait returns the current backend as soon as there is one, errStopping after
// close, or the context's error.
func (r *relay) wait(ctx context.Context) (*backend, error) {
	for {
		r.mu.Lock()
		current, changed, closed := r.current, r.changed, r.closed
		r.mu.Unlock()
		switch {
		case current != nil:
			return current, nil
		case closed:
			return nil, errStopping
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
