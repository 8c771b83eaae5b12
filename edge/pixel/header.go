package pixel

import "strconv"

// Header is one response header.
type Header struct{ Name, Value string }

// headers go out with every answer, Content-Type and Content-Length aside.
//
//	Cache-Control, Pragma, Expires  every later open must reach us: caches of
//	    HTTP/1.1 and 1.0 keep nothing (RFC 9111 §5.2.2.5, §5.3, §5.4). Gmail's
//	    proxy has honored no-cache with max-age=0 since 2014
//	    (blog.movableink.com, "real-time content and re-open tracking").
//	(no ETag, no Last-Modified)     a validator would turn later opens into
//	    conditional requests answered 304 (RFC 9110 §13).
//	X-Content-Type-Options          the type is what we say (fetch.spec.whatwg.org).
//	Cross-Origin-Resource-Policy    webmail with cross-origin isolation may still
//	    embed the image (fetch.spec.whatwg.org, CORP).
//	X-Robots-Tag                    no search engine indexes the image
//	    (developers.google.com/search, robots meta tag).
//	Referrer-Policy                 should the image be opened as a page, nothing
//	    of its URL leaks from it (w3.org/TR/referrer-policy).
var headers = []Header{
	{"Cache-Control", "no-store, no-cache, must-revalidate, private, max-age=0"},
	{"Pragma", "no-cache"},
	{"Expires", "Thu, 01 Jan 1970 00:00:00 GMT"},
	{"X-Content-Type-Options", "nosniff"},
	{"Cross-Origin-Resource-Policy", "cross-origin"},
	{"X-Robots-Tag", "noindex, nofollow"},
	{"Referrer-Policy", "no-referrer"},
}

// EachHeader calls set for every header of the answer. Content-Length is exact,
// so that the answer is never chunked.
func (a *Answer) EachHeader(set func(name, value string)) {
	set("Content-Type", a.ContentType)
	set("Content-Length", strconv.Itoa(len(a.Body)))
	for _, h := range headers {
		set(h.Name, h.Value)
	}
}
