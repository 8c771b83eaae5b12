// Package pixel decides the answer to a request and observes the facts about
// it.
//
// Route comes first and always answers: a request under /o/ or /pixel/, with an
// image's extension, or with a possible token or UUID anywhere, gets a valid
// transparent 1×1 image, whatever its token, method or headers. Observe then
// turns the request into an event, and Find returns its message. All functions
// are pure: the Compute program and the standalone server call them with their
// platform's facts.
package pixel

import (
	"strings"

	"glint/edge/event"
	"glint/edge/token"
	"glint/edge/web"
)

// Answer is the response to one request.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte     // shared; must not be changed. Not sent for HEAD, but Content-Length is its length
	Kind        event.Kind // "" if the request gives no event
	Token       string     // the file's name without its extension, as received
	Target      string     // path and query, as received
}

// Route returns the answer to a request for target, which is the path and, if
// present, the query. It considers nothing else: every method gets the same
// answer.
func Route(target string) Answer {
	path, _, _ := strings.Cut(target, "?")
	name, image, contentType := splitExtension(path)
	switch {
	case (path == web.PixelGIF || path == web.PixelPNG) && !MayHaveMessage(target): // a message counts wherever its token is
		return Answer{200, contentType, image, event.KindView, "", target}
	case strings.HasPrefix(name, "/o/"):
		return Answer{200, contentType, image, event.KindToken, name[len("/o/"):], target}
	case strings.HasPrefix(name, "/pixel/"):
		return Answer{200, contentType, image, event.KindUUID, name[len("/pixel/"):], target}
	case len(name) < len(path) || MayHaveMessage(target):
		return Answer{200, contentType, image, event.KindOther, "", target}
	case path == "/robots.txt":
		return Answer{200, "text/plain; charset=utf-8", robots, "", "", target}
	}
	return Answer{404, "text/plain; charset=utf-8", notFound, "", "", target}
}

// MayHaveMessage reports whether Find may find a message in target.
func MayHaveMessage(target string) bool {
	if len(target) < 32 {
		return false // than the shortest UUID
	}
	_, ok := token.FindMessageID(target, folder)
	return ok || token.HasToken(target)
}

// splitExtension returns path without an image's extension, in any case, and
// the image to answer with: PNG if the extension says so, else GIF.
func splitExtension(path string) (name string, image []byte, contentType string) {
	dot := strings.LastIndexByte(path[max(0, len(path)-len(".jpeg")):], '.')
	if dot < 0 {
		return path, gif, "image/gif"
	}
	dot += max(0, len(path)-len(".jpeg"))
	switch e := path[dot+1:]; {
	case strings.EqualFold(e, "png"):
		return path[:dot], png, "image/png"
	case strings.EqualFold(e, "gif"), strings.EqualFold(e, "jpg"), strings.EqualFold(e, "jpeg"), strings.EqualFold(e, "webp"):
		return path[:dot], gif, "image/gif"
	}
	return path, gif, "image/gif"
}

var (
	robots   = []byte("User-agent: *\nDisallow: /\n")
	notFound = []byte("not found\n")

	// A GIF89a (43 bytes) with one transparent color, and an 8-bit gray PNG
	// with alpha (68 bytes): the smallest of each format that every decoder
	// reads.
	gif = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff" +
		"\x21\xf9\x04\x01\x00\x00\x00\x00" +
		"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b")
	png = []byte("\x89PNG\r\n\x1a\n" +
		"\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x04\x00\x00\x00\xb5\x1c\x0c\x02" +
		"\x00\x00\x00\x0bIDAT\x78\xda\x63\x60\x60\x00\x00\x00\x03\x00\x01\x2b\x09\x4d\x84" +
		"\x00\x00\x00\x00IEND\xae\x42\x60\x82")
)
