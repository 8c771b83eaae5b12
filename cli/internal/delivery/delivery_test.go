package delivery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"glint/ingest/logstream"
)

var at = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// delivered is a delivery of bodies of one line with these records, whose ingest
// answers questions about them.
func delivered(t *testing.T, answer http.HandlerFunc, records ...uint64) (d *Delivery, notes *bytes.Buffer) {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	poster := logstream.NewPoster(s.URL, "t", "")
	notes = &bytes.Buffer{}
	d = &Delivery{Poster: func() (*logstream.Poster, error) { return poster, nil }, Patience: 300 * time.Millisecond, Notes: notes}
	for _, r := range records {
		d.Taken(logstream.Answer{Lines: 1, Lane: "replay", Record: r, ReceivedAt: at})
	}
	return d, notes
}

func answers(o logstream.Outcomes) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(o) }
}

func TestTheWaitEndsWhenNothingIsPending(t *testing.T) {
	var asked atomic.Int64
	d, notes := delivered(t, func(w http.ResponseWriter, _ *http.Request) {
		o := logstream.Outcomes{Counts: map[string]int{}}
		if n := asked.Add(1); n < 3 {
			o.Pending = int(3 - n)
		} else {
			o.Records, o.Lines, o.Counts["stored"] = 1, 1, 1
		}
		_ = json.NewEncoder(w).Encode(o)
	}, 7)
	d.Patience = time.Minute
	if err := d.Report(t.Context()); err != nil || asked.Load() != 3 || notes.String() != "of 1 line: 1 stored\nall of it is in the warehouse\n" {
		t.Errorf("%v after %d questions, notes %q", err, asked.Load(), notes)
	}
}

func TestTheWaitDoesNotLastForEver(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"nothing moves", answers(logstream.Outcomes{Pending: 1, Counts: map[string]int{}}), "the warehouse takes no lines; they wait in the log"},
		{"an older ingest", http.NotFound, "ingest answered 404"},
		{"a login page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, "not ingest's answer"},
		{"ingest is busy", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "ingest answered 503"},
		{"no receipt", answers(logstream.Outcomes{Unknown: 1, Counts: map[string]int{}}), "ingest does not know what became of 1 body"},
		{"nothing of nothing", answers(logstream.Outcomes{Counts: map[string]int{}}), "ingest answered of 0 records, asked of 1"},
		{"of too many", answers(logstream.Outcomes{Records: 5, Counts: map[string]int{}}), "ingest answered of 5 records, asked of 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, notes := delivered(t, c.answer, 7)
			err := d.Report(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(notes.String(), "all of it") {
				t.Errorf("error %v, want %q; notes %q", err, c.want, notes)
			}
		})
	}
}

// TestEveryRecordIsAskedOfOnce has records with gaps, more than fit a question.
func TestEveryRecordIsAskedOfOnce(t *testing.T) {
	var records []uint64
	for i := range uint64(1000) {
		records = append(records, 3*i+1, 3*i+2)
	}
	for i := range uint64(120_000) {
		records = append(records, 10_000+i)
	}
	asked := map[uint64]int{}
	d, _ := delivered(t, func(w http.ResponseWriter, r *http.Request) {
		o := logstream.Outcomes{Counts: map[string]int{}}
		spans := strings.Split(r.URL.Query().Get("records"), ",")
		if len(spans) > maxSpans || r.URL.Query().Get("lane") != "replay" {
			t.Errorf("%d spans in one question", len(spans))
		}
		for _, span := range spans {
			var first, last uint64
			if n, _ := fmt.Sscanf(span, "%d-%d", &first, &last); n == 1 {
				last = first
			}
			for record := first; record <= last; record++ {
				asked[record]++
				o.Records++
			}
		}
		o.Lines, o.Counts["stored"] = o.Records, o.Records
		_ = json.NewEncoder(w).Encode(o)
	}, records...)
	all, err := d.Wait(t.Context())
	if err != nil || all.Lines != len(records) || all.Counts["stored"] != len(records) || len(asked) != len(records) {
		t.Fatalf("%+v of %d records, %d asked, %v", all, len(records), len(asked), err)
	}
	for record, n := range asked {
		if n != 1 {
			t.Fatalf("record %d was asked of %d times", record, n)
		}
	}
}

func TestNothingThatWasStoredIsAnError(t *testing.T) {
	d, notes := delivered(t, answers(logstream.Outcomes{Records: 1, Lines: 3, NotKept: 2, Counts: map[string]int{"not_event": 3}}), 7)
	err := d.Report(t.Context())
	if !errors.Is(err, ErrNothingStored) || !strings.Contains(notes.String(), "2 dead letters were not kept: the sender has used up its room") {
		t.Errorf("%v, notes %q", err, notes)
	}
}
