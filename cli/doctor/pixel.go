package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/png"
	"net/http"
	"strconv"
	"strings"
)

// unsignedToken has the form of a token and no valid signature.
const unsignedToken = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// checkPixel checks the pixel as a mail client sees it, and reports whether
// it answers.
func (o *options) checkPixel(ctx context.Context, r *chart) bool {
	if !o.checkConnection(ctx, r, "pixel", o.pixel) {
		unreachable(r, "pixel")
		return false
	}
	c, done := o.newClient(o.pixel)
	defer done()
	image := checkImage(ctx, r, c, "pixel gif", "/o/"+unsignedToken+".gif")
	checkImage(ctx, r, c, "pixel png", "/o/"+unsignedToken+".png")
	if image != nil {
		checkHeaders(r, image)
		checkLength(r, image)
		checkHead(ctx, r, c, image)
	}
	checkRobots(ctx, r, c)
	checkImage(ctx, r, c, "pixel garbage token", "/o/no-token.gif?x=%00")
	checkImage(ctx, r, c, "pixel broken path", "/o/%zz.gif")
	return !c.silent
}

// checkImage checks that path answers with an image of the type of its suffix; it returns the
// answer, or nil if it is no such image.
func checkImage(ctx context.Context, r *chart, c *client, check, path string) *exchange {
	x, err := c.do(ctx, http.MethodGet, path)
	if err == nil {
		err = x.status(http.StatusOK)
	}
	if err == nil {
		err = x.image(path)
	}
	r.say(check, err, "a transparent 1×1 image")
	if err != nil {
		return nil
	}
	return x
}

// image returns the fault of the image, or nil.
func (x *exchange) image(path string) error {
	want, decode := "image/gif", gif.Decode
	if strings.Contains(path, ".png") {
		want, decode = "image/png", png.Decode
	}
	if got := x.Header.Get("Content-Type"); got != want {
		return fmt.Errorf("the type is %q instead of %s", shorten(got), want)
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(x.body))
	if err != nil {
		return fmt.Errorf("%d bytes that are no %s: %w", len(x.body), want, err)
	}
	if config.Width != 1 || config.Height != 1 {
		return fmt.Errorf("the image is %d×%d instead of 1×1", config.Width, config.Height)
	}
	m, err := decode(bytes.NewReader(x.body))
	if err != nil {
		return fmt.Errorf("a damaged %s: %w", want, err)
	}
	if _, _, _, alpha := m.At(0, 0).RGBA(); alpha != 0 {
		return errors.New("the image is not transparent")
	}
	return nil
}

// checkHeaders checks the headers that make every later open reach the pixel and let
// webmail embed the image.
func checkHeaders(r *chart, x *exchange) {
	var faults, warnings []string
	if !strings.Contains(strings.ToLower(x.Header.Get("Cache-Control")), "no-store") {
		faults = append(faults, "Cache-Control has no no-store, so later opens come from caches")
	}
	for _, name := range []string{"ETag", "Last-Modified"} {
		if x.Header.Get(name) != "" {
			faults = append(faults, name+" is set, so later opens are asked for conditionally")
		}
	}
	if x.Header.Get("Age") != "" {
		faults = append(faults, "Age is set: a cache before the pixel answers")
	}
	if x.Header.Get("Set-Cookie") != "" {
		faults = append(faults, "Set-Cookie is set: something before the pixel marks people")
	}
	for _, h := range []struct{ name, value string }{
		{"Pragma", "no-cache"},
		{"X-Content-Type-Options", "nosniff"},
		{"Cross-Origin-Resource-Policy", "cross-origin"},
		{"X-Robots-Tag", "noindex"},
		{"Referrer-Policy", "no-referrer"},
	} {
		if !strings.Contains(x.Header.Get(h.name), h.value) {
			warnings = append(warnings, h.name+" is not "+h.value)
		}
	}
	if x.Header.Get("Expires") == "" {
		warnings = append(warnings, "Expires is missing")
	}
	switch {
	case len(faults) > 0:
		r.add(fail, "pixel headers", "%s", strings.Join(append(faults, warnings...), "; "))
	case len(warnings) > 0:
		r.add(warn, "pixel headers", "%s", strings.Join(warnings, "; "))
	default:
		r.add(ok, "pixel headers", "never stored, no validators, may be embedded")
	}
}

// checkLength checks for an exact Content-Length and no chunks, which old mail clients and
// proxies handle best.
func checkLength(r *chart, x *exchange) {
	got := x.Header.Get("Content-Length")
	var err error
	switch {
	case len(x.TransferEncoding) > 0:
		err = fmt.Errorf("the body comes as %s", strings.Join(x.TransferEncoding, ", "))
	case x.Header.Get("Content-Encoding") != "":
		err = fmt.Errorf("the body is encoded as %s", shorten(x.Header.Get("Content-Encoding")))
	case got != strconv.Itoa(len(x.body)):
		err = fmt.Errorf("Content-Length is %q, the body has %d bytes", shorten(got), len(x.body))
	}
	r.say("pixel length", err, "%d bytes, as announced", len(x.body))
}

// checkHead checks that HEAD has the headers of GET and no body.
func checkHead(ctx context.Context, r *chart, c *client, get *exchange) {
	x, err := c.do(ctx, http.MethodHead, "/o/"+unsignedToken+".gif")
	if err == nil {
		err = x.status(http.StatusOK)
	}
	if err == nil {
		for _, name := range []string{"Content-Type", "Content-Length", "Cache-Control"} {
			if x.Header.Get(name) != get.Header.Get(name) {
				err = fmt.Errorf("%s is %q, and %q for GET", name, shorten(x.Header.Get(name)), shorten(get.Header.Get(name)))
				break
			}
		}
	}
	r.say("pixel HEAD", err, "the headers of GET")
}

// checkRobots checks that robots.txt disallows the whole host (RFC 9309 §2.2).
func checkRobots(ctx context.Context, r *chart, c *client) {
	x, err := c.do(ctx, http.MethodGet, "/robots.txt")
	if err == nil {
		err = x.status(http.StatusOK)
	}
	if err == nil {
		var all, closed bool
		for line := range strings.Lines(string(x.body)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			all = all || strings.EqualFold(name, "user-agent") && strings.TrimSpace(value) == "*"
			closed = closed || strings.EqualFold(name, "disallow") && strings.TrimSpace(value) == "/"
		}
		if !all || !closed {
			err = errors.New("it does not disallow all to every robot")
		}
	}
	r.say("pixel robots.txt", err, "disallows all")
}
