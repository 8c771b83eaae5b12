package receiver

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"time"

	"glint/ingest/receiver/codec"
)

// logs handles one body of lines.
func (s *Server) logs(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	var b Body
	err := s.accept(w, r, &b)
	took := time.Since(start)
	if err == nil {
		s.metrics.accepted(&b, took)
		writeAnswer(w, &b)
		return
	}
	refusal, ok := errors.AsType[*Refusal](err)
	if !ok {
		refusal = notStored
		if n, ok := s.failures.pass(time.Now()); ok {
			s.Logger.Error("body not stored", "error", err, "repeats", n)
		}
	}
	s.metrics.rejected(refusal, took)
	refusal.write(w)
}

// maxLines bounds the lines of a body, blank ones included, at a hundred times
// Fastly's default: the stages after the log need time and memory per line, not
// per byte.
const maxLines = 1_000_000

// accept makes the cheap checks first: the body is read only after its headers
// have passed, and with Expect: 100-continue it is sent only then.
func (s *Server) accept(w http.ResponseWriter, r *http.Request, b *Body) error {
	if r.Method != http.MethodPost && r.Method != http.MethodPut { // Fastly can do both
		return postOnly
	}
	if err := s.authorize(r, b); err != nil {
		return err
	}
	kind, known, err := codec.Parse(encodingOf(r))
	if err != nil {
		return badCodec
	}
	if r.ContentLength > s.MaxBodyBytes {
		return tooLarge
	}
	if s.Admit != nil {
		if err := s.Admit(b.Lane, b.Source); err != nil {
			return err
		}
	}
	if err := acquire(r.Context(), s.slots, s.QueueWait); err != nil {
		return err
	}
	defer s.slots.Release(1)
	s.metrics.bodies.Add(1)
	defer s.metrics.bodies.Add(-1)

	s.memory.lease(&b.lease)
	defer b.lease.release()
	if b.Bytes, err = s.receive(w, r, &b.lease); err != nil {
		return err
	}
	b.ReceivedAt = s.Now().UTC().Truncate(time.Millisecond)
	if b.Codec = kind; !known {
		b.Codec = codec.Detect(b.Bytes)
	}
	if err := s.count(r.Context(), b); err != nil || b.Lines == 0 {
		return err
	}
	return s.store(r.Context(), b)
}

// authorize sets the source and the lane of b. It returns a *Refusal if a valid
// token of scope logs or a required client certificate is missing, and for an
// unknown lane.
func (s *Server) authorize(r *http.Request, b *Body) error {
	var err error
	if b.Source, err = s.identify(r, ScopeLogs); err != nil {
		return err
	}
	b.Lane, err = laneOf(r)
	return err
}

// identify returns the label of a request's token if the token has the scope.
func (s *Server) identify(r *http.Request, scope Scope) (label string, err error) {
	if s.RequireClientCert && !hasClientCert(r.TLS) {
		return "", noClientCert
	}
	label, scopes, ok := s.Tokens.identify(r.Header.Values("Authorization"))
	switch {
	case !ok:
		return "", unauthorized
	case !scopes.has(scope):
		return "", wrongScopeOf(scope)
	}
	return label, nil
}

func hasClientCert(c *tls.ConnectionState) bool { return c != nil && len(c.VerifiedChains) > 0 }

// encodingOf joins repeated headers, so that several encodings are refused.
func encodingOf(r *http.Request) string {
	switch values := r.Header.Values("Content-Encoding"); len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	}
	return "several"
}

// count decodes the body once and sets its number of lines and decoded bytes.
// At most one body per processor is decoded at a time. It returns a *Refusal
// for a damaged body and for a body that is too large.
func (s *Server) count(ctx context.Context, b *Body) error {
	if len(b.Bytes) == 0 {
		return nil // also if a codec was named
	}
	if b.Codec != codec.Plain {
		if err := acquire(ctx, s.decoders, s.QueueWait); err != nil {
			return err
		}
		defer s.decoders.Release(1)
	}
	var look look
	counts, err := codec.Count(b.Codec, b.Bytes, codec.Limits{Bytes: s.MaxDecodedBytes, Lines: maxLines, LineBytes: s.MaxLineBytes}, look.head)
	switch {
	case errors.Is(err, codec.ErrTooLarge):
		return tooLarge
	case errors.Is(err, codec.ErrWindow):
		return badWindow
	case err != nil:
		return badBody
	}
	b.Lines, b.longLines, b.DecodedBytes = counts.Lines, counts.LongLines, counts.DecodedBytes
	b.problem = look.problem(counts)
	return nil
}

// store calls Store with the body, for StoreTimeout at most. It continues if
// the client disconnects, since the client would send the body again.
func (s *Server) store(ctx context.Context, b *Body) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.StoreTimeout)
	defer cancel()
	b.lease.spoiled = true // Store may still use the buffers, so they must not be reused
	start := time.Now()
	if err := s.Store(ctx, b); err != nil {
		return err
	}
	s.metrics.storeSeconds.Observe(time.Since(start).Seconds())
	b.lease.spoiled = false
	return nil
}
