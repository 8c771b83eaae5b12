package receiver

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// firstBytes is reserved for a body before any of it has arrived, whatever
// length it announces: announcing is free, sending is not.
const firstBytes = 64 << 10

// The buffer of a body of known length grows to its end, but at most to
// knownGrowth times the bytes received. The buffer of a body of unknown length
// doubles.
const (
	knownGrowth   = 16
	unknownGrowth = 2
)

// receive reads the body into memory of l.
func (s *Server) receive(w http.ResponseWriter, r *http.Request, l *lease) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	whole, growth := s.MaxBodyBytes+1, int64(unknownGrowth) // one byte more, to see the end or the excess
	if r.ContentLength > 0 {
		whole, growth = r.ContentLength+1, knownGrowth
	}
	b, err := l.buffer(r.Context(), min(whole, firstBytes))
	if err != nil {
		return nil, err
	}
	pace := pace{controller: http.NewResponseController(w), began: time.Now(), grace: s.BodyGrace, perSecond: s.MinBytesPerSec}
	defer pace.stop()
	for {
		pace.next(len(b))
		n, err := r.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > s.MaxBodyBytes:
			return nil, tooLarge
		case errors.Is(err, io.EOF):
			return b, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, tooSlow
		case err != nil:
			return nil, badBody
		}
		if len(b) == cap(b) {
			waited := time.Now()
			if b, err = l.grow(r.Context(), b, min(whole, growth*int64(cap(b)))); err != nil {
				return nil, err
			}
			pace.began = pace.began.Add(time.Since(waited))
		}
	}
}

// pace disconnects a client that is, on average, slower than perSecond: byte n
// must arrive within n/perSecond + grace from the beginning.
type pace struct {
	controller *http.ResponseController
	began      time.Time
	grace      time.Duration
	perSecond  int64
}

func (p *pace) next(got int) {
	allowed := time.Duration(float64(got) / float64(p.perSecond) * float64(time.Second))
	_ = p.controller.SetReadDeadline(p.began.Add(p.grace + allowed)) // not supported by a test's recorder
}

func (p *pace) stop() { _ = p.controller.SetReadDeadline(time.Time{}) }
