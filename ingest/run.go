// Package ingest is the service behind the edge: it takes log lines and brings
// them into the warehouse. Run wires its parts; each has its own package:
//
//	receiver → admission → wal → batch → warehouse     lines posted by a CDN
//	pixelserver → logstream → wal → batch → warehouse  opens answered by this machine
//
// A line that was answered with 2xx is in the warehouse or, if it can never be
// stored, in a dead-letter file.
//
// The way of one line, function by function:
//
//	receiver.Server.accept   authenticates, calls Admit, reads, decodes, counts a body
//	admission.Gate.Admit     refuses it while the log or its source's share is full
//	admission.Gate.Store     appends it to the write-ahead log; 2xx after the fsync
//	batch.Pipeline.Run       groups records into named batches, retries, acknowledges
//	batch.Loader.Load        lines → events → tokens → verdicts → rows
//	warehouse.InsertOpens    one insert under the batch's name
//
// Registrations posted to /v1/sends have a way of their own:
//
//	registrar.register       groups the posts of a campaign, reads what is known, decides
//	sendlog.Log.Append       appends them to the lane sends; 2xx after the fsync
//	sendlog.Log.Run          inserts them, within about half a second, or two where many come
//
// Lines come from these sources: a CDN's log stream, glint replay and glint import
// post to /v1/logs; glint stream imitates the CDN; the standalone pixel appends
// without HTTP (newPixelStream). To add a source outside the service, write a
// command in cli that converts its input into lines of edge/event/FORMAT.md and
// posts them with logstream.Poster: nothing in this folder changes. To add one
// inside the service, append as newPixelStream does, and give it a label of its
// own in newGate. A new form of posted lines (another CDN's object around the
// event) belongs to package logline.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"glint/edge/token"
	"glint/ingest/consent"
	"glint/ingest/receiver"
)

// stopTimeout is the limit of the whole stop; each step gets the time that is
// left.
const stopTimeout = 12 * time.Second

// Run opens the ports and the log, serves the pixel and ingest, and calls
// cfg.Listening. The warehouse starts in parallel, however long that takes:
// once it is up, has the schema and its keys are known, Run calls cfg.Ready.
//
// Run works until ctx ends or a listener fails. It then stops the parts in the
// order of the flow: first the listeners, then the pipelines, the warehouse
// last.
func Run(ctx context.Context, cfg Config) (err error) {
	if err := cfg.Validate(); err != nil {
		return err
	}
	listeners, err := listen(&cfg)
	if err != nil {
		return err
	}
	defer listeners.close() // a no-op for listeners that a server has closed

	stops := stopStack{}
	defer func() { err = errors.Join(err, stops.run()) }()

	registry := newRegistry(cfg.Version)
	at := func(warehouse string) Addresses {
		return cfg.Pixel.secure(listeners.addresses(warehouse, !cfg.TLS.Empty()))
	}
	start := newStartup(&cfg, func(h *warehouseHandle, ring *token.Ring) {
		if cfg.Ready != nil {
			cfg.Ready(at(h.address), ring)
		}
	})
	stops.push(start.stopWarehouse)
	start.register(registry)
	lanes, marks, err := openLog(ctx, &cfg)
	if err != nil {
		return err
	}
	stops.push(lanes.Close)
	registry.MustRegister(newWALCollector(lanes))
	tokens, err := openTokens(&cfg)
	if err != nil {
		return err
	}
	labels := func() []string { return tokens.Labels(receiver.ScopeLogs) }
	gate := newGate(lanes, marks, labels, cfg.PixelListen != "")
	registry.MustRegister(gate)
	lists := newListWatch(cfg.Logger, registry)
	withdrawn := &consent.Set{}
	sources, err := openNetworks(&cfg, lists)
	if err != nil {
		return err
	}
	events, err := newIntake(&cfg, sources, registry)
	if err != nil {
		return err
	}
	start.lanes, start.pipelines = lanes, newPipelines(&cfg, registry, lists, withdrawn, labels)
	start.pipelines.events = events
	stops.push(start.stopPipelines)

	failed := make(chan error, 6)
	serve := func(name string, l net.Listener, h http.Handler) {
		s := newHTTPServer(h)
		go func() { failed <- serveError(name, s.Serve(l)) }()
		stops.push(soon(s.Shutdown))
	}
	serve("metrics", listeners.metrics, metricsHandler(registry))
	status := &statusBoard{cfg: &cfg, startup: start, gate: gate, startedAt: time.Now()}
	serving, stopServing := context.WithCancel(ctx)
	defer stopServing()
	routes, page, err := start.homeRoutes(gate.DiskRefusal, at("").Pixel, serving.Done(), registry)
	if err != nil {
		return err
	}
	logs, err := newLogServer(&cfg, tokens, gate, routes, page, events, start.ready, func() any { return status.now() }, registry)
	if err != nil {
		return err
	}
	go func() { failed <- serveError("ingest", logs.Serve(listeners.ingest)) }()
	stops.push(logs.Shutdown)
	stops.push(func(context.Context) error { stopServing(); return nil })
	if listeners.pixel != nil {
		stream := newPixelStream(&cfg, lanes.Live, gate, registry)
		stops.push(func(ctx context.Context) error { stream.Close(ctx); return nil })
		opens, err := newPixel(&cfg, sources, stream, registry, withdrawn, start.pixelKeys)
		if err != nil {
			return err
		}
		status.sources.Store(sources)
		status.certificates.Store(opens.certificates)
		updating, stopUpdating := context.WithCancel(ctx)
		stops.push(func(context.Context) error { stopUpdating(); return nil })
		go newUpdater(&cfg, registry).Run(updating)
		opens.start(updating, &listeners, failed)
		stops.push(soon(opens.Shutdown))
	}
	if cfg.Listening != nil {
		cfg.Listening(at(""))
	}
	start.start(failed)
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// stopStack runs the functions pushed, the last one first, within stopTimeout.
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

// soon bounds a shutdown that waits for connections which have sent nothing, or
// half a request. They are closed with the process.
func soon(shutdown func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return nil
	}
}
