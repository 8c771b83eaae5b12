package classify

import "time"

// traits is the set of everything that rules may ask about a request.
type traits uint64

// Traits of the user agent: what it says.
const (
	saysGmailProxy    traits = 1 << iota // GoogleImageProxy
	saysGmailPrefetch                    // Gmail's prefetch on delivery
	saysMailProxy                        // another mail provider's image proxy; has its own reason
	saysFastmail                         // FastmailUA: proxy inside a browser's user agent, else calendars
	saysOutlookProxy                     // weak: what Outlook on the web was seen to send
	saysImageProxy                       // an image proxy that is not known to be a mail provider's
	saysMailClient                       // a mail program by name
	saysMailName                         // a word ending in "mail"
	saysScanner                          // a security scanner by name
	saysAttack                           // code where a name should be
	saysPreview                          // a link preview by name
	saysHeadless                         // browser automation
	saysTextBrowser                      // a browser that shows no images
	saysEngineGuest                      // a guest in the engine's comment: `(KHTML, like Gecko; Name)`
	saysLibrary                          // an HTTP library by name
	saysRuntime                          // a language or app library: decides only where it leads
	leadsWithLibrary                     // the first product is one of the two above
	saysBot                              // bot, crawler, spider: the word itself
	saysNamedBot                         // a crawler or monitor by name
	saysTask                             // monitor, checker, preview …: what a machine does
	saysTaskLoosely                      // check, feed, scan …: tells nothing inside a browser's user agent
	saysAppStack                         // CFNetwork, Dalvik: the network code of phone apps
	saysEngine                           // a browser engine
	saysOldPhone                         // a phone browser from before engines had names
	saysCompatible                       // "compatible;"
	saysOldBrowser                       // MSIE and others that say "compatible;" by habit
	saysBrowser                          // calls itself a browser
	saysPlatform                         // an operating system
	saysPresto                           // old Opera: asks for HTML first, also for images
	saysModern                           // a browser new enough to send Sec-Fetch headers
)

// Traits of the user agent: how it is built.
const (
	isEmpty            traits = saysModern << (1 + iota) // nothing but white space
	isBareMozilla                                        // exactly Mozilla/5.0
	isBareWebKit                                         // Apple's WebKit and nothing after it
	isBareMobileWebKit                                   // the same with Mobile/BUILD after it
	isMozilla                                            // begins as browsers do
	isMozilla5
	isImpossibleMozilla // Mozilla/6 and above never existed
	isOneProduct        // name/1.2 and nothing else
	hasURL
	hasPlusURL // +http, the custom of crawlers
	hasMailAddress
)

// Traits of the rest of the request.
const (
	notGet traits = hasMailAddress << (1 + iota)
	asksPrefetch
	asksNavigation
	asksHTML
	asksImage
	lacksBrowserHeaders // headers are known, and neither Sec-Fetch nor Accept-Language is among them
	onRelay
	onScanner
	onHosting
	onUnknownNetwork
	onGoogle
	onUnknownAS
	onMicrosoft
	onGateway
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

func requestTraits(r *Request) traits {
	t := headerTraits(r.Headers) | networkTraits(r) | asTraits(r.ASNumber)
	if r.Method != "" && !equalFold(trim(r.Method), "get") {
		t |= notGet
	}
	if r.SentKnown {
		t |= timeTraits(r.SinceSend)
	}
	if webmailLabel(r.RefererHost) != labelNone {
		t |= fromWebmail
	}
	return t
}

func headerTraits(h HeaderFacts) traits {
	var t traits
	if h&(Prefetch|Preview) != 0 {
		t |= asksPrefetch
	}
	if h&(DestOther|ModeNavigate) != 0 {
		t |= asksNavigation
	}
	if h&AcceptHTMLFirst != 0 {
		t |= asksHTML
	}
	if h&DestImage != 0 {
		t |= asksImage
	}
	if h != 0 && h&(anySecFetch|AcceptLanguagePresent) == 0 {
		t |= lacksBrowserHeaders
	}
	return t
}

// timeTraits also sets both for a negative time: a fetch before the send time
// is at least as early as one just after it.
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

func asTraits(number uint32) traits {
	switch number {
	case 0:
		return onUnknownAS
	case asGoogle:
		return onGoogle
	case asMicrosoft:
		return onMicrosoft
	}
	if isGatewayAS(number) {
		return onGateway
	}
	return 0
}

func networkTraits(r *Request) traits {
	if saysRelay(r.ProxyType, r.ProxyDescription) {
		return onRelay
	}
	network := r.Network
	if network == "" || equalFold(network, NetworkUnknown) {
		network = proxyNetwork(r.ProxyType, r.ProxyDescription)
	}
	switch {
	case equalFold(network, NetworkRelay):
		return onRelay
	case hasPrefixFold(network, NetworkScannerPrefix):
		return onScanner
	case equalFold(network, NetworkHosting):
		return onHosting
	case equalFold(network, NetworkUnknown):
		return onUnknownNetwork
	}
	return 0
}
