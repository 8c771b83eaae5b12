package receiver

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// firstBytes is how much is reserved for a body before any of it has come,
// whatever length it announces: a claim costs nothing, sending does.
const firstBytes = 64 << 10

// A body of known length grows fast, since it does not overshoot, but never to
// more than knownGrowth times of what has come; one of unknown length doubles.
const (
	knownGrowth   = 16
	unknownGrowth = 2
)

// receive reads the body as it comes into memory of l.
func (s *Server) receive(w http.ResponseWriter, r *http.Request, l *lease) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	whole, growth := s.MaxBodyBytes+1, int64(unknownGrowth) // a byte more, to see the end or the excess
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

// pace cuts a client that is, on the whole, slower than perSecond: the n-th
// byte has to be there n/perSecond + grace after the beginning.
type pace struct {
	controller *http.ResponseController
	began      time.Time
	grace      time.Duration
	perSecond  int64
}

func (p *pace) next(got int) {
	allowed := time.Duration(float64(got) / float64(p.perSecond) * float64(time.Second))
	_ = p.controller.SetReadDeadline(p.began.Add(p.grace + allowed)) // a test's recorder has none
}

func (p *pace) stop() { _ = p.controller.SetReadDeadline(time.Time{}) }
