package classify

import (
	"fmt"
	"strconv"
	"strings"

	"glint/cli/internal/output"
	"glint/edge/classify"
)

// pageWidth is the column at which text wraps.
const pageWidth = 100

// sheet is text in sections: a heading, and lines with a name and a text.
type sheet struct{ b strings.Builder }

func (s *sheet) head(format string, args ...any) {
	if s.b.Len() > 0 {
		s.b.WriteByte('\n')
	}
	fmt.Fprintf(&s.b, format+"\n", args...)
}

// line adds a wrapped line of untrusted text or a rule's comment; an empty text
// adds nothing.
func (s *sheet) line(name, text string) {
	const column = 14
	if text == "" {
		return
	}
	fmt.Fprintf(&s.b, "  %-*s", column, name)
	used := 2 + column
	for i, word := range strings.Fields(output.Safe(text)) {
		if i > 0 && used+1+output.Width(word) > pageWidth {
			s.b.WriteString("\n" + strings.Repeat(" ", 2+column))
			used = 2 + column
		} else if i > 0 {
			s.b.WriteByte(' ')
			used++
		}
		s.b.WriteString(word)
		used += output.Width(word)
	}
	s.b.WriteByte('\n')
}

// page returns an explanation of the verdict, which ends with a line feed. ignored is
// the reason if `glint ignore` names the client, or empty.
func page(r *classify.Request, ignored string) []byte {
	e := classify.Explain(r)
	var s sheet
	if ignored != "" {
		s.head("%s, by your own list: %s", classify.NotImage, ignored)
		s.line("rests on", "glint ignore names this client, so its opens never count.")
		s.line("otherwise", "it would be judged as follows.")
	}
	s.head("%s, by rule %d of %d: %s", e.Verdict.Class, e.Fired.Number, classify.Rules(), e.Verdict.Reason)
	s.line("rests on", e.Fired.Meaning)
	s.line("source", e.Fired.Source)
	s.line("wrong about", e.Fired.Wrong)
	s.line("rules", "version "+strconv.Itoa(int(classify.RulesetVersion)))
	if n := e.Next; n != nil {
		s.line("without it", fmt.Sprintf("%s, by rule %d: %s", n.Verdict.Class, n.Number, n.Verdict.Reason))
	}

	s.head("The request")
	writeRequest(&s, r)
	for i, seen := range e.Seen {
		s.line([]string{"seen in it", ""}[min(i, 1)], "· "+seen)
	}
	s.line("words", strings.Join(e.Words, " · "))

	s.head("Who sent it")
	s.line("client", e.Facts.Client)
	s.line("vendor", e.Facts.Vendor)
	s.line("system", e.Facts.OS)
	s.line("device", e.Facts.Device)

	s.head("Rules before it that one condition kept from deciding")
	for i := range e.Near {
		writeNear(&s, &e.Near[i])
	}
	if len(e.Near) == 0 {
		s.line("none", "no other rule came near")
	}
	return []byte(s.b.String())
}

func writeRequest(s *sheet, r *classify.Request) {
	agent := r.UserAgent
	if agent == "" {
		agent = "(empty)"
	}
	s.line("user agent", agent)
	s.line("method", r.Method)
	s.line("network", r.Network)
	if r.ASNumber != 0 {
		s.line("AS number", strconv.FormatUint(uint64(r.ASNumber), 10))
	}
	s.line("proxy", strings.TrimSpace(r.ProxyType+" "+r.ProxyDescription))
	s.line("page", r.RefererHost)
	s.line("protocol", r.Protocol)
	s.line("bot detection", r.BotDetection)
	if r.SentKnown {
		s.line("after sending", r.SinceSend.String())
	}
}

// writeNear writes a rule and the condition that kept it from firing.
func writeNear(s *sheet, f *classify.Finding) {
	why := "it would need: " + strings.Join(f.Missing, "; or: ")
	if len(f.Against) > 0 {
		why = "against it: " + strings.Join(f.Against, "; ")
	}
	fmt.Fprintf(&s.b, "  %d %s → %s\n", f.Number, f.Verdict.Reason, f.Verdict.Class)
	s.line("", f.Meaning)
	s.line("", why)
}
