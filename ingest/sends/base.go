package sends

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// ErrBaseURL is wrapped by the reasons of CheckBaseURL.
var ErrBaseURL = errors.New("sends: unusable pixel base URL")

// BaseURL is the base of pixel URLs.
type BaseURL struct {
	URL      string   // like https://pixel.example.com, the host an A-label
	Private  string   // reason why the host is not reachable from the public internet, or ""
	Loopback bool     // reachable from this machine only
	Warnings []string // possible mistakes in a usable URL
}

type baseURLError string

func (e baseURLError) Error() string { return string(e) }
func (e baseURLError) Unwrap() error { return ErrBaseURL }

const errBaseForm baseURLError = "is not like https://pixel.example.com, without a path"

// ParseBaseURL is CheckBaseURL for the URLs of a style: a static image may be
// in any folder under any name, by default StaticImage.
func ParseBaseURL(base string, style Style) (*BaseURL, error) {
	if style != StyleQuery {
		return CheckBaseURL(base)
	}
	image := StaticImage
	text := strings.TrimSpace(base)
	if u, err := url.Parse(text); err == nil && u.Host != "" && strings.Trim(u.Path, "/") != "" && u.RawQuery == "" && !u.ForceQuery && u.Fragment == "" {
		image = u.EscapedPath()
		text = strings.TrimSuffix(text, u.EscapedPath())
	}
	b, err := CheckBaseURL(text)
	if err == nil {
		b.URL += image
	}
	return b, err
}

// CheckBaseURL parses the base of pixel URLs. Non-ASCII host names become
// A-labels, since mail clients resolve nothing else. Its errors wrap ErrBaseURL
// and are meant to follow the name of a setting. A private host is not an
// error: the caller decides.
func CheckBaseURL(base string) (*BaseURL, error) {
	text := strings.TrimSuffix(strings.TrimSpace(base), "/")
	switch {
	case strings.ContainsAny(text, " \t\r\n"):
		return nil, baseURLError("has blanks")
	case strings.Contains(text, "%"):
		return nil, baseURLError("has a percent sign; write the host as people read it, or as xn--…")
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Opaque != "" {
		return nil, errBaseForm
	}
	switch {
	case u.User != nil:
		return nil, baseURLError("has a user or password, which every recipient would see")
	case u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(text, "#"):
		return nil, errBaseForm
	}
	b := &BaseURL{}
	host, err := b.host(u.Hostname())
	if err != nil {
		return nil, err
	}
	port, err := b.port(u)
	if err != nil {
		return nil, err
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	b.URL = u.Scheme + "://" + host + port
	if u.Scheme == "http" && b.Private == "" {
		b.Warnings = append(b.Warnings, "begins with http://: mail clients and their image proxies warn of such images or leave them out, and everybody on the way reads the URL; use https://")
	}
	return b, nil
}

func (b *BaseURL) port(u *url.URL) (string, error) {
	port := u.Port()
	if port == "" {
		if strings.HasSuffix(u.Host, ":") {
			return "", baseURLError("has a colon and no port")
		}
		return "", nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", baseURLError("has a port that is not from 1 to 65535")
	}
	if u.Scheme == "https" && n == 443 || u.Scheme == "http" && n == 80 {
		return "", nil
	}
	if b.Private == "" {
		b.Warnings = append(b.Warnings, fmt.Sprintf("names port %d: company networks and image proxies often let only the usual ports through", n))
	}
	return ":" + strconv.FormatUint(n, 10), nil
}

// hostNames maps names like browsers do, and applies the rules for host names.
var hostNames = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

func (b *BaseURL) host(name string) (string, error) {
	if ip, err := netip.ParseAddr(name); err == nil {
		return b.address(ip), nil
	}
	if strings.Contains(name, ":") {
		return "", baseURLError("has a host that is no IP address")
	}
	switch {
	case strings.HasSuffix(name, "."):
		return "", baseURLError("has a host that ends with a dot")
	case strings.Contains(name, "_"):
		return "", baseURLError("has an underscore in its host, which no certificate may have")
	}
	host, err := hostNames.ToASCII(name)
	if err != nil {
		return "", baseURLError("has a host that is no name of the DNS")
	}
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	if numeric(last) {
		return "", baseURLError("has a host that programs take for an IP address")
	}
	if mixesScripts(uLabel(host)) {
		b.Warnings = append(b.Warnings, "has a host that mixes Latin letters with others that look like them: filters take it for a fraud")
	}
	switch {
	case last == "localhost":
		b.Loopback, b.Private = true, "is this machine's own"
	case len(labels) == 1:
		b.Private = "has a host without a dot, which only a local network knows"
	case slices.Contains(privateEndings, last) || strings.HasSuffix(host, ".home.arpa"):
		b.Private = "ends with ." + last + ", which only a local network knows"
	}
	return host, nil
}

// numeric reports whether a last label makes a host an IPv4 address (WHATWG URL
// §3.5).
func numeric(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		label = strings.Map(func(r rune) rune {
			if strings.ContainsRune("abcdef", r) {
				return '0'
			}
			return r
		}, hex)
	}
	return strings.Trim(label, "0123456789") == ""
}

// privateEndings are top-level names outside the public DNS: RFC 6761, RFC
// 6762, RFC 7686, and ICANN's list of names that will never be delegated.
var privateEndings = []string{"local", "internal", "intranet", "lan", "home", "corp", "mail", "private", "localdomain", "test", "invalid", "onion", "arpa"}

// sharedSpace is the address range behind providers' NAT (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

func (b *BaseURL) address(ip netip.Addr) string {
	ip = ip.Unmap()
	switch {
	case ip.IsLoopback():
		b.Loopback, b.Private = true, "is this machine's own"
	case ip.IsUnspecified() || ip.IsMulticast() || ip.IsLinkLocalUnicast() || ip.IsPrivate() || sharedSpace.Contains(ip) || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		b.Private = "is an address of a local network"
	default:
		b.Warnings = append(b.Warnings, "names an IP address in place of a host: filters distrust such images, and certificates seldom hold")
	}
	return ip.String()
}
