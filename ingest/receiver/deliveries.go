package receiver

import (
	"context"
	"errors"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"glint/ingest/receiver/codec"
)

// DeliveryPost is a body of events other than opens, with its origin.
type DeliveryPost struct {
	Query  map[string]string // format, campaign, time_zone
	Header http.Header
	Bytes  []byte // decoded; not to be used after Deliveries.Take has returned
	Source string // name of a webhook's source; "": posted with a token
	Secret string // path segment after the name; "" if absent
}

// Deliveries accepts events other than opens.
type Deliveries interface {
	// Knows reports whether a webhook source of that name is configured.
	Knows(source string) bool
	// Take makes the events durable and returns the answer with its status. A
	// *Refusal is sent to the client, any other error gives 503.
	Take(ctx context.Context, p *DeliveryPost) (status int, answer any, err error)
}

// Limits of a body of events: as sent, decoded, and decoded in total at a time.
// Reading a body takes several times its size.
const (
	maxDeliveryBytes = 32 << 20
	allDeliveryBytes = 2 * maxDeliveryBytes
)

// Refusals of these routes, in addition to the ones for log lines.
var (
	wrongDeliveryScope = &Refusal{http.StatusForbidden, "wrong_scope", "the token is not for this; give it the scope deliveries", 0}
	largeDeliveries    = &Refusal{http.StatusRequestEntityTooLarge, "too_large", "send at most 32 MiB at once", 0}
	unknownSource      = &Refusal{http.StatusUnauthorized, "unproven", "the post is not proven to be that of a source in the file of webhooks", 0}
)

// Unproven returns the refusal of a webhook post whose origin is not proven.
func Unproven() *Refusal { return unknownSource }

func (s *Server) deliveries(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	status, answer, err := s.takeDeliveries(w, r)
	took := time.Since(start)
	if err == nil {
		s.metrics.answered(status, took)
		writeJSON(w, status, answer)
		return
	}
	refusal, ok := errors.AsType[*Refusal](err)
	if !ok {
		refusal = notStored
		if n, ok := s.failures.pass(time.Now()); ok {
			s.Logger.Error("events not stored", "error", err, "repeats", n)
		}
	}
	s.metrics.rejected(refusal, took)
	refusal.write(w)
}

// takeDeliveries makes the cheap checks first, as accept does.
func (s *Server) takeDeliveries(w http.ResponseWriter, r *http.Request) (status int, answer any, err error) {
	p := DeliveryPost{Header: r.Header, Source: r.PathValue("source"), Secret: r.PathValue("secret")}
	if r.Method != http.MethodPost {
		return 0, nil, postOnly
	}
	if err := s.authorizeDeliveries(r, &p); err != nil {
		return 0, nil, err
	}
	kind, known, err := codec.Parse(encodingOf(r))
	switch {
	case err != nil:
		return 0, nil, badCodec
	case r.ContentLength > maxDeliveryBytes:
		return 0, nil, largeDeliveries
	}
	if err := acquire(r.Context(), s.slots, s.QueueWait); err != nil {
		return 0, nil, err
	}
	defer s.slots.Release(1)
	var l lease
	s.memory.lease(&l)
	defer l.release()
	sent, err := s.receive(w, r, &l)
	switch {
	case err != nil:
		return 0, nil, err
	case len(sent) > maxDeliveryBytes:
		return 0, nil, largeDeliveries
	case !known:
		kind = codec.Detect(sent)
	}
	weight := int64(len(sent)) + 1
	if kind != codec.Plain {
		weight = maxDeliveryBytes
	}
	if err := acquireWeight(r.Context(), s.decoded, weight, s.QueueWait); err != nil {
		return 0, nil, err
	}
	defer s.decoded.Release(weight)
	if p.Bytes, err = decodeDocument(kind, sent, maxDeliveryBytes, largeDeliveries); err != nil {
		return 0, nil, err
	}
	for _, name := range []string{"format", "campaign", "time_zone"} {
		if value := r.URL.Query().Get(name); value != "" {
			if p.Query == nil {
				p.Query = map[string]string{}
			}
			p.Query[name] = value
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), s.StoreTimeout)
	defer cancel()
	return s.Deliveries.Take(ctx, &p)
}

// authorizeDeliveries requires a token with the scope or a known source. A
// source's proof is checked later, as it needs the body.
func (s *Server) authorizeDeliveries(r *http.Request, p *DeliveryPost) error {
	if p.Source != "" {
		if !s.Deliveries.Knows(p.Source) {
			return unknownSource
		}
		return nil
	}
	if s.RequireClientCert && !hasClientCert(r.TLS) {
		return noClientCert
	}
	_, scopes, ok := s.Tokens.identify(r.Header.Values("Authorization"))
	switch {
	case !ok:
		return unauthorized
	case !scopes.has(ScopeDeliveries):
		return wrongDeliveryScope
	}
	return nil
}

// decodeDocument returns the decoded body, or tooLarge if it exceeds limit
// bytes.
func decodeDocument(kind codec.Codec, sent []byte, limit int64, tooLarge *Refusal) ([]byte, error) {
	if kind == codec.Plain || len(sent) == 0 {
		return sent, nil
	}
	text, err := codec.AppendDecoded(nil, kind, sent, limit)
	switch {
	case errors.Is(err, codec.ErrTooLarge):
		return nil, tooLarge
	case errors.Is(err, codec.ErrWindow):
		return nil, badWindow
	case err != nil:
		return nil, badBody
	}
	return text, nil
}

// acquireWeight is acquire for a weight above one.
func acquireWeight(ctx context.Context, s *semaphore.Weighted, weight int64, wait time.Duration) error {
	if s.TryAcquire(weight) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if s.Acquire(ctx, weight) != nil {
		return busy
	}
	return nil
}
