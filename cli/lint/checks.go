package lint

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// clipBytes is the size at which Gmail clips a message and links to the rest: a pixel
// in the rest loads only if the reader follows the link.
// https://support.google.com/mail/thread/16327049
const clipBytes = 102 << 10

// pixelPath are the paths of glint's pixel, and pixelName the placeholders of templates for it.
var (
	pixelPath = regexp.MustCompile(`(?i)^(/.*)?/(o/[^/]+|pixel/[0-9a-f-]{36})\.(gif|png)$`)
	pixelName = regexp.MustCompile(`(?i)pixel_?url`)

	pixelInText = regexp.MustCompile(`(?i)https?://[^\s"'<>)]*/(o/E[A-Za-z0-9_-]{53}|pixel/[0-9a-f-]{36})`)

	// pixelQuery is the query of --url-style query, before the image of any CDN.
	pixelQuery = regexp.MustCompile(`(?:^|[&;])[^=&]+=E[A-Za-z0-9_-]{53}(?:&|$)`)
)

// blockedPart matches parts of hosts and paths by which public block lists for mail
// and the web recognize trackers.
var blockedPart = regexp.MustCompile(`(?i)^(track|tracking|trk|click|clicks|open|opens|pixel|beacon|mailtrack)\.|/(track|tracking|trk|beacon|wf/open|email/open|mail/open|open\.aspx|trackopen|opened)([/?.]|$)|/(pixel|spacer|blank|1x1|transparent)\.(gif|png)`)

// image is an <img> that loads a pixel.
type image struct {
	node   *html.Node
	src    string
	offset int // of its tag in the HTML
}

// check returns the findings, mail by mail.
func check(mails []mail) (findings []Finding) {
	seen := map[string]string{}
	for i := range mails {
		m := &mails[i]
		add := func(check, mend, format string, args ...any) {
			findings = append(findings, Finding{m.file, check, fmt.Sprintf(format, args...), mend})
		}
		if m.isMessage {
			checkMessage(m, add)
		}
		if strings.TrimSpace(m.html) == "" {
			add("html", "send an HTML part beside the text, with the pixel last in its body",
				"the mail has no HTML, and plain text loads no image: its opens cannot be seen")
			continue
		}
		pixels, root := pixelsOf(m.html)
		switch len(pixels) {
		case 0:
			if looksQuoted(m.html) {
				add("encoding", "check the message as it is sent (.eml), or the HTML before it is encoded", "the HTML is still encoded as quoted-printable (=3D for =), as inside a message")
				continue
			}
			add("pixel", "put the output of `glint send snippet PIXEL_URL` at the end of the body", "%s", noPixel(root))
			continue
		case 1:
		default:
			add("once", "keep only the last one", "the mail has %[1]d pixels: one open counts as %[1]d", len(pixels))
		}
		p := pixels[len(pixels)-1]
		checkPixel(&p, root, add)
		if first, again := seen[p.src]; again && !pixelName.MatchString(p.src) {
			add("own", "give each recipient the pixel_url of their own row", "the pixel has the same URL as in %s: the opens of two recipients count as one message's", first)
		} else {
			seen[p.src] = m.file
		}
	}
	return findings
}

func checkMessage(m *mail, add func(check, mend, format string, args ...any)) {
	if !m.text {
		add("text", "add a part text/plain", "the message has no plain-text part, which spam filters count against it")
	}
	if m.amp != "" && !pixelIn(m.amp) {
		add("amp", "add the pixel to the AMP part as <amp-img>, or remove that part",
			"the message has an AMP part without the pixel: opens in clients that show this part, such as Gmail and Yahoo, cannot be seen")
	}
	switch unsubscribe, post := m.header("List-Unsubscribe"), m.header("List-Unsubscribe-Post"); {
	case unsubscribe == "":
		add("unsubscribe", "add the headers List-Unsubscribe and List-Unsubscribe-Post (RFC 8058)",
			"there is no List-Unsubscribe header, which Gmail and Yahoo require of bulk mail: without it more mail goes to spam, unopened")
	case !strings.Contains(strings.ToLower(unsubscribe), "https://") || !strings.EqualFold(strings.TrimSpace(post), "List-Unsubscribe=One-Click"):
		add("unsubscribe", "name an https address, and add List-Unsubscribe-Post: List-Unsubscribe=One-Click", "recipients cannot unsubscribe with one click (RFC 8058)")
	}
	if m.recipients > 1 {
		add("own", "send a separate message to each recipient", "the message has %d recipients, who share its pixel, so their opens cannot be distinguished", m.recipients)
	}
}

