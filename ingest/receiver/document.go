package receiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"glint/ingest/receiver/codec"
)

// Route takes one document and handles it before it answers. Log lines, by
// contrast, are answered once they are in the log.
type Route struct {
	Path     string
	Scope    Scope
	MaxBytes int64
	// Handle returns the answer, which is written as JSON. A *Refusal or
	// *Rejection is sent to the client, any other error gives 503.
	Handle func(ctx context.Context, d *Document) (answer any, err error)
}

// Document is a posted document with its origin.
type Document struct {
	Label string // of the token
	Query url.Values
	Bytes []byte // decoded
}

// Rejection is a refusal with a larger answer than a Refusal has.
type Rejection struct {
	Status int
	Answer any // written as JSON; it has the fields of a Refusal, reason and message
}

// Error implements error.
func (r *Rejection) Error() string { return "server: rejected with status " + strconv.Itoa(r.Status) }

// documentTime is the longest time for sending a document.
const documentTime = 30 * time.Second

// document returns the handler of a route.
func (s *Server) document(route *Route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := s.handle(w, r, route)
		if err == nil {
			writeJSON(w, http.StatusOK, answer)
			return
		}
		if rejection, ok := errors.AsType[*Rejection](err); ok {
			writeJSON(w, rejection.Status, rejection.Answer)
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
	tooLarge := &Refusal{http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("send at most %d MiB at once", route.MaxBytes>>20), 0}
	kind, _, err := codec.Parse(encodingOf(r))
	switch {
	case err != nil:
		return nil, badCodec
	case r.ContentLength > route.MaxBytes:
		return nil, tooLarge
	}
	if err := acquire(r.Context(), s.slots, s.QueueWait); err != nil {
		return nil, err
	}
	defer s.slots.Release(1)
	weight := route.MaxBytes
	if kind == codec.Plain && r.ContentLength >= 0 {
		weight = r.ContentLength + 1
	}
	if err := acquireWeight(r.Context(), s.decoded, weight, s.QueueWait); err != nil {
		return nil, err
	}
	defer s.decoded.Release(weight)
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(documentTime)) // not supported by a test's recorder
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, route.MaxBytes))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, tooLarge
	}
	if err != nil {
		return nil, badBody
	}
	if body, err = decodeDocument(kind, body, route.MaxBytes, tooLarge); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), s.StoreTimeout)
	defer cancel()
	return route.Handle(ctx, &Document{label, r.URL.Query(), body})
}
