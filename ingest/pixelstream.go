package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/logstream"
	"glint/ingest/wal"
)

// The bounds of what the standalone pixel has answered and not yet stored.
const (
	maxPixelWaitBytes = 16 << 20 // in memory
	maxReserveBytes   = 32 << 20 // on disk
	pixelStopWait     = 3 * time.Second
	minPieceBytes     = 4 << 10
)

// newPixelStream gathers the standalone pixel's lines and appends them to the
// log without the detour over HTTP. Only the fair-share limit applies, not the
// watermarks: these events cannot be sent again, so they may use what the
// watermarks keep free and, when that is used up, the reserve.
//
// While nothing can be stored, at most maxPixelWaitBytes wait in memory. What
// does not fit is dropped and counted, and so is what still waits when the
// process ends, however it ends: see ledger.
func newPixelStream(cfg *Config, log *wal.Log, gate *gate, registry prometheus.Registerer) *logstream.Batcher {
	s := &pixelStore{
		append: func(ctx context.Context, body []byte) error {
			if err := gate.shares.admit(pixelLabel); err != nil {
				return err
			}
			_, err := log.Append(ctx, &wal.Record{
				ReceivedAt: time.Now(), Source: pixelLabel,
				DecodedBytes: uint64(len(body)), Lines: uint32(bytes.Count(body, []byte{'\n'})), Body: body,
			})
			return err
		},
		progress: cfg.progress,
		logger:   cfg.Logger,
		reserve:  openReserve(filepath.Join(cfg.LogDir, "reserve"), cfg.Logger),
		ledger:   openLedger(filepath.Join(cfg.LogDir, "pixel.ledger"), cfg.Logger),
	}
	s.reserve.refill()
	if n := s.ledger.lostAtLast; n > 0 {
		cfg.progress(fmt.Sprintf("note: %d opens were answered and not stored when glint last ended; the pixel counts them as lost", n))
	}
	stream := logstream.New(logstream.Config{
		Period: cfg.PixelPeriod, MaxPendingBytes: maxPixelWaitBytes, StopWait: pixelStopWait, Logger: cfg.Logger,
		Note: s.note, Closed: s.closed,
	}, s.send)
	registerStream(registry, stream, s.ledger.lostBefore)
	return stream
}

// pixelStore is the logstream.Send of the standalone pixel.
type pixelStore struct {
	append   func(ctx context.Context, body []byte) error
	progress func(string)
	logger   *slog.Logger
	reserve  *reserve
	ledger   *ledger

	stalled          atomic.Bool // nothing can be stored now
	waiting, dropped atomic.Uint64
}

// The pauses between two tries to store, doubled from the first to the last.
const (
	firstStorePause = 100 * time.Millisecond
	lastStorePause  = 2 * time.Second
)

// send stores a body: whole or, on a disk with little room, in pieces. It waits
// while nothing can be stored. When ctx ends it gives up the rest.
func (s *pixelStore) send(ctx context.Context, body []byte) error {
	rest, size, pause := body, len(body), firstStorePause
	defer s.stalled.Store(false) // the stream's next note is of what has become of the body
	for len(rest) > 0 {
		piece := firstLines(rest, size)
		err := s.append(context.WithoutCancel(ctx), piece)
		switch {
		case err == nil:
			s.reserve.refill()
			rest, size, pause = rest[len(piece):], 2*size, firstStorePause
			continue
		case errors.Is(err, wal.ErrClosed) || errors.Is(err, wal.ErrRecord):
			return lost(body, rest, err)
		case errors.Is(err, wal.ErrNoSpace) && s.reserve.release():
			continue
		case errors.Is(err, wal.ErrNoSpace) && len(piece) > minPieceBytes:
			size = len(piece) / 2
			continue
		}
		s.stall(err)
		select {
		case <-ctx.Done():
			return lost(body, rest, err)
		case <-time.After(pause/2 + rand.N(pause)):
			pause = min(2*pause, lastStorePause)
		}
	}
	return nil
}

// firstLines returns whole lines of body: as many as fit into size bytes, but
// at least one.
func firstLines(body []byte, size int) []byte {
	if size >= len(body) {
		return body
	}
	if i := bytes.LastIndexByte(body[:size], '\n'); i >= 0 {
		return body[:i+1]
	}
	return body[:bytes.IndexByte(body, '\n')+1]
}

func lines(body []byte) uint64 { return uint64(bytes.Count(body, []byte{'\n'})) }

func lost(body, rest []byte, err error) error {
	return &logstream.PartError{Lines: lines(body[:len(body)-len(rest)]), Err: err}
}

// stall notes that nothing can be stored. From now on the ledger is kept.
func (s *pixelStore) stall(err error) {
	if !s.stalled.Swap(true) {
		s.logger.Warn("opens wait in memory: they cannot be stored now", "error", err)
	}
	s.ledger.set(s.waiting.Load(), s.dropped.Load())
}

// note is told by the stream, line by line, what waits and what was dropped.
func (s *pixelStore) note(waiting, dropped uint64) {
	s.waiting.Store(waiting)
	s.dropped.Store(dropped)
	if !s.stalled.Load() {
		waiting = 0 // it is stored within moments
	}
	s.ledger.set(waiting, dropped)
}

// closed is told at the end how many opens were dropped then.
func (s *pixelStore) closed(dropped uint64) {
	if dropped > 0 {
		s.progress(fmt.Sprintf("note: %d opens were answered and could not be stored before the end; glint_pixel_events_lost_total counts them", dropped))
	}
}

func registerStream(r prometheus.Registerer, b *logstream.Batcher, lostBefore uint64) {
	r.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "glint_pixel_events_total", Help: "Events of the standalone pixel that reached the log.",
		}, func() float64 { return float64(b.Sent()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "glint_pixel_events_lost_total", Help: "Events of the standalone pixel that were answered and not stored, in all of its runs.",
		}, func() float64 { return float64(lostBefore + b.Dropped()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "glint_pixel_pending_bytes", Help: "Bytes of the standalone pixel's events that wait in memory.",
		}, func() float64 { return float64(b.PendingBytes()) }),
	)
}
