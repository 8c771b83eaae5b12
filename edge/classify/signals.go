package classify

// Signals is the set of further facts that the request's headers give, beside
// HeaderFacts, whose bits are all taken. It is stored in `opens.header_facts`, so
// a bit never changes its meaning; a test freezes them. A rule asks for
// HeadlessHint; the others are there for later rules and for the operator's
// privacy settings.
// Zero means that no such header was recorded: edges before 2026-12 recorded
// only a few of these headers.
//
//	bit  signal                header
//	  0  DoNotTrack            DNT: 1
//	  1  GlobalPrivacy         Sec-GPC: 1
//	  2  SiteNone              Sec-Fetch-Site: none
//	  3  SiteSame              Sec-Fetch-Site: same-origin or same-site
//	  4  SiteCross             Sec-Fetch-Site: cross-site
//	  5  UserActivated         Sec-Fetch-User: ?1
//	  6  MobileHint            Sec-CH-UA-Mobile: ?1
//	  7  PlatformPresent       Sec-CH-UA-Platform
//	  8  RangePresent          Range
//	  9  Conditional           If-None-Match or If-Modified-Since
//	 10  CookiePresent         Cookie
//	 11  AuthorizationPresent  Authorization
//	 12  OriginPresent         Origin
//	 13  FromPresent           From
//	 14  ForwardedPresent      Forwarded
//	 15  AppNamed              X-Requested-With: an app's id
//	 16  ScriptRequest         X-Requested-With: XMLHttpRequest
//	 17  Reload                Cache-Control: no-cache, no-store or max-age=0; Pragma: no-cache
//	 18  PriorityPresent       Priority
//	 19  SaveData              Save-Data: on
//	 20  UpgradeInsecure       Upgrade-Insecure-Requests: 1
//	 21  AcceptAnything        Accept: */* and nothing else
//	 22  AcceptModernImage     Accept with image/webp or image/avif
//	 23  EncodingBrotli        Accept-Encoding with br
//	 24  EncodingZstd          Accept-Encoding with zstd
//	 25  DestDocument          Sec-Fetch-Dest: document
//	 26  HeadlessHint          Sec-CH-UA names a browser without a screen
type Signals uint32

// The signals. Sources: w3.org/TR/tracking-dnt §5.2; w3c.github.io/gpc; the
// others developer.mozilla.org, each by its name; X-Requested-With is the app's
// id in a WebView of Android (developer.android.com, WebView).
const (
	DoNotTrack Signals = 1 << iota
	GlobalPrivacy
	SiteNone
	SiteSame
	SiteCross
	UserActivated
	MobileHint
	PlatformPresent
	RangePresent
	Conditional
	CookiePresent
	AuthorizationPresent
	OriginPresent
	FromPresent
	ForwardedPresent
	AppNamed
	ScriptRequest
	Reload
	PriorityPresent
	SaveData
	UpgradeInsecure
	AcceptAnything
	AcceptModernImage
	EncodingBrotli
	EncodingZstd
	DestDocument
	HeadlessHint
)

// presence maps headers to what their presence says.
var presence = [...]struct {
	name   string
	signal Signals
}{
	{"sec-ch-ua-platform", PlatformPresent},
	{"range", RangePresent},
	{"if-none-match", Conditional},
	{"if-modified-since", Conditional},
	{"cookie", CookiePresent},
	{"authorization", AuthorizationPresent},
	{"origin", OriginPresent},
	{"from", FromPresent},
	{"forwarded", ForwardedPresent},
	{"priority", PriorityPresent},
}

// exact maps headers to what one value of theirs says.
var exact = [...]struct {
	name, value string
	signal      Signals
}{
	{"dnt", "1", DoNotTrack},
	{"sec-gpc", "1", GlobalPrivacy},
	{"sec-fetch-site", "none", SiteNone},
	{"sec-fetch-site", "same-origin", SiteSame},
	{"sec-fetch-site", "same-site", SiteSame},
	{"sec-fetch-site", "cross-site", SiteCross},
	{"sec-fetch-user", "?1", UserActivated},
	{"sec-ch-ua-mobile", "?1", MobileHint},
	{"save-data", "on", SaveData},
	{"upgrade-insecure-requests", "1", UpgradeInsecure},
	{"accept", "*/*", AcceptAnything},
	{"sec-fetch-dest", "document", DestDocument},
	{"pragma", "no-cache", Reload},
}

// Signal gives the signals of one header; unite those of all headers with |. The
// name may be in any case. An empty value of a header that was sent still counts
// as present.
func Signal(name, value string) Signals {
	for i := range presence {
		if equalFold(name, presence[i].name) {
			return presence[i].signal
		}
	}
	var s Signals
	value = trim(value)
	for i := range exact {
		if equalFold(name, exact[i].name) && equalFold(value, exact[i].value) {
			s |= exact[i].signal
		}
	}
	switch {
	case equalFold(name, "accept"):
		s |= ifHas(value, "image/webp", AcceptModernImage) | ifHas(value, "image/avif", AcceptModernImage)
	case equalFold(name, "accept-encoding"):
		s |= ifHas(value, "br", EncodingBrotli) | ifHas(value, "zstd", EncodingZstd)
	case equalFold(name, "cache-control"):
		s |= ifHas(value, "no-cache", Reload) | ifHas(value, "no-store", Reload) | ifHas(value, "max-age=0", Reload)
	case equalFold(name, "sec-ch-ua"):
		for i := range len(value) {
			if hasPrefixFold(value[i:], "headless") {
				s |= HeadlessHint
			}
		}
	case equalFold(name, "x-requested-with") && equalFold(value, "xmlhttprequest"):
		s |= ScriptRequest
	case equalFold(name, "x-requested-with") && value != "":
		s |= AppNamed
	}
	return s
}

// ifHas returns the signal if the word stands in the comma-separated list, with
// or without parameters.
func ifHas(list, word string, signal Signals) Signals {
	for i := range len(list) {
		if !hasPrefixFold(list[i:], word) || i > 0 && list[i-1] != ',' && list[i-1] != ' ' {
			continue
		}
		if end := i + len(word); end == len(list) || list[end] == ',' || list[end] == ';' || list[end] == ' ' {
			return signal
		}
	}
	return 0
}
