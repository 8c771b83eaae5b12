package logstream

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Outcomes are what became of records, as GET /v1/logs/outcomes says.
type Outcomes struct {
	Records int            `json:"records"`  // that are done
	Pending int            `json:"pending"`  // that are in the log and not yet in the warehouse
	Unknown int            `json:"unknown"`  // of which ingest has no receipt that this token may see
	Lines   int            `json:"lines"`    // of the records that are done
	Counts  map[string]int `json:"outcomes"` // their lines by outcome
	NotKept int            `json:"not_kept"` // a part of them: dead letters beyond their source's quota
}

// Outcomes asks what became of records of a lane, which were received at since
// or later. Records is a list of numbers and ranges, as in 3-7,9.
func (p *Poster) Outcomes(ctx context.Context, lane string, since time.Time, records string) (Outcomes, error) {
	query := url.Values{"lane": {lane}, "since": {since.UTC().Format(time.RFC3339Nano)}, "records": {records}}
	r, err := p.request(ctx, http.MethodGet, "/v1/logs/outcomes", query.Encode(), nil)
	if err != nil {
		return Outcomes{}, fmt.Errorf("ask for outcomes: %w", err)
	}
	var o struct {
		Outcomes
		Counts *map[string]int `json:"outcomes"`
	}
	_, err = p.exchange(r, &o, func() string {
		if o.Counts == nil {
			return "without outcomes"
		}
		return ""
	})
	if err != nil {
		return Outcomes{}, failed("ask for outcomes", err)
	}
	o.Outcomes.Counts = *o.Counts
	return o.Outcomes, nil
}

// isObject reports whether a text may be a JSON object: null would be taken for one.
func isObject(text []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(text), []byte{'{'}) }
