package lint

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"glint/edge/pixel"
)

// lacksToken reports whether the URL of a pixel has a name in the place of a
// token that is neither a token nor a placeholder of a template.
func lacksToken(u *url.URL) bool {
	target := u.Path + "?" + u.RawQuery
	return !pixelName.MatchString(target) && !strings.ContainsAny(target, "{}[]<>|*%$") && !pixel.MayHaveMessage(target)
}

// noPixel returns the finding about a page without a pixel, and where its
// address is instead.
func noPixel(root *html.Node) string {
	const finding = "the mail has no pixel of glint, so no open can be seen"
	if root == nil {
		return finding
	}
	for n := range root.Descendants() {
		if place := placeOfAddress(n); place != "" {
			return finding + ": the pixel's address is only in " + place
		}
	}
	return finding
}

// placeOfAddress returns the place in a node that has a pixel's address, or "".
func placeOfAddress(n *html.Node) string {
	switch n.Type {
	case html.CommentNode:
		if hasAddress(n.Data) {
			return "a comment, which at most Outlook reads"
		}
	case html.TextNode:
		switch {
		case !hasAddress(n.Data):
		case n.Parent.Data == "style":
			return "a style, and many mail clients load no image of a style"
		case strings.Contains(n.Data, "<"):
			return "the text, as the tag was pasted where text is written, not into the HTML"
		default:
			return "the text"
		}
	case html.ElementNode:
		for _, a := range n.Attr {
			switch {
			case !hasAddress(a.Val):
			case a.Key == "href":
				return "a link, which loads no image"
			case a.Key == "style", a.Key == "background":
				return "a background, and many mail clients load no backgrounds"
			default:
				return "the attribute " + a.Key + " of <" + n.Data + ">, which mail clients do not load as the image"
			}
		}
	}
	return ""
}

// hasAddress reports whether a text contains the address of a pixel, or a
// template's placeholder for it.
func hasAddress(text string) bool {
	return pixelName.MatchString(text) || pixelInText.MatchString(text)
}
