package server

import (
	"net/http"
	"strconv"
)

// refusal is an answer other than 2xx, with its reason for the sender.
type refusal struct {
	status     int
	reason     string // one word, stable
	message    string // what to do
	retryAfter int    // seconds; 0: do not send the same again
}

func (r *refusal) Error() string { return "server: " + r.reason }

func (r *refusal) write(w http.ResponseWriter) {
	if r.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(r.retryAfter))
	}
	if r.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="glint"`)
	}
	writeJSON(w, r.status, map[string]string{"reason": r.reason, "message": r.message})
}

var (
	unauthorized = &refusal{http.StatusUnauthorized, "unauthorized", "send the ingest token as Authorization: Bearer <token>", 0}
	badLane      = &refusal{http.StatusBadRequest, "unknown_lane", "lane is live or replay", 0}
	tooLarge     = &refusal{http.StatusRequestEntityTooLarge, "too_large", "send smaller bodies: lower the log endpoint's request_max_bytes", 0}
	badCodec     = &refusal{http.StatusUnsupportedMediaType, "unknown_encoding", "send the body plain, or compressed by gzip or zstd", 0}
	badBody      = &refusal{http.StatusBadRequest, "broken_body", "the body ended early or its compression is damaged", 0}
	unavailable  = &refusal{http.StatusServiceUnavailable, "not_stored", "the lines could not be stored now; send them again", 5}
)
