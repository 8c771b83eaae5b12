package logstream

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Outcomes are the outcomes of records in the answer to GET /v1/logs/outcomes.
type Outcomes struct {
	Records int            `json:"records"`  // that are done
	Pending int            `json:"pending"`  // in the log and not yet in the warehouse
	Unknown int            `json:"unknown"`  // without a receipt that this token may see
	Lines   int            `json:"lines"`    // lines of the records that are done
	Counts  map[string]int `json:"outcomes"` // number of their lines by outcome
	NotKept int            `json:"not_kept"` // of these, dead letters beyond their source's quota
}

// Outcomes returns the outcomes of records of a lane received at or after
// since. records is a list of numbers and ranges, such as 3-7,9.
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

// isObject reports whether a text may be a JSON object; null would decode as
// one.
func isObject(text []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(text), []byte{'{'}) }
