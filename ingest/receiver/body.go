package receiver

import (
	"net/http"
	"time"

	"glint/ingest/receiver/codec"
)

// Lane separates live lines from replayed ones, so that a replay does not delay
// live lines.
type Lane string

// The lanes, as the table opens names them in its column source.
const (
	LaneLive   Lane = "live"
	LaneReplay Lane = "replay"
)

// laneOf reads ?lane=live|replay; live is the default.
func laneOf(r *http.Request) (Lane, error) {
	if r.URL.RawQuery == "" {
		return LaneLive, nil
	}
	switch lane := r.URL.Query().Get("lane"); lane {
	case "", string(LaneLive):
		return LaneLive, nil
	case string(LaneReplay):
		return LaneReplay, nil
	}
	return "", badLane
}

// Body is a body of lines with its metadata. It belongs to Store until Store
// returns, and must not be used after that.
type Body struct {
	Bytes        []byte // as received, compressed as Codec says; not to be changed
	Codec        codec.Codec
	DecodedBytes int64
	Lines        int       // number of lines that are not blank
	ReceivedAt   time.Time // time at which the last byte was read; UTC, milliseconds
	Lane         Lane
	Source       string // label of its token
	Record       uint64 // record number in the log, set by Store for the answer; 0: unknown

	problem   string // why no line is an event; "": a line is, or not all were looked at
	longLines int
	lease     lease
}
