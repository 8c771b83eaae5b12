package receiver

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/event"
	"glint/ingest/host/connlimit"
)

// Store makes a body durable, as it came. It must not use the body's bytes after
// it has returned. Nil promises that the body is kept: the client gets 2xx. A
// *Refusal is answered as it is, any other error with 503. A body without lines
// is not stored.
type Store func(ctx context.Context, b *Body) error

// Config is what a Server needs. A limit or time that is zero gets its default.
type Config struct {
	Tokens *Tokens
	Store  Store
	// Admit is asked before a body is read, by lane and by the label of its
	// token: nil lets it in, a *Refusal is answered as it is, any other error
	// with 503. Nil admits all. It must not block.
	Admit func(lane Lane, source string) error
	// Outcomes says what became of records that Store has numbered, for GET
	// /v1/logs/outcomes. Nil: there is no such route.
	Outcomes    func(ctx context.Context, r Records) (Outcomes, error)
	Deliveries  Deliveries   // of POST /v1/deliveries. Nil: there is no such route
	Ready       func() error // nil error: ready. Nil: always. Asked once a second at most
	Status      func() any   // document of GET /v1/status, asked after Ready; nil: the route is missing
	Routes      []Route      // more of them, which take a document
	Preferences http.Handler // of /preferences/, which asks for no token; nil: the route is missing
	ServiceIDs  []string     // Fastly services whose logs are welcome; empty: any

	TLS               *tls.Config // nil: none
	RequireClientCert bool        // POST /v1/logs needs a client certificate that TLS has verified

	MaxBodyBytes     int64         // of a body as sent; more is 413
	MaxDecodedBytes  int64         // of a body decoded; more is 413
	MaxLineBytes     int           // a longer line is counted in a metric and passed on
	MaxConcurrent    int           // bodies read or stored at once; more wait for QueueWait
	MaxInFlightBytes int64         // memory of bodies, more wait for QueueWait; at least, and by default, 4 of the largest
	QueueWait        time.Duration // longest wait for room; then 429
	MinBytesPerSec   int64         // who sends more slowly than this on the whole is cut with 408
	BodyGrace        time.Duration // beyond the time that MinBytesPerSec allows
	StoreTimeout     time.Duration // for one body; more is 503
	MaxConnections   int           // beyond it, the one idle for longest is closed; by default connlimit.Share()
	MaxHeaderBytes   int
	HeaderTimeout    time.Duration // for a request's headers, and for the TLS handshake
	IdleTimeout      time.Duration // of a connection between requests
	DrainDelay       time.Duration // of Shutdown; 0: none
	DrainTimeout     time.Duration // of Shutdown

	Now        func() time.Time // nil: time.Now; for received_at
	Logger     *slog.Logger     // nil: discard
	Registerer prometheus.Registerer
}

func (c *Config) validate() error {
	var faults []error
	if c.Tokens == nil {
		faults = append(faults, errors.New("server: tokens are missing"))
	}
	if c.Store == nil {
		faults = append(faults, errors.New("server: a store is missing"))
	}
	if c.Registerer == nil {
		faults = append(faults, errors.New("server: a metrics registerer is missing"))
	}
	if c.RequireClientCert && c.TLS == nil {
		faults = append(faults, errors.New("server: client certificates need TLS"))
	}
	c.fill()
	if need := 2 * reserve(c.MaxBodyBytes+1); c.MaxInFlightBytes < need {
		faults = append(faults, fmt.Errorf("server: %d bytes in flight are too few for two of the largest bodies; want %d",
			c.MaxInFlightBytes, need))
	}
	for _, n := range []int64{
		c.MaxBodyBytes, c.MaxDecodedBytes, int64(c.MaxConcurrent), c.MinBytesPerSec, int64(c.MaxConnections),
		int64(c.MaxLineBytes), int64(c.QueueWait), int64(c.BodyGrace), int64(c.StoreTimeout), int64(c.MaxHeaderBytes),
		int64(c.HeaderTimeout), int64(c.IdleTimeout), int64(c.DrainTimeout), int64(c.DrainDelay) + 1,
	} {
		if n <= 0 {
			return errors.Join(append(faults, errors.New("server: limits and times must not be below zero"))...)
		}
	}
	return errors.Join(faults...)
}

// fill puts defaults in place of zeros.
func (c *Config) fill() {
	c.MaxBodyBytes = cmp.Or(c.MaxBodyBytes, 128<<20) // Fastly posts 100 MB at most by default
	c.MaxDecodedBytes = cmp.Or(c.MaxDecodedBytes, 128<<20)
	c.MaxLineBytes = cmp.Or(c.MaxLineBytes, event.MaxLineBytes)
	c.MaxConcurrent = cmp.Or(c.MaxConcurrent, 256)
	c.MaxInFlightBytes = cmp.Or(c.MaxInFlightBytes, 2*reserve(c.MaxBodyBytes+1))
	c.QueueWait = cmp.Or(c.QueueWait, 10*time.Second)
	c.MinBytesPerSec = cmp.Or(c.MinBytesPerSec, 64<<10)
	c.BodyGrace = cmp.Or(c.BodyGrace, 10*time.Second)
	c.StoreTimeout = cmp.Or(c.StoreTimeout, 2*time.Minute)
	c.MaxConnections = cmp.Or(c.MaxConnections, connlimit.Share())
	c.MaxHeaderBytes = cmp.Or(c.MaxHeaderBytes, 16<<10)
	c.HeaderTimeout = cmp.Or(c.HeaderTimeout, 10*time.Second)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 2*time.Minute)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, 4*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}
