package classify

import (
	_ "embed" // of the rules' text
	"math/bits"
	"slices"
	"strings"
)

//go:embed rules.go
var rulesText string

// Explanation shows people how a verdict came about.
type Explanation struct {
	Verdict Verdict
	Facts   Facts
	Seen    []string  // what is true of the request, in words
	Words   []string  // the words of the lists in the user agent
	Fired   Finding   // the rule that decided
	Near    []Finding // earlier rules of which only one condition failed
	Next    *Finding  // the rule that would decide without it; nil if no other rule fits
}

// Finding is a rule and its result for a request.
type Finding struct {
	Number  int // in the order of the table, from 1
	Verdict Verdict
	Evidence
	Missing []string // conditions that do not hold; of several, one suffices
	Against []string // facts that forbid the rule
}

// Evidence is the comment of a rule.
type Evidence struct {
	Meaning string // the fact on which the rule rests
	Source  string // the source of that fact
	Wrong   string // the requests that the rule misjudges
}

// evidence returns the comments of the rules, in their order.
func evidence() []Evidence {
	var list []Evidence
	var comment []string
	for line := range strings.Lines(rulesText) {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "// "); ok {
			comment = append(comment, text)
			continue
		}
		if strings.HasPrefix(line, "{reason: ") {
			meaning, rest, _ := strings.Cut(strings.Join(comment, "\n"), "\nSource: ")
			source, wrong, _ := strings.Cut(rest, "\nWrong: ")
			list = append(list, Evidence{meaning, source, wrong})
		}
		comment = nil
	}
	return list
}

// Explain returns the verdict of Judge with its reasons. Unlike Judge it allocates.
func Explain(r *Request) Explanation {
	seen := read(r.UserAgent)
	known := seen.known(r)
	evidence := evidence()
	e := Explanation{Seen: known.names(), Words: Words(r.UserAgent)}
	e.Verdict, e.Facts = Examine(r)
	fired := len(rules)
	for i := range rules {
		rule := &rules[i]
		switch fits := rule.fits(known); {
		case fits && fired == len(rules):
			fired = i
			e.Fired = findingOf(i, evidence[i], &seen, known)
		case fits:
			next := findingOf(i, evidence[i], &seen, known)
			e.Next = &next
			return e
		case fired == len(rules) && rule.nearly(known):
			e.Near = append(e.Near, findingOf(i, evidence[i], &seen, known))
		}
	}
	return e
}

// common are the traits of so many requests that they favour no rule.
const common = isMozilla | isMozilla5 | saysEngine | saysPlatform | saysBrowser | onUnknownAS | onUnknownNetwork

// nearly reports whether only one condition of the rule fails, and a trait beyond
// the common ones fits it.
func (r *rule) nearly(t traits) bool {
	lacking := bits.OnesCount64(uint64(r.all &^ t))
	if r.any != 0 && r.any&t == 0 {
		lacking++
	}
	if r.none&t != 0 {
		lacking++
	}
	return lacking == 1 && (r.all|r.any)&t&^common != 0
}

func findingOf(i int, evidence Evidence, seen *reading, t traits) Finding {
	r := &rules[i]
	f := Finding{Number: i + 1, Verdict: Verdict{r.class, r.reason}, Evidence: evidence, Missing: (r.all &^ t).names(), Against: (r.none & t).names()}
	if r.reason == "" {
		f.Verdict.Reason = "proxy_mail"
		if seen.proxy != nil {
			f.Verdict.Reason = seen.proxy.reason
		}
	}
	if r.any != 0 && r.any&t == 0 {
		f.Missing = append(f.Missing, r.any.names()...)
	}
	return f
}

// names returns a phrase for each trait, in the order of the bits.
func (t traits) names() []string {
	var names []string
	for ; t != 0; t &= t - 1 {
		names = append(names, traitNames[bits.TrailingZeros64(uint64(t))])
	}
	return names
}

// traitNames has a phrase for each bit of traits.
var traitNames = [...]string{
	"names Gmail's image proxy",
	"ends as Gmail's prefetch does",
	"names a mail provider's image proxy",
	"names Fastmail",
	"is what Outlook on the web was seen to send",
	"names an image proxy",
	"names a mail program",
	"has a word that ends in mail",
	"names a security scanner",
	"has code where a name should be",
	"names a link preview",
	"names browser automation",
	"names a browser that shows no images",
	"has a guest in the engine's comment",
	"names an HTTP library",
	"names a language or an app library",
	"begins with a library's name",
	"says bot, crawler or spider",
	"names a crawler or monitor",
	"says a machine's task",
	"has a word that could be a machine's task",
	"names the network code of phone apps",
	"names a browser engine",
	"names a phone from before engines had names",
	"says compatible",
	"names an old browser",
	"says that it is a browser",
	"names an operating system",
	"names old Opera's engine",
	"names a browser new enough for Sec-Fetch headers",
	"is an application's look at a link",
	"has a word for security",
	"has a product that no browser has",

	"user agent is empty",
	"user agent is Mozilla/5.0 and nothing else",
	"user agent is Apple's WebKit and nothing else",
	"user agent is Apple's WebKit with a mobile build",
	"begins as browsers do",
	"begins with Mozilla/5",
	"names what never was",
	"is one product and its version",
	"has a web address",
	"has a web address behind a plus sign",
	"has a mail address",

	"the method is not GET",
	"a header says prefetch or preview",
	"headers say that a page is opened",
	"HTML is accepted first, or a header of a page is there",
	"a header says that an image is loaded",
	"a browser's headers are missing, or one that it sends with no image is there",
	"the network is Apple's relay",
	"the network is a scanner's",
	"the network is a data centre's",
	"the network has machines and people",
	"the network is not known",
	"the AS is Google's",
	"the AS is not known",
	"the AS is Microsoft's",
	"the AS is a mail gateway's",
	"the AS is not the named proxy's",
	"the platform calls it a bot",
	"right after sending",
	"soon after sending",
	"the page is a webmail",
}

// Words returns the words of the rules' lists that a user agent contains, each
// once, in the order in which they are found.
func Words(userAgent string) []string {
	var words []string
	readWith(userAgent, func(word string) bool {
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
		return true
	})
	return words
}

// JudgeWithout returns the verdict of Judge if the rules' lists had only the words
// for which counts returns true. It measures the worth of the lists.
func JudgeWithout(r *Request, counts func(word string) bool) Verdict {
	seen := readWith(r.UserAgent, counts)
	return decide(&seen, seen.known(r))
}

// Rules is the number of rules.
func Rules() int { return len(rules) }
