package classify

import "strings"

// Signals is the set of further facts that the request's headers give, beside
// HeaderFacts, whose bits are all in use. It is stored in `opens.header_facts`, so
// a bit never changes its meaning; a test freezes them. The rules and the operator's
// privacy settings use some; the others are for later rules.
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
//	 27  WindowsHint           Sec-CH-UA-Platform: "Windows"
//	 28  MacHint               Sec-CH-UA-Platform: "macOS"
//	 29  AndroidHint           Sec-CH-UA-Platform: "Android"
//	 30  LinuxHint             Sec-CH-UA-Platform: "Linux", "Chrome OS" or "Chromium OS"
//	 31  BrandsDiffer          Sec-CH-UA's Chromium is not User-Agent's Chrome (Brands)
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
	WindowsHint
	MacHint
	AndroidHint
	LinuxHint
	BrandsDiffer
)

// Signal returns the signals of one header; combine them for all headers by |. The
// name may be in any case; lower case is fastest. A header with an empty value counts
// as present.
func Signal(name, value string) Signals {
	for i := range len(name) {
		if c := name[i]; 'A' <= c && c <= 'Z' {
			name = strings.ToLower(name)
			break
		}
	}
	switch name {
	case "sec-ch-ua-platform":
		return platformHint(trim(value))
	case "range":
		return RangePresent
	case "if-none-match", "if-modified-since":
		return Conditional
	case "cookie":
		return CookiePresent
	case "authorization":
		return AuthorizationPresent
	case "origin":
		return OriginPresent
	case "from":
		return FromPresent
	case "forwarded":
		return ForwardedPresent
	case "priority":
		return PriorityPresent
	}
	return signalOfValue(name, trim(value))
}

// signalOfValue returns the signals of headers whose value decides.
func signalOfValue(name, value string) Signals {
	switch name {
	case "dnt":
		return ifIs(value, "1", DoNotTrack)
	case "sec-gpc":
		return ifIs(value, "1", GlobalPrivacy)
	case "sec-fetch-site":
		return ifIs(value, "none", SiteNone) | ifIs(value, "same-origin", SiteSame) | ifIs(value, "same-site", SiteSame) | ifIs(value, "cross-site", SiteCross)
	case "sec-fetch-user":
		return ifIs(value, "?1", UserActivated)
	case "sec-fetch-dest":
		return ifIs(value, "document", DestDocument)
	case "sec-ch-ua-mobile":
		return ifIs(value, "?1", MobileHint)
	case "save-data":
		return ifIs(value, "on", SaveData)
	case "upgrade-insecure-requests":
		return ifIs(value, "1", UpgradeInsecure)
	case "pragma":
		return ifIs(value, "no-cache", Reload)
	case "accept":
		return ifIs(value, "*/*", AcceptAnything) | ifHas(value, "image/webp", AcceptModernImage) | ifHas(value, "image/avif", AcceptModernImage)
	case "accept-encoding":
		return ifHas(value, "br", EncodingBrotli) | ifHas(value, "zstd", EncodingZstd)
	case "cache-control":
		return ifHas(value, "no-cache", Reload) | ifHas(value, "no-store", Reload) | ifHas(value, "max-age=0", Reload)
	case "sec-ch-ua":
		for i := range len(value) {
			if hasPrefixFold(value[i:], "headless") {
				return HeadlessHint
			}
		}
	case "x-requested-with":
		switch {
		case equalFold(value, "xmlhttprequest"):
			return ScriptRequest
		case value != "":
			return AppNamed
		}
	}
	return 0
}

func ifIs(value, word string, signal Signals) Signals {
	if equalFold(value, word) {
		return signal
	}
	return 0
}

// ifHas returns the signal if the comma-separated list contains the word, with or
// without parameters.
func ifHas(list, word string, signal Signals) Signals {
	for list != "" {
		var item string
		item, list, _ = strings.Cut(list, ",")
		if i := strings.IndexByte(item, ';'); i >= 0 {
			item = item[:i]
		}
		if equalFold(trim(item), word) {
			return signal
		}
	}
	return 0
}
