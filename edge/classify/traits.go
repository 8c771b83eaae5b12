package classify

import "time"

// traits is a set of facts about a request, for the rules.
type traits uint64

// Traits of the user agent: its words.
const (
	saysGmailProxy    traits = 1 << iota // GoogleImageProxy
	saysGmailPrefetch                    // Gmail's prefetch on delivery
	saysMailProxy                        // another mail provider's image proxy; has its own reason
	saysFastmail                         // FastmailUA: proxy inside a browser's user agent, else calendars
	saysOutlookProxy                     // weak: observed from Outlook on the web
	saysImageProxy                       // an image proxy that is not known to be a mail provider's
	saysMailClient                       // a mail program by name
	saysMailName                         // a word ending in "mail"
	saysScanner                          // a security scanner by name
	saysAttack                           // code in the place of a name
	saysPreview                          // a link preview by name
	saysHeadless                         // browser automation
	saysTextBrowser                      // a browser that shows no images
	saysEngineGuest                      // a guest in the engine's comment: `(KHTML, like Gecko; Name)`
	saysLibrary                          // an HTTP library by name
	saysRuntime                          // a language or app library: decides only if it comes first
	leadsWithLibrary                     // the first product is one of the two above
	saysBot                              // bot, crawler, spider: the word itself
	saysNamedBot                         // a crawler or monitor by name
	saysTask                             // monitor, checker, preview …: tasks of machines
	saysTaskLoosely                      // check, feed, scan …: means nothing in a browser's user agent
	saysAppStack                         // CFNetwork, Dalvik: the network code of phone apps
	saysEngine                           // a browser engine
	saysOldPhone                         // a phone browser from before engines had names
	saysCompatible                       // "compatible;"
	saysOldBrowser                       // MSIE and others that say "compatible;" by habit
	saysBrowser                          // calls itself a browser
	saysPlatform                         // an operating system
	saysPresto                           // old Opera: asks for HTML first, also for images
	saysModern                           // a browser new enough to send Sec-Fetch headers
	saysProbe                            // an application that looks at a link before it opens it
	saysSecurity                         // secure, gateway, filter …: a purpose, if beside mail
	saysStranger                         // a product in a browser's user agent that no browser has
)

// Traits of the user agent: its form.
const (
	isEmpty            traits = saysStranger << (1 + iota) // nothing but white space
	isBareMozilla                                          // exactly Mozilla/5.0
	isBareWebKit                                           // Apple's WebKit and nothing after it
	isBareMobileWebKit                                     // the same with Mobile/BUILD after it
	isMozilla                                              // begins as browsers do
	isMozilla5
	isImpossible // a version that never was, an engine on a system that it never ran on, or client hints that say otherwise
	isOneProduct // name/1.2 and nothing else
	hasURL
	hasPlusURL // +http, the custom of crawlers
	hasMailAddress
)

// Traits of the rest of the request.
const (
	notGet traits = hasMailAddress << (1 + iota)
	asksPrefetch
	asksNavigation
	asksHTML // or has a header that only requests of pages have
	asksImage
	lacksBrowserHeaders // lacks a header that every new browser sends, or has one that none sends
	onRelay
	onScanner
	onHosting
	onShared // both machines and people
	onUnknownNetwork
	onGoogle
	onUnknownAS
	onMicrosoft
	onGateway
	offOwnNetwork // names a mail provider's proxy, from a known network of another owner
	detectedBot   // the platform detected a bot
	withinFast
	withinScanner
	fromWebmail
)

// AS numbers: Google and Microsoft run the proxies of their mail services from
// their own networks.
const (
	asGoogle    = 15169
	asMicrosoft = 8075
)

// known returns the traits of the user agent and of the rest of the request.
func (seen *reading) known(r *Request) traits {
	owner := ownerOf(r.ASNumber)
	t := seen.traits | seen.headerTraits(r) | networkTraits(r, owner) | asTraits(r.ASNumber, owner)
	if seen.homes != 0 && r.ASNumber != 0 && seen.homes&owner == 0 {
		t |= offOwnNetwork
	}
	if r.Method != "" && !equalFold(trim(r.Method), "get") {
		t |= notGet
	}
	if r.SentKnown {
		t |= timeTraits(r.SinceSend)
	}
	if webmailLabel(r.RefererHost) != labelNone {
		t |= fromWebmail
	}
	if equalFold(r.BotDetection, "verified") || equalFold(r.BotDetection, "detected") {
		t |= detectedBot
	}
	return t
}

