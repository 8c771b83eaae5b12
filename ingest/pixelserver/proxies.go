package pixelserver

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"glint/ingest/host/addrprefix"
)

// ErrProxies is wrapped by ParseProxies' errors.
var ErrProxies = errors.New("pixelserver: faulty proxies")

// The headers in which a proxy passes the client's address. Only one of them is
// read: a proxy that sets one forwards the other unchanged from the client.
const (
	XForwardedFor = "x-forwarded-for" // de facto standard; nginx, HAProxy, AWS
	Forwarded     = "forwarded"       // RFC 7239
)

// Proxies are the trusted proxies, which pass the client's address in a header.
// The zero value trusts none: the peer of the connection is the client.
type Proxies struct {
	trusted []netip.Prefix
	header  string
}

// ParseProxies reads addresses and CIDR prefixes. header is XForwardedFor or
// Forwarded; "" means the former.
func ParseProxies(prefixes []string, header string) (Proxies, error) {
	if header == "" {
		header = XForwardedFor
	}
	if header != XForwardedFor && header != Forwarded {
		return Proxies{}, fmt.Errorf("%w: header %q is neither %s nor %s", ErrProxies, header, XForwardedFor, Forwarded)
	}
	p := Proxies{header: header}
	for _, s := range prefixes {
		text := s
		if a, err := netip.ParseAddr(s); err == nil {
			text = a.WithZone("").String() // a proxy on this link; its zone is ignored
		}
		prefix, err := addrprefix.Parse(text)
		if err != nil {
			return Proxies{}, fmt.Errorf("%w: %q is %w", ErrProxies, s, err)
		}
		p.trusted = append(p.trusted, prefix)
	}
	return p, nil
}

func (p *Proxies) trusts(a netip.Addr) bool {
	for _, prefix := range p.trusted {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// client returns the right-most address that is not trusted, beginning with the
// peer: addresses further left may be forged. It returns a zero address if a
// trusted proxy names something that is not an address. If all addresses are
// trusted, it returns the left-most.
func (p *Proxies) client(peer netip.Addr, values func(name string) []string) netip.Addr {
	addr := peer
	if !p.trusts(addr) {
		return addr
	}
	lines := values(p.header)
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more; {
			var hop string
			rest, hop, more = cutLast(rest)
			if hop = p.node(hop); hop == "" {
				continue // an empty element of the list, RFC 9110 §5.6.1
			}
			next, ok := parseNode(hop)
			if !ok {
				return netip.Addr{}
			}
			if addr = next; !p.trusts(addr) {
				return addr
			}
		}
	}
	return addr
}

// cutLast splits a list at its last comma.
func cutLast(list string) (rest, last string, more bool) {
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		return list[:i], list[i+1:], true
	}
	return "", list, false
}

// node returns the client in an element of the list.
func (p *Proxies) node(element string) string {
	if p.header == XForwardedFor {
		return strings.TrimSpace(element)
	}
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(pair, "=")
		if strings.EqualFold(strings.TrimSpace(name), "for") {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return strings.TrimSpace(element) // an element without for= names no client
}

// parseNode reads an address with or without a port, IPv6 with or without
// brackets (RFC 7239 §6; some proxies add ports to X-Forwarded-For as well).
func parseNode(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		var ap netip.AddrPort
		ap, err = netip.ParseAddrPort(s)
		a = ap.Addr()
	}
	return a.Unmap().WithZone(""), err == nil
}
