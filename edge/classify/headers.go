package classify

// HeaderFacts is the set of facts that the request's headers give. It is stored
// in `opens.header_bits`, so a bit never changes its meaning; a test freezes
// them. Zero means that no header was recorded (an imported log), not that the
// client sent none: every client sends at least Accept-Encoding.
//
//	bit  fact                  header
//	  0  DestImage             Sec-Fetch-Dest: image
//	  1  DestEmpty             Sec-Fetch-Dest: empty
//	  2  DestOther             Sec-Fetch-Dest: anything else (document, iframe …)
//	  3  ModeNoCors            Sec-Fetch-Mode: no-cors
//	  4  ModeNavigate          Sec-Fetch-Mode: navigate
//	  5  ModeOther             Sec-Fetch-Mode: anything else (cors, same-origin …)
//	  6  Prefetch              Sec-Purpose, Purpose, X-Purpose or X-Moz: prefetch
//	  7  Preview               the same four: preview
//	  8  AcceptPresent         Accept
//	  9  AcceptImageFirst      Accept begins with an image type
//	 10  AcceptHTMLFirst       Accept begins with an HTML type
//	 11  AcceptLanguagePresent Accept-Language
//	 12  AcceptEncodingPresent Accept-Encoding
//	 13  ViaPresent            Via
//	 14  ForwardedForPresent   X-Forwarded-For
//	 15  ClientHintsPresent    Sec-CH-UA
type HeaderFacts uint16

// The facts. Sources: developer.mozilla.org Sec-Fetch-Dest, Sec-Fetch-Mode,
// Sec-Purpose; X-Moz and X-Purpose are what older Firefox and Safari send.
const (
	DestImage HeaderFacts = 1 << iota
	DestEmpty
	DestOther
	ModeNoCors
	ModeNavigate
	ModeOther
	Prefetch
	Preview
	AcceptPresent
	AcceptImageFirst
	AcceptHTMLFirst
	AcceptLanguagePresent
	AcceptEncodingPresent
	ViaPresent
	ForwardedForPresent
	ClientHintsPresent
)

const (
	anySecFetch = DestImage | DestEmpty | DestOther | ModeNoCors | ModeNavigate | ModeOther
)

// HeaderNames lists the headers to record, in lower case: those that give a fact, and
// Sec-Fetch-Site and Cache-Control for later rules. Pass X-Forwarded-For and Via to
// HeaderFact only if the client sent them, not the platform. Do not change the slice.
var HeaderNames = []string{
	"accept", "accept-encoding", "accept-language",
	"sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site",
	"sec-purpose", "purpose", "x-purpose", "x-moz",
	"sec-ch-ua", "cache-control", "via", "x-forwarded-for",
}

// HeaderFact returns the facts of one header; combine the facts of all headers by |.
// The name may be in any case. A header with an empty value counts as present.
func HeaderFact(name, value string) HeaderFacts {
	switch {
	case equalFold(name, "sec-fetch-dest"):
		return oneOf(value, "image", DestImage, "empty", DestEmpty, DestOther)
	case equalFold(name, "sec-fetch-mode"):
		return oneOf(value, "no-cors", ModeNoCors, "navigate", ModeNavigate, ModeOther)
	case equalFold(name, "sec-purpose"), equalFold(name, "purpose"),
		equalFold(name, "x-purpose"), equalFold(name, "x-moz"):
		return purpose(value)
	case equalFold(name, "accept"):
		return AcceptPresent | acceptFirst(trim(value))
	case equalFold(name, "accept-language"):
		return AcceptLanguagePresent
	case equalFold(name, "accept-encoding"):
		return AcceptEncodingPresent
	case equalFold(name, "via"):
		return ViaPresent
	case equalFold(name, "x-forwarded-for"):
		return ForwardedForPresent
	case equalFold(name, "sec-ch-ua"):
		return ClientHintsPresent
	}
	return 0
}

func oneOf(value, a string, ifA HeaderFacts, b string, ifB, otherwise HeaderFacts) HeaderFacts {
	value = trim(value)
	switch {
	case equalFold(value, a):
		return ifA
	case equalFold(value, b):
		return ifB
	}
	return otherwise
}

// purpose returns the facts of a list such as `prefetch;prerender` or `prefetch, preview`.
func purpose(value string) HeaderFacts {
	var facts HeaderFacts
	for i := range len(value) {
		if hasPrefixFold(value[i:], "prefetch") || hasPrefixFold(value[i:], "prerender") {
			facts |= Prefetch
		}
		if hasPrefixFold(value[i:], "preview") {
			facts |= Preview
		}
	}
	return facts
}

func acceptFirst(value string) HeaderFacts {
	switch {
	case hasPrefixFold(value, "image/"):
		return AcceptImageFirst
	case hasPrefixFold(value, "text/html"), hasPrefixFold(value, "application/xhtml"):
		return AcceptHTMLFirst
	}
	return 0
}
