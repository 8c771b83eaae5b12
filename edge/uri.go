package main

import (
	"net/url"
	"strings"
)

// splitURI splits a request's URL by hand, which cannot fail. It omits the
// scheme. RawPath is the path with the query, as received.
func splitURI(raw string) *url.URL {
	u := &url.URL{}
	rest := raw
	if scheme, after, ok := strings.Cut(raw, "://"); ok && !strings.ContainsAny(scheme, "/?") {
		i := strings.IndexAny(after, "/?")
		if i < 0 {
			i = len(after)
		}
		u.Host, rest = after[:i], after[i:]
	}
	u.RawPath = rest
	u.Path, u.RawQuery, _ = strings.Cut(rest, "?")
	return u
}
