package output

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Progress prints the progress of a task on stderr: nothing in the first two
// seconds, then on a terminal one line that is rewritten, and elsewhere a line every ten
// seconds. It is safe for concurrent use.
type Progress struct {
	w        io.Writer
	verb     string
	total    int
	terminal bool
	now      func() time.Time

	mu    sync.Mutex
	done  int
	start time.Time
	shown time.Time
}

// NewProgress starts counting to total, 0 if unknown; verb is for example "registered".
func NewProgress(w io.Writer, verb string, total int) *Progress {
	return &Progress{w: w, verb: verb, total: total, terminal: IsTerminal(w), now: time.Now, start: time.Now()}
}

// Add adds n to the count.
func (p *Progress) Add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	every := 10 * time.Second
	if p.terminal {
		every = 200 * time.Millisecond
	}
	now := p.now()
	if now.Sub(p.start) < 2*time.Second || now.Sub(p.shown) < every {
		return
	}
	p.shown = now
	line := p.verb + " " + Count(uint64(p.done))
	if p.total > 0 {
		line += " of " + Count(uint64(p.total)) + p.left(now)
	}
	if p.terminal {
		fmt.Fprintf(p.w, "\r\x1b[K%s", line)
	} else {
		fmt.Fprintln(p.w, line)
	}
}

// left returns the completed share, and the estimated time for the rest, as text.
func (p *Progress) left(now time.Time) string {
	text := fmt.Sprintf(" (%d %%", 100*min(p.done, p.total)/p.total)
	if p.done > 0 && p.done < p.total {
		rest := time.Duration(float64(now.Sub(p.start)) / float64(p.done) * float64(p.total-p.done))
		text += ", about " + Duration(rest.Round(time.Second)) + " left"
	}
	return text + ")"
}

// End clears the line on a terminal.
func (p *Progress) End() {
	if p.terminal && !p.shown.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
