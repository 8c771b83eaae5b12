package batch

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestASourceIsWarnedOfOnceAMinute has a source of junk, one of events, and one
// of both.
func TestASourceIsWarnedOfOnceAMinute(t *testing.T) {
	var log bytes.Buffer
	at := now
	c := sourceWarnings{now: func() time.Time { return at }}
	logger := slog.New(slog.NewTextHandler(&log, nil))
	bodies := []Body{{Source: "junk", Count: 3}, {Source: "good", Count: 1}, {Source: "mixed", Count: 2}}
	result := &Result{Bodies: []BodyResult{
		{DeadLetters: 3, NotKept: 2, Others: map[Outcome]int{NotEvent: 2, BadTime: 1}},
		{Events: []uint64{1}, Others: map[Outcome]int{BadToken: 1}},
		{Events: []uint64{2}, DeadLetters: 1, Others: map[Outcome]int{UnknownKey: 1}},
	}}
	for range 10 {
		c.add(logger, "live", bodies, result)
	}
	text := log.String()
	if strings.Count(text, "\n") != 2 || strings.Contains(text, "good") ||
		!strings.Contains(text, `msg="no line of a source is an event; see: glint log deadletters show" lane=live source=junk lines=3 events=0 bad_time=1 not_event=2 not_kept=2`) ||
		!strings.Contains(text, `source=mixed lines=2 events=1 unknown_key=1`) {
		t.Errorf("log:\n%s", text)
	}
	log.Reset()
	at = at.Add(warningPause)
	c.add(logger, "live", bodies, result)
	if text := log.String(); !strings.Contains(text, "source=junk lines=30 events=0 bad_time=10 not_event=20 not_kept=20") {
		t.Errorf("what was held back is not in the next one:\n%s", text)
	}
}

// TestEveryOutcomeFitsAReceipt holds the names against the format.
func TestEveryOutcomeFitsAReceipt(t *testing.T) {
	for _, o := range Outcomes {
		r := BodyResult{Others: map[Outcome]int{o: 1}}
		for _, d := range r.details() {
			if len(d.Name) == 0 || len(d.Name) > 20 {
				t.Errorf("%s has %d bytes", d.Name, len(d.Name))
			}
		}
	}
}
