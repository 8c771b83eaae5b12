package feed

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// ErrAddress is wrapped by errors about a refused address.
var ErrAddress = errors.New("feed: the target's address is refused")

func prefixes(all ...string) (parsed []netip.Prefix) {
	for _, text := range all {
		parsed = append(parsed, netip.MustParsePrefix(text))
	}
	return parsed
}

// The addresses that are not public: IANA's registries of special-purpose
// addresses, https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-.
var (
	// never is refused even if private addresses are allowed: these belong to no host, or
	// answer with the credentials of the requesting machine.
	never = prefixes("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "fe80::/10", "ff00::/8", "::/128",
		"100.100.100.200/32", "192.0.0.192/32", "fd00:ec2::/32") // metadata of Alibaba, Oracle and Amazon
	private = prefixes("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
	other4  = prefixes("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24")
	other6  = prefixes("2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16")
	global6 = netip.MustParsePrefix("2000::/3") // RFC 4291, section 2.4: all other unicast is unassigned

	// nat64 and sixToFour contain an IPv4 address, to which a translator sends (RFC 6052, RFC 3056).
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour = netip.MustParsePrefix("2002::/16")
)

// checkAddress returns ErrAddress unless addr is public or, if allowPrivate is set,
// private.
func checkAddress(addr netip.Addr, allowPrivate bool) error {
	if addr.Zone() != "" {
		return fmt.Errorf("%w: it has a zone", ErrAddress)
	}
	addr = plain(addr)
	has := func(p netip.Prefix) bool { return p.Contains(addr) }
	switch {
	case !addr.IsValid(), slices.ContainsFunc(never, has):
		return fmt.Errorf("%w: it is link-local, multicast or a machine's own metadata", ErrAddress)
	case slices.ContainsFunc(private, has):
		if !allowPrivate {
			return fmt.Errorf("%w: it is loopback or private, which --webhook-allow-private allows", ErrAddress)
		}
		return nil
	case slices.ContainsFunc(other4, has), addr.Is6() && (!has(global6) || slices.ContainsFunc(other6, has)):
		return fmt.Errorf("%w: it is reserved", ErrAddress)
	}
	return nil
}

// plain returns the IPv4 address embedded in an IPv6 address, or else the address itself.
func plain(addr netip.Addr) netip.Addr {
	addr = addr.Unmap()
	b := addr.As16()
	switch {
	case nat64.Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:]))
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return addr
}
