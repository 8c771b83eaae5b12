package receiver

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// Route is a route that takes one document, which is handled before it is answered:
// unlike log lines, which are many and wait in the log.
type Route struct {
	Path     string
	Scope    Scope
	MaxBytes int64
	// Handle returns the answer, which is written as JSON. A *Refusal is answered as
	// it is, any other error with 503. label is of the token.
	Handle func(ctx context.Context, label string, document []byte) (answer any, err error)
}

// documentTime bounds the sending of a document.
const documentTime = 30 * time.Second

// document returns the handler of a route.
func (s *Server) document(route *Route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := s.handle(w, r, route)
		if err == nil {
			writeJSON(w, http.StatusOK, answer)
			return
		}
		refusal, ok := errors.AsType[*Refusal](err)
		if !ok {
			refusal = notStored
			if n, ok := s.failures.pass(time.Now()); ok {
				s.Logger.Error("document not stored", "path", route.Path, "error", err, "repeats", n)
			}
		}
		refusal.write(w)
	}
}

func (s *Server) handle(w http.ResponseWriter, r *http.Request, route *Route) (any, error) {
	if r.Method != http.MethodPost && r.Method != http.MethodPut {
		return nil, postOnly
	}
	label, err := s.identify(r, route.Scope)
	if err != nil {
		return nil, err
	}
	if r.ContentLength > route.MaxBytes {
		return nil, tooLarge
	}
	if err := acquire(r.Context(), s.slots, s.QueueWait); err != nil {
		return nil, err
	}
	defer s.slots.Release(1)
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(documentTime)) // a test's recorder has none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, route.MaxBytes))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, tooLarge
	}
	if err != nil {
		return nil, badBody
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), s.StoreTimeout)
	defer cancel()
	return route.Handle(ctx, label, body)
}
