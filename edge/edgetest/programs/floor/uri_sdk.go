//go:build fastlyinternalsetparseuri

package main

import (
	"net/url"

	"github.com/fastly/compute-sdk-go/fsthttp"
)

var answered = &url.URL{Path: "/o/x.gif"}

func init() {
	fsthttp.SetParseRequestURI(func(string) (*url.URL, error) { return answered, nil })
}
