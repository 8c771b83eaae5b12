package toolchain

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
)

const (
	// The heartbeat on a terminal, which changes one line, and elsewhere, where
	// every beat adds a line.
	terminalBeat = time.Second
	plainBeat    = 20 * time.Second

	terminalWidth = 79
	tailLines     = 20
)

// screen reports one install. As a writer it takes the output of a package
// client and remembers the last line. It is safe for concurrent use.
type screen struct {
	title    string
	terminal bool
	beat     time.Duration

	mu       sync.Mutex
	out      io.Writer
	partial  []byte // of a line that has not ended yet
	last     string
	compiled int
}

func newScreen(out io.Writer, title string) *screen {
	s := &screen{out: out, title: title, beat: plainBeat}
	if f, ok := out.(*os.File); ok && isTerminal(f) && os.Getenv("TERM") != "dumb" {
		s.terminal, s.beat = true, terminalBeat
	}
	return s
}

// say writes one line.
func (s *screen) say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = fmt.Fprintf(s.out, "%s: %s\n", s.title, text)
}

// note is what the heartbeat shows until the next line of output.
func (s *screen) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = text
}

// Write takes output. It never fails.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range p {
		if b != '\n' && b != '\r' {
			s.partial = append(s.partial, b)
			continue
		}
		if line := printable(string(s.partial)); line != "" {
			s.last = line
			if strings.HasPrefix(line, "Compiling ") { // cargo
				s.compiled++
			}
		}
		s.partial = s.partial[:0]
	}
	return len(p), nil
}

// printable keeps the text and drops what a terminal would act on.
func printable(line string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, line))
}

// start says what is beginning and keeps the heartbeat going until stop is
// called.
func (s *screen) start(plan string) (stop func(ok bool)) {
	s.say(plan)
	begin := time.Now()
	ticker := time.NewTicker(s.beat)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		s.follow(ticker.C, done, begin)
	}()
	return func(ok bool) {
		ticker.Stop()
		close(done)
		<-ended
		s.clear()
		if ok {
			s.say("ready after " + elapsed(time.Since(begin)))
		}
	}
}

func (s *screen) follow(ticks <-chan time.Time, done <-chan struct{}, begin time.Time) {
	for {
		select {
		case <-done:
			return
		case now := <-ticks:
			s.show(now.Sub(begin))
		}
	}
}

// show writes one heartbeat.
func (s *screen) show(after time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := s.title + ": " + elapsed(after)
	if s.compiled > 0 {
		line += fmt.Sprintf(", %d crates", s.compiled)
	}
	if s.last != "" {
		line += ", " + s.last
	}
	if runes := []rune(line); len(runes) > terminalWidth {
		line = string(runes[:terminalWidth-1]) + "…"
	}
	if s.terminal {
		_, _ = io.WriteString(s.out, "\r\x1b[K"+line)
		return
	}
	_, _ = io.WriteString(s.out, line+"\n")
}

func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.terminal {
		_, _ = io.WriteString(s.out, "\r\x1b[K")
	}
}

// showTail writes the end of a log file.
func (s *screen) showTail(path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		s.say("read log: " + err.Error())
		return
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) > tailLines {
		lines = lines[len(lines)-tailLines:]
	}
	s.say(fmt.Sprintf("the last lines of %s:", path))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range lines {
		_, _ = fmt.Fprintf(s.out, "    %s\n", printable(line))
	}
}

func elapsed(d time.Duration) string { return d.Round(time.Second).String() }
