// Package pixel is what a request gets back, and what is worth knowing of it.
//
// Route answers first and always: any request for something under /o/ or
// /pixel/, or ending in .gif or .png, gets a valid transparent 1×1 image of
// the kind its extension says, whatever its token, method or headers. Observe
// then turns the request into an event. Both are pure: the Compute program and
// the standalone server call them with what their platform knows.
package pixel

import (
	"strings"

	"glint/edge/event"
)

// Answer is the response to one request.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte     // shared; must not be changed. Not sent for HEAD, yet its length is
	Kind        event.Kind // "" if the request is not an open and gives no event
	Token       string     // the file's name without its extension, as it came
}

// Route decides what a request for path gets, the query string not included.
// It looks at nothing but the path: every method is answered alike.
func Route(path string) Answer {
	name, image, contentType := splitExtension(path)
	switch {
	case strings.HasPrefix(name, "/o/"):
		return Answer{200, contentType, image, event.KindToken, name[len("/o/"):]}
	case strings.HasPrefix(name, "/pixel/"):
		return Answer{200, contentType, image, event.KindUUID, name[len("/pixel/"):]}
	case len(name) < len(path):
		return Answer{200, contentType, image, event.KindOther, ""}
	case path == "/robots.txt":
		return Answer{200, "text/plain; charset=utf-8", robots, "", ""}
	}
	return Answer{404, "text/plain; charset=utf-8", notFound, "", ""}
}

// splitExtension returns path without .gif or .png, in any case, and the image
// to answer with: a GIF unless the extension says PNG.
func splitExtension(path string) (name string, image []byte, contentType string) {
	n := len(path) - len(".gif")
	if n >= 0 && path[n] == '.' {
		switch e := path[n+1:]; {
		case strings.EqualFold(e, "gif"):
			return path[:n], gif, "image/gif"
		case strings.EqualFold(e, "png"):
			return path[:n], png, "image/png"
		}
	}
	return path, gif, "image/gif"
}

var (
	robots   = []byte("User-agent: *\nDisallow: /\n")
	notFound = []byte("not found\n")

	// A GIF89a (43 bytes) with one transparent color, and an 8-bit gray PNG
	// with alpha (68 bytes): the smallest of each that every decoder reads.
	gif = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff" +
		"\x21\xf9\x04\x01\x00\x00\x00\x00" +
		"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b")
	png = []byte("\x89PNG\r\n\x1a\n" +
		"\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x04\x00\x00\x00\xb5\x1c\x0c\x02" +
		"\x00\x00\x00\x0bIDAT\x78\xda\x63\x60\x60\x00\x00\x00\x03\x00\x01\x2b\x09\x4d\x84" +
		"\x00\x00\x00\x00IEND\xae\x42\x60\x82")
)
