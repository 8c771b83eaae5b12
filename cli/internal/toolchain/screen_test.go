package toolchain

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestHeartbeatTellsTimeAndLastLine(t *testing.T) {
	for _, test := range []struct {
		name     string
		terminal bool
		output   string
		want     string
	}{
		{name: "nothing yet", want: "viceroy 0.22.0: 1m20s\n"},
		{name: "the last whole line", output: "one\ntwo\nthr", want: "viceroy 0.22.0: 1m20s, two\n"},
		{name: "crates are counted", output: "   Compiling a v1\n   Compiling b v2\n", want: "viceroy 0.22.0: 1m20s, 2 crates, Compiling b v2\n"},
		{name: "empty lines do not count", output: "one\n\n \n", want: "viceroy 0.22.0: 1m20s, one\n"},
		{name: "what a terminal would obey is dropped", output: "\x1b[31mred\x07\n", want: "viceroy 0.22.0: 1m20s, [31mred\n"},
		{name: "a carriage return ends a line", output: "10%\r20%\r", want: "viceroy 0.22.0: 1m20s, 20%\n"},
		{name: "one changing line on a terminal", terminal: true, output: "one\n", want: "\r\x1b[Kviceroy 0.22.0: 1m20s, one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			s := newScreen(&out, "viceroy 0.22.0")
			s.terminal = test.terminal
			if _, err := io.WriteString(s, test.output); err != nil {
				t.Fatal(err)
			}
			s.show(80 * time.Second)
			if out.String() != test.want {
				t.Errorf("%q, want %q", out.String(), test.want)
			}
		})
	}
}

func TestHeartbeatFitsTheTerminal(t *testing.T) {
	var out bytes.Buffer
	s := newScreen(&out, "engine 26.7.3")
	s.note(strings.Repeat("ä", 200))
	s.show(time.Minute)
	if n := utf8.RuneCountInString(strings.TrimSuffix(out.String(), "\n")); n != terminalWidth {
		t.Errorf("%d characters, want %d", n, terminalWidth)
	}
}

func TestEachTickIsOneBeatUntilStopped(t *testing.T) {
	var out bytes.Buffer
	s := newScreen(&out, "engine 26.7.3")
	ticks, done, ended := make(chan time.Time), make(chan struct{}), make(chan struct{})
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	go func() {
		defer close(ended)
		s.follow(ticks, done, begin)
	}()
	ticks <- begin.Add(20 * time.Second)
	ticks <- begin.Add(40 * time.Second)
	close(done)
	<-ended
	if got, want := out.String(), "engine 26.7.3: 20s\nengine 26.7.3: 40s\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
