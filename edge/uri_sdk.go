//go:build fastlyinternalsetparseuri

package main

import (
	"net/url"

	"github.com/fastly/compute-sdk-go/fsthttp"
)

// The SDK panics before any handler runs if net/url refuses the request's URL
// ("/%zz.gif"), or, for https, if one of six TLS look-ups fails; the client
// would get a 500 instead of its image. splitURI never refuses a URL, and
// without a scheme the SDK skips the look-ups.
func init() {
	fsthttp.SetParseRequestURI(func(raw string) (*url.URL, error) { return splitURI(raw), nil })
}
