package receiver

import "sync/atomic"

// Watermark is a gate with hysteresis, for Config.Admit: bodies are refused
// from Stop on and taken again from Resume on, so that a level near the mark
// does not open and close the gate with every body. With Stop above Resume a
// high level is bad (a backlog), with Stop below Resume a low one (free bytes).
// It is safe for concurrent use.
type Watermark struct {
	Level        func() int64 // cheap; it is asked for every body
	Stop, Resume int64
	Refusal      *Refusal

	closed atomic.Bool
}

// Admit returns Refusal while the gate is closed.
func (m *Watermark) Admit() error {
	level, stop, resume := m.Level(), m.Stop, m.Resume
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
		return m.Refusal
	}
	return nil
}

// Closed reports whether the gate was closed when it was last asked.
func (m *Watermark) Closed() bool { return m.closed.Load() }