func checkPixel(p *image, root *html.Node, add func(check, mend, format string, args ...any)) {
	if u, err := url.Parse(p.src); !pixelName.MatchString(p.src) || err == nil && u.Host != "" {
		switch {
		case err != nil || u.Host == "":
			add("https", "use the unchanged pixel_url from the output of glint send register", "the pixel's address is not a URL")
		case u.Scheme == "":
			add("https", "register with --pixel-base-url https://…", "the pixel's URL has no https: before its host, and a mail has no page to take the protocol from")
		case u.Scheme != "https":
			add("https", "register with --pixel-base-url https://…", "the pixel is loaded over %s: clients block unencrypted images or warn about them", u.Scheme)
		}
		if err == nil && u.Host != "" && lacksToken(u) {
			add("token", "use the unchanged pixel_url from the output of glint send register", "the pixel's URL has no whole token, so it names no message, and its opens do not count")
		}
		if err == nil && blockedPart.MatchString(u.Host+u.Path) {
			add("blocked", "use a host without a tracking word, such as img.example.com, in --pixel-base-url", "block lists contain hosts or paths like this, so some clients do not load the pixel")
		}
	}
	if p.offset > clipBytes {
		add("clip", "make the mail smaller than 102 kB", "the pixel begins at byte %d of the HTML: Gmail clips a message after 102 kB, and does not load the rest", p.offset)
	}
	style := declarations(attribute(p.node, "style"))
	for _, side := range []string{"width", "height"} {
		if value := strings.TrimSuffix(attribute(p.node, side), "px"); value != "1" {
			add("size", `write width="1" height="1"`, "the %s of the pixel is %q and not 1: it takes up space, or appears as a broken image where images are blocked", side, value)
		}
		if value := style[side]; value != "" && value != "1px" {
			add("size", side+":1px", "the style gives the pixel the %s %s", side, value)
		}
	}
	if style["display"] != "block" && style["display"] != "none" {
		add("block", "add display:block to its style", "the pixel is not displayed as a block: it makes the mail one line taller")
	}
	rules := hidingRules(root)
	if strings.EqualFold(attribute(p.node, "loading"), "lazy") {
		add("lazy", `remove loading="lazy"`, "the pixel is loaded lazily: a reader who does not scroll to the end of the mail does not load it")
	}
	if how := hidden(p.node, rules); how != "" {
		add("hidden", "do not hide the pixel: at 1×1 it is invisible", "the pixel is hidden (%s), and some clients do not load hidden images", how)
	}
	if after := behind(p.node, root, rules); after != "" {
		add("last", "move the pixel before </body>", "%s follows the pixel: the pixel should load after the visible content", after)
	}
}

// pixelsOf returns the pixels of a page, and its tree.
func pixelsOf(page string) (pixels []image, root *html.Node) {
	// Mail clients run no scripts, so they show the content of <noscript>.
	root, err := html.ParseWithOptions(strings.NewReader(page), html.ParseOptionEnableScripting(false))
	if err != nil {
		return nil, nil // the reader is in memory; any text is HTML
	}
	offsets := imageOffsets(page)
	n := 0
	for node := range root.Descendants() {
		if node.Type != html.ElementNode || node.Data != "img" {
			continue
		}
		src := strings.TrimSpace(attribute(node, "src"))
		if isPixel(src) {
			i := image{node: node, src: src}
			if n < len(offsets) {
				i.offset = offsets[n]
			}
			pixels = append(pixels, i)
		}
		n++
	}
	return pixels, root
}

// pixelIn reports whether an AMP part loads a pixel.
func pixelIn(amp string) bool {
	z := html.NewTokenizer(strings.NewReader(amp))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		for _, a := range z.Token().Attr {
			if a.Key == "src" && isPixel(strings.TrimSpace(a.Val)) {
				return true
			}
		}
	}
	return false
}

func isPixel(src string) bool {
	if u, err := url.Parse(src); err == nil && u.Host != "" {
		return pixelPath.MatchString(u.Path) || pixelName.MatchString(u.Path) || pixelQuery.MatchString(u.RawQuery)
	}
	return pixelName.MatchString(src)
}

// looksQuoted reports whether HTML is encoded as quoted-printable.
func looksQuoted(page string) bool {
	return strings.Contains(page, `=3D"`) || strings.Contains(page, "=3Dhttp")
}

// imageOffsets returns the offsets of the tags of images, in their order.
func imageOffsets(page string) (offsets []int) {
	z := html.NewTokenizer(strings.NewReader(page))
	at := 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return offsets
		}
		size := len(z.Raw())
		if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			if name, _ := z.TagName(); string(name) == "img" || string(name) == "image" {
				offsets = append(offsets, at)
			}
		}
		at += size
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// declarations are the properties of a style attribute, in lower case.
func declarations(style string) map[string]string {
	all := map[string]string{}
	for d := range strings.SplitSeq(strings.ToLower(style), ";") {
		name, value, _ := strings.Cut(d, ":")
		value, _, _ = strings.Cut(value, "!important")
		all[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return all
}

// behind returns the kind of visible content after the pixel; "" without any.
func behind(pixel, root *html.Node, rules []rule) string {
	passed := false
	for n := range root.Descendants() {
		switch {
		case n == pixel:
			passed = true
		case !passed:
		case n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" && n.Parent.Data != "style" && n.Parent.Data != "script" && hidden(n.Parent, rules) == "":
			return "text"
		case n.Type == html.ElementNode && n.Data == "img" && !isPixel(strings.TrimSpace(attribute(n, "src"))):
			return "an image"
		}
	}
	return ""
}
