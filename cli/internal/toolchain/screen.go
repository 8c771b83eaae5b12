package toolchain

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"
)

// tailLines is the number of lines of a failed installer's output that are shown.
const tailLines = 20

// screen reports one install, in lines that begin with its title.
type screen struct {
	title string
	out   io.Writer
}

// say writes one line.
func (s *screen) say(text string) { _, _ = fmt.Fprintf(s.out, "%s: %s\n", s.title, text) }

// ready reports an install that began at that time and is done.
func (s *screen) ready(begin time.Time) {
	s.say("ready after " + time.Since(begin).Round(time.Second).String())
}

// showTail writes the end of a log file.
func (s *screen) showTail(path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		s.say("read log: " + err.Error())
		return
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	s.say(fmt.Sprintf("the last lines of %s:", path))
	for _, line := range lines {
		_, _ = fmt.Fprintf(s.out, "    %s\n", printable(line))
	}
}

// printable returns a line without the characters that steer a terminal.
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
