package ingest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/admission"
	"glint/ingest/host/backoff"
	"glint/ingest/logstream"
	"glint/ingest/receiver"
	"glint/ingest/wal"
)

// Limits of events that the standalone pixel has answered and not stored yet.
const (
	maxPixelWaitBytes = 16 << 20 // in memory
	maxReserveBytes   = 32 << 20 // on disk
	pixelStopWait     = 3 * time.Second
	minPieceBytes     = 4 << 10
)

// newPixelStream collects the standalone pixel's lines and appends them to the
// log without HTTP. Only the fair-share limit applies, not the watermarks:
// these events cannot be sent again, so they may use the space below the
// watermarks and, when that is used up, the reserve.
//
// While nothing can be stored, at most maxPixelWaitBytes wait in memory.
// Further events are dropped and counted, and so are events that still wait
// when the process ends in any way: see ledger.
func newPixelStream(cfg *Config, log *wal.Log, gate *admission.Gate, registry prometheus.Registerer) *logstream.Batcher {
	s := &pixelStore{
		admit: func() error { return gate.AdmitShare(receiver.LaneLive, pixelLabel) },
		append: func(ctx context.Context, body []byte) error {
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
	admit    func() error // returns admission.SourceFull while the pixel's share is used up
	append   func(ctx context.Context, body []byte) error
	progress func(string)
	logger   *slog.Logger
	reserve  *reserve
	ledger   *ledger
	size     int // size of a piece that may fit; 0: any size

	stalled          atomic.Bool // nothing can be stored now
	waiting, dropped atomic.Uint64
}

// The pauses between two tries to store, doubling from the first to the last.
const (
	firstStorePause = 100 * time.Millisecond
	lastStorePause  = 2 * time.Second
)

// send stores a body whole or, on a nearly full disk, its beginning. It waits
// while nothing can be stored, and gives up when ctx ends.
func (s *pixelStore) send(ctx context.Context, body []byte) error {
	for pauses := (backoff.Backoff{First: firstStorePause, Last: lastStorePause}); ; {
		piece := firstLines(body, cmp.Or(s.size, len(body)))
		err := s.store(ctx, piece)
		switch {
		case err == nil:
			s.stalled.Store(false)
			s.size *= 2
			s.reserve.refill()
			if len(piece) == len(body) {
				s.size = 0
				return nil
			}
			return &logstream.PartError{Bytes: len(piece)}
		case errors.Is(err, wal.ErrClosed) || errors.Is(err, wal.ErrRecord):
			return err
		case errors.Is(err, wal.ErrNoSpace) && len(piece) > minPieceBytes:
			s.size = len(piece) / 2
			continue
		}
		s.stall(err)
		if pauses.Wait(ctx) != nil {
			return err
		}
	}
}

// store appends lines to the log. On a full disk it uses the reserve regardless
// of the share, since no other source can use that space.
func (s *pixelStore) store(ctx context.Context, piece []byte) error {
	ctx = context.WithoutCancel(ctx) // one last try at the end
	if s.reserve.spend(len(piece)) {
		return s.append(ctx, piece)
	}
	err := s.admit()
	if err == nil {
		err = s.append(ctx, piece)
	}
	full := errors.Is(err, wal.ErrNoSpace) || errors.Is(err, admission.SourceFull) && s.reserve.needed()
	if full && s.reserve.release() && s.reserve.spend(len(piece)) {
		return s.append(ctx, piece)
	}
	return err
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

// stall records that nothing can be stored. From now on the ledger is written.
func (s *pixelStore) stall(err error) {
	if !s.stalled.Swap(true) {
		s.logger.Warn("opens wait in memory: they cannot be stored now", "error", err)
	}
	s.ledger.set(s.waiting.Load(), s.dropped.Load())
}

// note is called by the stream after each line with the numbers of waiting and
// dropped lines.
func (s *pixelStore) note(waiting, dropped uint64) {
	s.waiting.Store(waiting)
	s.dropped.Store(dropped)
	if !s.stalled.Load() {
		waiting = 0 // they will be stored within moments
	}
	s.ledger.set(waiting, dropped)
}

// closed is called with the number of opens dropped at the end.
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
