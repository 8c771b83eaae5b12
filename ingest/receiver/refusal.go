package receiver

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Refusal is an answer other than 2xx, with its reason for the sender. Admit
// and Store may return one.
type Refusal struct {
	Status     int
	Reason     string // a stable word; it is a metric label, so there are few
	Message    string // advice for the sender; nothing secret
	RetryAfter time.Duration
}

// Error implements error.
func (r *Refusal) Error() string { return "server: " + r.Reason }

// The refusals of this package. RetryAfter 0 means that the same body would be
// refused again.
var (
	badLane      = &Refusal{http.StatusBadRequest, "unknown_lane", "lane is live or replay", 0}
	badBody      = &Refusal{http.StatusBadRequest, "broken_body", "the body ended early or its compression is damaged", 0}
	unauthorized = &Refusal{http.StatusUnauthorized, "unauthorized", "send one ingest token as Authorization: Bearer <token>", 0}
	noClientCert = &Refusal{http.StatusUnauthorized, "no_client_certificate", "send a client certificate of the configured authority", 0}
	wrongScope   = &Refusal{http.StatusForbidden, "wrong_scope", "the token is not for this; give it the scope logs", 0}
	noRoute      = &Refusal{http.StatusNotFound, "no_such_route", "POST log lines to /v1/logs, messages to /v1/sends, other events to /v1/deliveries, choices to /v1/consent", 0}
	postOnly     = &Refusal{http.StatusMethodNotAllowed, "method_not_allowed", "use POST or PUT", 0}
	readOnly     = &Refusal{http.StatusMethodNotAllowed, "method_not_allowed", "use GET", 0}
	tooSlow      = &Refusal{http.StatusRequestTimeout, "too_slow", "send faster", 0}
	tooLarge     = &Refusal{http.StatusRequestEntityTooLarge, "too_large", "send smaller bodies: lower the log endpoint's request_max_bytes", 0}
	badCodec     = &Refusal{http.StatusUnsupportedMediaType, "unknown_encoding", "send the body plain, or compressed once by gzip, zstd or framed snappy", 0}
	badWindow    = &Refusal{http.StatusUnsupportedMediaType, "unknown_encoding", "compress with a zstd window of at most 8 MiB and no dictionary", 0}
	busy         = &Refusal{http.StatusTooManyRequests, "busy", "too many bodies at once; send it again", 2 * time.Second}
	notStored    = &Refusal{http.StatusServiceUnavailable, "not_stored", "the lines could not be stored now; send them again", 5 * time.Second}
)

// refusals lists the refusals of POST /v1/logs; their counters exist from the
// start.
var refusals = []*Refusal{
	badLane, badBody, unauthorized, noClientCert, wrongScope, postOnly, tooSlow, tooLarge, badCodec, busy, notStored, unknownSource,
}

// wrongScopeOf returns the refusal of a token that lacks the scope.
func wrongScopeOf(scope Scope) *Refusal {
	if scope == ScopeLogs {
		return wrongScope
	}
	return &Refusal{wrongScope.Status, wrongScope.Reason, "the token is not for this; give it the scope " + string(scope), 0}
}

func (r *Refusal) write(w http.ResponseWriter) {
	h := w.Header()
	if r.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(max(1, int((r.RetryAfter+time.Second-1)/time.Second))))
	}
	if r.Status == http.StatusForbidden {
		h.Set("WWW-Authenticate", `Bearer realm="glint"`) // RFC 6750 §3
	}
	switch r {
	case unauthorized, noClientCert, wrongScope, wrongDeliveryScope:
		h.Set("WWW-Authenticate", `Bearer realm="glint"`) // RFC 6750 §3
	case postOnly:
		h.Set("Allow", "POST, PUT")
	case readOnly:
		h.Set("Allow", "GET, HEAD")
	case tooSlow:
		h.Set("Connection", "close") // RFC 9110 §15.5.9
	}
	writeJSON(w, r.Status, map[string]string{"reason": r.Reason, "message": r.Message})
}

var contentTypeJSON = []string{"application/json"}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header()["Content-Type"] = contentTypeJSON
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // the client may have gone
}

func writeText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(text)) // the client may have gone
}

func getOnly(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			readOnly.write(w)
			return
		}
		h(w, r)
	}
}
