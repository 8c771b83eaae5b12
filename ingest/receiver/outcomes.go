package receiver

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Records names the records of one lane and source whose outcomes a client asks
// for.
type Records struct {
	Lane   Lane
	Source string       // label of the client's token: other sources' records stay hidden
	Since  time.Time    // all of them were received at or after this time
	Ranges []RecordSpan // at most maxSpans, in the client's order
}

// RecordSpan is a range of record numbers in a lane's log.
type RecordSpan struct{ First, Last uint64 }

// Outcomes are the results of records. While any of them is pending, only
// Pending is set.
type Outcomes struct {
	Records int            `json:"records"`  // that are done
	Pending int            `json:"pending"`  // in the log and not yet in the warehouse
	Unknown int            `json:"unknown"`  // of another source, too old, or never stored
	Lines   int            `json:"lines"`    // lines of the records that are done
	Counts  map[string]int `json:"outcomes"` // number of their lines by outcome
	NotKept int            `json:"not_kept"` // of these, dead letters beyond their source's quota
}

// outcomesPath is the path of the outcomes of a client's records.
const outcomesPath = "/v1/logs/outcomes"

// Limits of a question: it is part of the URL, and its answer is looked up in
// files.
const (
	maxSpans   = 200
	maxRecords = 100_000
)

var (
	badRecords = &Refusal{
		http.StatusBadRequest, "unknown_records",
		"want records=3-7,9 of a lane, at most 200 ranges, and since=TIME, as in the header Glint-Outcomes of the answer to POST", 0,
	}
	noOutcomes = &Refusal{http.StatusServiceUnavailable, "no_outcomes", "the receipts could not be read now", 5 * time.Second}
)

// outcomes answers with the outcomes of the records of a client's bodies.
func (s *Server) outcomes(w http.ResponseWriter, r *http.Request) {
	var b Body
	if err := s.authorize(r, &b); err != nil {
		refusal, _ := errors.AsType[*Refusal](err) // authorize returns no other errors
		refusal.write(w)
		return
	}
	q := Records{Lane: b.Lane, Source: b.Source}
	var err error
	if q.Ranges, err = parseSpans(r.URL.Query().Get("records")); err == nil {
		q.Since, err = time.Parse(time.RFC3339Nano, r.URL.Query().Get("since"))
	}
	if err != nil {
		badRecords.write(w)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.StoreTimeout)
	defer cancel()
	if err := acquire(ctx, s.asking, s.QueueWait); err != nil { // only one request at a time reads the receipts
		busy.write(w)
		return
	}
	defer s.asking.Release(1)
	o, err := s.Outcomes(ctx, q)
	if err != nil {
		if n, ok := s.failures.pass(time.Now()); ok {
			s.Logger.Error("outcomes not read", "error", err, "repeats", n)
		}
		noOutcomes.write(w)
		return
	}
	writeJSON(w, http.StatusOK, o)
}

// parseSpans reads ranges in the form 3-7,9.
func parseSpans(text string) (spans []RecordSpan, err error) {
	parts := strings.Split(text, ",")
	if len(parts) > maxSpans {
		return nil, badRecords
	}
	total := uint64(0)
	for _, part := range parts {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		var s RecordSpan
		if s.First, err = strconv.ParseUint(first, 10, 63); err != nil {
			return nil, err
		}
		if s.Last, err = strconv.ParseUint(last, 10, 63); err != nil {
			return nil, err
		}
		if s.First == 0 || s.Last < s.First || s.Last-s.First >= maxRecords {
			return nil, badRecords
		}
		if total += s.Last - s.First + 1; total > maxRecords {
			return nil, badRecords
		}
		spans = append(spans, s)
	}
	return spans, nil
}