func (seen *reading) headerTraits(r *Request) traits {
	var t traits
	h, s := r.Headers, r.Signals
	if h&(Prefetch|Preview) != 0 {
		t |= asksPrefetch
	}
	if h&(DestOther|ModeNavigate) != 0 {
		t |= asksNavigation
	}
	if h&AcceptHTMLFirst != 0 || s&(UpgradeInsecure|UserActivated) != 0 {
		t |= asksHTML
	}
	if h&DestImage != 0 {
		t |= asksImage
	}
	if h != 0 && h&(anySecFetch|AcceptLanguagePresent) == 0 || equalFold(r.Protocol, "http/1.0") || offersNoProtocol(r.JA4) || seen.sentByAnother(h, s) {
		t |= lacksBrowserHeaders
	}
	if s&HeadlessHint != 0 {
		t |= saysHeadless
	}
	if seen.contradictsHints(s) {
		t |= isImpossible
	}
	if s&FromPresent != 0 {
		t |= saysNamedBot // RFC 9110 10.1.2: robots send it
	}
	return t
}

// sentByAnother reports whether a header is one that the named browser never sends
// with an image. Only browsers on Chromium send client hints, and never that a
// computer is mobile. Each accepts image types first, unless a script fetches the
// image, and sends Sec-Fetch-Dest with Sec-Fetch-Mode. None sends X-Requested-With or
// asks for a range.
// https://developer.mozilla.org/docs/Web/HTTP/Guides/Content_negotiation/List_of_default_Accept_values
func (seen *reading) sentByAnother(h HeaderFacts, s Signals) bool {
	return s&(ScriptRequest|RangePresent) != 0 || s&AcceptAnything != 0 && h&DestEmpty == 0 ||
		h&(ModeNoCors|ModeOther) != 0 && h&(DestImage|DestEmpty|DestOther) == 0 ||
		h&ClientHintsPresent != 0 && (seen.label == labelFirefox || seen.label == labelSafari) ||
		s&MobileHint != 0 && (seen.os == osWindows || seen.os == osMacOS)
}

// offersNoProtocol reports whether a JA4 fingerprint shows no application protocol,
// or no TLS 1.2 or later: every new browser offers h2 and TLS 1.3.
// https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md
func offersNoProtocol(ja4 string) bool {
	if len(ja4) < len("t13d1516h2") || lower(ja4[0]) != 't' || !isDigit(ja4[1]) {
		return false
	}
	return ja4[8:10] == "00" || ja4[1:3] == "10" || ja4[1:3] == "11"
}

// timeTraits returns the traits of the time since sending. A negative time sets both:
// a fetch before the send time is at least as early as one just after it.
func timeTraits(since time.Duration) traits {
	var t traits
	if since < FastWindow {
		t |= withinFast
	}
	if since < ScannerWindow {
		t |= withinScanner
	}
	return t
}

func asTraits(number uint32, owner owners) traits {
	var t traits
	switch number {
	case 0:
		t = onUnknownAS
	case asGoogle:
		t = onGoogle
	case asMicrosoft:
		t = onMicrosoft
	}
	if owner == ownerGateway {
		t |= onGateway
	}
	return t
}

// networkTraits returns the traits of the network. Apple's relay comes first, since
// its operators' AS numbers look like hosting. A known AS number makes the network
// known, except for the relay's operators: the proxy fields and lists, which
// could show the relay, may be old or missing.
func networkTraits(r *Request, owner owners) traits {
	if saysRelay(r.ProxyType, r.ProxyDescription) {
		return onRelay
	}
	network := r.Network
	if network == "" || equalFold(network, NetworkUnknown) {
		network = proxyNetwork(r.ProxyType, r.ProxyDescription)
	}
	var t traits
	switch {
	case equalFold(network, NetworkRelay):
		return onRelay
	case hasPrefixFold(network, NetworkScannerPrefix):
		t = onScanner
	case equalFold(network, NetworkHosting):
		t = onHosting
	case equalFold(network, NetworkUnknown) && r.ASNumber == 0, owner == ownerRelay:
		t = onUnknownNetwork
	}
	// Staff behind a web security service, users of Google's IP Protection.
	if equalFold(r.ProxyDescription, "cloud-security") || equalFold(r.ProxyDescription, "google") {
		return t
	}
	if owner&ownerClouds != 0 && t != onScanner {
		t |= onHosting
	}
	if owner&ownerShared != 0 {
		t |= onShared
	}
	return t
}
