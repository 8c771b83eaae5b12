package admission

import (
	"sync/atomic"

	"glint/ingest/receiver"
)

// watermark refuses bodies from the level stop on and admits them again from
// resume on, so that a level near the mark does not change the answer with every
// body. With stop above resume a high level is bad (a backlog), with stop below
// resume a low one (free bytes). It is safe for concurrent use.
type watermark struct {
	level        func() int64 // cheap: it is called for every body
	stop, resume int64
	refusal      *receiver.Refusal

	closed atomic.Bool
}

// admit returns the refusal while bodies are refused, else nil.
func (m *watermark) admit() *receiver.Refusal {
	level, stop, resume := m.level(), m.stop, m.resume
	if stop < resume {
		level, stop, resume = -level, -stop, -resume
	}
	switch {
	case level >= stop:
		m.closed.Store(true)
	case level <= resume:
		m.closed.Store(false)
	}
	if m.closed.Load() {
		return m.refusal
	}
	return nil
}
