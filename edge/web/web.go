// Package web reads the web pixel, GET /p.gif, and custom events, POST /e: it
// turns the facts that a page sends into the object `web` of an event line.
//
// Of a page's address it keeps only host and path, and the campaign parameters
// (utm_source and the like). It sets no cookie, and a visitor's pseudonym lasts
// one day: see Visitor. The package is compiled into the wasm, so it uses small
// packages.
package web

import (
	"strings"

	"glint/edge/event/jsonline"
)

// The paths.
const (
	PixelGIF = "/p.gif"
	PixelPNG = "/p.png"
	Events   = "/e"
)

// The most bytes of the texts, as they stand in the line.
const (
	maxName       = 100 // of a site, an event, a property
	maxHost       = 253
	maxPath       = 400
	maxReferrer   = 256
	maxTitle      = 128
	maxCampaign   = 64 // of a campaign's parameter
	maxProperties = 1000
)

// page is the address of a page as it is kept.
type page struct {
	host, path string
	campaign   [len(campaignNames)]string
}

// campaignNames are the parameters of a page's address that name the campaign which
// brought the visitor, with the names of Google Analytics.
var campaignNames = [...]string{"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"}

// pageOf reads an address, https://host/path?query#fragment, or //host/path, or
// /path. Of the query only the campaign stays.
func pageOf(address string) (p page) {
	address, _, _ = strings.Cut(strings.TrimSpace(address), "#")
	address, query, _ := strings.Cut(address, "?")
	rest := address
	if scheme, after, ok := strings.Cut(address, "://"); ok {
		if !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
			return page{}
		}
		rest = "//" + after
	}
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		host := after
		rest = ""
		if i := strings.IndexAny(after, "/\\"); i >= 0 {
			host, rest = after[:i], after[i:]
		}
		p.host = hostOf(host)
	} else if rest != "" && rest[0] != '/' {
		return page{} // neither an address nor a path
	}
	p.path = rest
	if p.path == "" && p.host != "" {
		p.path = "/"
	}
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		for i, name := range campaignNames {
			if strings.EqualFold(key, name) && p.campaign[i] == "" {
				p.campaign[i] = Unescape(value)
			}
		}
	}
	return p
}

// hostOf returns the host of user@host:port in lower case.
func hostOf(authority string) string {
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	if !strings.HasPrefix(authority, "[") {
		authority, _, _ = strings.Cut(authority, ":")
	} else if i := strings.IndexByte(authority, ']'); i >= 0 {
		authority = authority[:i+1]
	}
	return strings.ToLower(authority)
}

// parameter returns the value of the first of the names that the query has.
func parameter(query string, names ...string) string {
	for _, name := range names {
		for rest := query; rest != ""; {
			var pair string
			pair, rest, _ = strings.Cut(rest, "&")
			if key, value, _ := strings.Cut(pair, "="); key == name {
				return Unescape(value)
			}
		}
	}
	return ""
}

// Unescape undoes the encoding of a query's value, where + is a blank; what is no
// encoding stays.
func Unescape(s string) string { return Percent(strings.ReplaceAll(s, "+", " ")) }

// Percent decodes one layer of percent encoding and keeps invalid sequences.
func Percent(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if high, low := Digit(s[i+1]), Digit(s[i+2]); high >= 0 && low >= 0 {
				b = append(b, byte(high<<4|low))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// Digit returns the value of a hex digit, -1 for another byte.
func Digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// object writes the fields of a JSON object that are not empty.
type object struct{ b []byte }

func (o *object) field(name, value string, maxBytes int) {
	if value == "" {
		return
	}
	o.raw(name)
	o.b = jsonline.AppendString(o.b, value, maxBytes)
}

// raw writes a name, behind which a value follows.
func (o *object) raw(name string) {
	if len(o.b) == 0 {
		o.b = append(o.b, '{')
	} else {
		o.b = append(o.b, ',')
	}
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

func (o *object) pages(p, referrer *page) {
	o.field("page_host", p.host, maxHost)
	o.field("page_path", p.path, maxPath)
	for i, name := range campaignNames {
		o.field(name, p.campaign[i], maxCampaign)
	}
	o.field("referrer_host", referrer.host, maxHost)
	o.field("referrer_path", referrer.path, maxReferrer)
}

func (o *object) String() string {
	if len(o.b) == 0 {
		return "{}"
	}
	return string(append(o.b, '}'))
}

// View returns the object of a page view: target is the request's path and query,
// referer its header. The parameters are site (s), page (p), referrer (r) and title
// (t); without page it is the header. Of a visitor who asks not to be tracked, the
// title, which a page may write for one person, is left out.
func View(target, referer, visitor string, asked bool) string {
	_, query, _ := strings.Cut(target, "?")
	address := parameter(query, "page", "p")
	if address == "" {
		address = referer
	}
	p, from := pageOf(address), pageOf(parameter(query, "referrer", "r"))
	var o object
	o.field("site", parameter(query, "site", "s"), maxName)
	o.pages(&p, &from)
	if !asked {
		o.field("title", parameter(query, "title", "t"), maxTitle)
	}
	o.field("visitor", visitor, maxName)
	return o.String()
}

// Site returns the site that a view's target names.
func Site(target string) string {
	_, query, _ := strings.Cut(target, "?")
	return parameter(query, "site", "s")
}
