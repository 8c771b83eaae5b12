package receiver

import (
	"net/http"
	"time"

	"glint/ingest/receiver/codec"
)

// Lane keeps what is sent again from delaying what happens now.
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

// Body is a body of lines and what the server knows about it. It belongs to
// Store until Store returns, and must not be used after that.
type Body struct {
	Bytes        []byte // as they came, compressed where Codec says so; not to be changed
	Codec        codec.Codec
	DecodedBytes int64
	Lines        int       // those that are not blank
	ReceivedAt   time.Time // when the last byte was there; UTC, milliseconds
	Lane         Lane
	Source       string // the label of the token it came with
	Record       uint64 // number in the log, for the answer; Store sets it; 0: unknown

	problem   string // why none of the lines is an event; "": one is, or not all of them were looked at
	longLines int
	lease     lease
}
