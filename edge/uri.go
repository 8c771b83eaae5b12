//go:build fastlyinternalsetparseuri

package main

import (
	"net/url"
	"strings"

	"github.com/fastly/compute-sdk-go/fsthttp"
)

// The SDK panics before any handler runs if net/url refuses the request's URL
// ("/%zz.gif"), or, for https, if one of six TLS look-ups fails. A client would
// get a 500 instead of its image. So the URL is split by hand, which cannot
// fail, and its scheme is left out, which skips the look-ups.
func init() { fsthttp.SetParseRequestURI(splitURI) }

func splitURI(raw string) (*url.URL, error) {
	u := &url.URL{}
	rest := raw
	if _, after, ok := strings.Cut(raw, "://"); ok {
		i := strings.IndexAny(after, "/?")
		if i < 0 {
			i = len(after)
		}
		u.Host, rest = after[:i], after[i:]
	}
	u.Path, u.RawQuery, _ = strings.Cut(rest, "?")
	return u, nil
}
