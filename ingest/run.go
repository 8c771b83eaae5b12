// Package ingest is the service behind the edge: it takes log lines and brings
// them into the warehouse. Run wires its parts; each has its own package:
//
//	server → batch → warehouse          lines posted by a CDN
//	pixelserver → logstream → batch     opens answered by this machine
//
// A line that was answered with 2xx is in the warehouse or, if it can never be
// stored, in a dead-letter file.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/pixel"
	"glint/ingest/batch"
	"glint/ingest/logstream"
	"glint/ingest/pixelserver"
	"glint/ingest/server"
	"glint/ingest/warehouse"
)

// stopTimeout bounds the whole stop; every step gets what is left of it.
const stopTimeout = 13 * time.Second

// Run starts the service, calls cfg.Ready, and works until ctx ends or a part
// fails for good. It then stops in the order of the flow: first who takes
// lines, then who stores them, the warehouse last.
func Run(ctx context.Context, cfg Config) (err error) {
	if err := cfg.Validate(); err != nil {
		return err
	}
	listeners, err := listen(&cfg)
	if err != nil {
		return err
	}
	defer listeners.close() // a no-op for those that a server has closed

	stops := stopStack{}
	defer func() { err = errors.Join(err, stops.run()) }()

	house, err := openWarehouse(ctx, &cfg)
	if err != nil {
		return err
	}
	stops.push(house.stop)

	deadLetters, err := batch.OpenDeadLetters(cfg.DeadLetterDir)
	if err != nil {
		return err
	}
	registry := newRegistry(cfg.Version)
	loader := &batch.Loader{
		Ring: cfg.Ring, Warehouse: house.Warehouse, DeadLetters: deadLetters,
		Now: time.Now, Count: countLines(registry),
	}
	failed := make(chan error, 3)
	serve := func(name string, l net.Listener, h httpHandler) {
		s := newHTTPServer(h)
		go func() { failed <- serveError(name, s.Serve(l)) }()
		stops.push(s.Shutdown)
	}
	serve("metrics", listeners.metrics, metricsHandler(registry))
	serve("ingest", listeners.ingest, server.New(server.Config{
		Token: cfg.Token, Store: loader.Load, Ready: house.ready, ServiceIDs: cfg.ServiceIDs,
		MaxBodyBytes: cfg.MaxBodyBytes, MaxConcurrent: cfg.MaxConcurrent, StoreTimeout: cfg.StoreTimeout,
		Logger: cfg.Logger, Registerer: registry,
	}))
	if listeners.pixel != nil {
		stream := newPixelStream(&cfg, loader, registry)
		stops.push(func(ctx context.Context) error { stream.Close(ctx); return nil })
		serve("pixel", listeners.pixel, newPixel(&cfg, stream))
	}
	if cfg.Ready != nil {
		cfg.Ready(listeners.addresses(house.address))
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	case <-house.done:
		return fmt.Errorf("the warehouse has ended: %w", house.err())
	}
}

func newPixel(cfg *Config, stream *logstream.Batcher) *pixelserver.Handler {
	return &pixelserver.Handler{
		Observer: pixel.Observer{Ring: cfg.Ring, Precision: cfg.Precision, Edge: "standalone", Version: cfg.Version},
		Networks: cfg.Networks,
		Write:    stream.Add,
		Now:      time.Now,
	}
}

// newPixelStream gathers the standalone pixel's lines and loads them without
// the detour over HTTP.
func newPixelStream(cfg *Config, loader *batch.Loader, registry prometheus.Registerer) *logstream.Batcher {
	load := func(ctx context.Context, body []byte) error {
		_, err := loader.Load(ctx, server.SourceLive, body)
		return err
	}
	stream := logstream.New(
		logstream.Config{Period: cfg.PixelPeriod, Logger: cfg.Logger},
		logstream.Retry(load, warehouse.Retryable))
	registerStream(registry, stream)
	return stream
}

// stopStack runs what was pushed, the last first, within stopTimeout.
type stopStack []func(context.Context) error

func (s *stopStack) push(stop func(context.Context) error) { *s = append(*s, stop) }

func (s *stopStack) run() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var faults []error
	for i := len(*s) - 1; i >= 0; i-- {
		if err := (*s)[i](ctx); err != nil {
			faults = append(faults, fmt.Errorf("stop: %w", err))
		}
	}
	return errors.Join(faults...)
}
