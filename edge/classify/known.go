package classify

import "strings"

// Most user agents begin alike, and all browsers but Firefox have the same words for
// their engine, frozen years ago (https://www.chromium.org/updates/ua-reduction/).
// These texts are scanned once, and later skipped. They change only the time of a
// reading: a test reads with and without them.

// beginnings are tried in their order. None may end within a possible longer word, as
// `Android` in `Android Mail`.
var beginnings = [...]string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64",
	"Mozilla/5.0 (iPhone; ",
	"Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
	"Mozilla/5.0 (Linux; Android 10; ",
	"Mozilla/5.0 (Linux; ",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7",
	"Mozilla/5.0 (X11; Linux x86_64",
	"YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749",
	"Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0; .NET4.0C; .NET4.0E; ",
	"Mozilla/5.0",
}

// middles begin with a bracket or a plus sign, and may be anywhere in a user agent.
var middles = [...]string{
	") AppleWebKit/537.36 (KHTML, like Gecko) ",
	") AppleWebKit/605.1.15 (KHTML, like Gecko) ",
	"+http://",
	"+https://",
}

// known is the result of the scan of a text.
type known struct {
	scan   scan
	seen   reading
	shape  traits
	shaped bool // every user agent with that beginning has the shape
}

var (
	knownBeginnings [len(beginnings)]known
	knownMiddles    [len(middles)]known
)

func fillKnown() {
	for i, text := range beginnings {
		k := knownOf(text)
		if strings.Count(text, "(") == 1 && strings.IndexByte(text, ')') < 0 {
			k.scan.from = len(text)
		}
		k.shape, k.shaped = shapeOf(text, 0), isShaped(text)
		knownBeginnings[i] = k
	}
	for i, text := range middles {
		knownMiddles[i] = knownOf(text)
	}
}

func knownOf(text string) (k known) {
	k.scan = scan{ua: text, counts: func(string) bool { return true }} // so that nothing is skipped
	k.scan.words(&k.seen, 0)
	k.scan.counts = nil
	return k
}

// isShaped reports whether no text after it can change the shape: it has a comment of
// another system than Apple's, or a sign that a lone product lacks.
func isShaped(text string) bool {
	open := strings.IndexByte(text, '(')
	return open >= 0 && !isOfApple(text[open+1:]) || open < 0 && strings.IndexByte(text, ';') >= 0
}

// skipBeginning adds the known facts of the user agent's beginning. It returns the
// index at which to continue, and the shape if it is known.
func (s *scan) skipBeginning(out *reading) (from int, shape traits, shaped bool) {
	for i := range beginnings {
		if !stands(beginnings[i], s.ua) {
			continue
		}
		k := &knownBeginnings[i]
		ua := s.ua
		*out, *s = k.seen, k.scan
		s.ua = ua
		return len(beginnings[i]), k.shape, k.shaped
	}
	return 0, 0, false
}

// skipMiddle adds the facts of a known text that begins with a sign, and returns its
// length.
func (s *scan) skipMiddle(out *reading, at int) int {
	if s.counts != nil {
		return 0
	}
	for i, text := range middles {
		if !stands(text, s.ua[at:]) {
			continue
		}
		k := &knownMiddles[i]
		if text[0] == ')' && s.middle == 0 {
			s.middle, s.behind = at, at+len(text)
		}
		s.engines |= k.scan.engines
		if webKit := k.scan.numbers.webKit; webKit != 0 {
			s.numbers.webKit = webKit
		}
		out.take(k.seen.traits, k.seen.label, k.seen.os, k.seen.device)
		return len(text)
	}
	return 0
}

// behindEngine returns the index after the engine, and the number of comments before
// it, if only Mozilla, the system and a known engine precede it; else 0.
func (s *scan) behindEngine() (at, comments int) {
	if s.from == 0 || s.middle == 0 {
		return 0, 0
	}
	for i := s.from; i < s.middle; i++ {
		if nameEnds[s.ua[i]]&bracket != 0 {
			return 0, 0
		}
	}
	return s.behind, browserComments
}

// stands reports whether s begins with text. It compares the end first, in which most
// texts differ.
func stands(text, s string) bool {
	n := len(text)
	return len(s) >= n && s[n-2] == text[n-2] && s[:n] == text
}
