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

// Store makes a body durable, as received. It must not use the body's bytes
// after it has returned. A nil error promises that the body is kept: the client
// gets 2xx. A *Refusal is sent to the client, any other error gives 503. A body
// without lines is not stored.
type Store func(ctx context.Context, b *Body) error

// Config configures a Server. Limits and times that are zero get their
// defaults.
type Config struct {
	Tokens *Tokens
	Store  Store
	// Admit is called before a body is read, with its lane and the label of its
	// token. Nil admits it, a *Refusal is sent to the client, any other error
	// gives 503. A nil Admit admits all. It must not block.
	Admit func(lane Lane, source string) error
	// Outcomes returns the outcomes of records that Store has numbered, for GET
	// /v1/logs/outcomes. Nil: the route does not exist.
	Outcomes    func(ctx context.Context, r Records) (Outcomes, error)
	Deliveries  Deliveries   // for POST /v1/deliveries; nil: the route does not exist
	Ready       func() error // nil error: ready; nil function: always. Called at most once per second
	Status      func() any   // returns the document of GET /v1/status, called after Ready; nil: no such route
	Routes      []Route      // further routes, each of which takes a document
	Preferences http.Handler // for /preferences/, which needs no token; nil: no such route
	ServiceIDs  []string     // Fastly services that may send logs; empty: any

	TLS               *tls.Config // nil: none
	RequireClientCert bool        // POST /v1/logs needs a client certificate verified by TLS

	MaxBodyBytes     int64         // limit of a body as sent; above it: 413
	MaxDecodedBytes  int64         // limit of a decoded body; above it: 413
	MaxLineBytes     int           // longer lines are counted in a metric and passed on
	MaxConcurrent    int           // bodies read or stored at a time; others wait for QueueWait
	MaxInFlightBytes int64         // memory for bodies, others wait for QueueWait; minimum and default: 4 of the largest
	QueueWait        time.Duration // longest wait for a free slot; then 429
	MinBytesPerSec   int64         // slower clients, on average, are cut off with 408
	BodyGrace        time.Duration // time in addition to what MinBytesPerSec allows
	StoreTimeout     time.Duration // limit for storing one body; above it: 503
	MaxConnections   int           // above it, the connection idle for longest is closed; default: connlimit.Share()
	MaxHeaderBytes   int
	HeaderTimeout    time.Duration // for a request's headers and for the TLS handshake
	IdleTimeout      time.Duration // for a connection between requests
	DrainDelay       time.Duration // before Shutdown stops accepting; 0: none
	DrainTimeout     time.Duration // of Shutdown

	Now        func() time.Time // nil: time.Now; sets received_at
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

// fill replaces zeros by defaults.
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
