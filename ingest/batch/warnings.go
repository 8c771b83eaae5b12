package batch

import (
	"log/slog"
	"slices"
	"sync"
	"time"
)

// warningPause is the shortest time between two warnings about a source.
const warningPause = time.Minute

// sourceWarnings logs a warning about a source whose lines cannot be stored. A
// source has a token, so it is no stranger: such lines mean a faulty setup,
// which the operator should see in the log.
type sourceWarnings struct {
	mu      sync.Mutex
	sources map[string]*sourceWarning
	now     func() time.Time // nil: time.Now
}

// sourceWarning holds the counts of a source that are not logged yet.
type sourceWarning struct {
	quietUntil time.Time
	lines      int
	events     int
	notKept    int
	reasons    map[Outcome]int
}

// add counts the lines of a batch and warns of the sources with dead letters.
func (c *sourceWarnings) add(logger *slog.Logger, lane string, bodies []Body, r *Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now
	if c.now != nil {
		now = c.now
	}
	for i := range bodies {
		source, result := bodies[i].Source, &r.Bodies[i]
		p := c.sources[source]
		if p == nil {
			if result.DeadLetters == 0 {
				continue
			}
			if c.sources == nil {
				c.sources = map[string]*sourceWarning{}
			}
			p = &sourceWarning{reasons: map[Outcome]int{}}
			c.sources[source] = p
		}
		p.lines += bodies[i].Count
		p.events += len(result.Events)
		p.notKept += result.NotKept
		for outcome, n := range result.Others {
			if outcome.isDeadLetter() {
				p.reasons[outcome] += n
			}
		}
	}
	for source, p := range c.sources {
		if len(p.reasons) == 0 || now().Before(p.quietUntil) {
			continue
		}
		p.warn(logger, lane, source)
		*p = sourceWarning{quietUntil: now().Add(warningPause), reasons: map[Outcome]int{}}
	}
}

// warn logs the number of lines of a source that became dead letters, by reason, since
// the last warning, and first whether none of its lines was an event.
func (p *sourceWarning) warn(logger *slog.Logger, lane, source string) {
	if logger == nil {
		return
	}
	message := "some lines of a source cannot be stored; see: glint log deadletters list"
	if p.events == 0 {
		message = "no line of a source is an event; see: glint log deadletters show"
	}
	args := []any{"lane", lane, "source", source, "lines", p.lines, "events", p.events}
	var reasons []Outcome
	for outcome := range p.reasons {
		reasons = append(reasons, outcome)
	}
	slices.Sort(reasons)
	for _, outcome := range reasons {
		args = append(args, string(outcome), p.reasons[outcome])
	}
	if p.notKept > 0 {
		args = append(args, "not_kept", p.notKept)
	}
	logger.Warn(message, args...)
}
