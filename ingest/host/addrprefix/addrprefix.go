// Package addrprefix reads what operators write for a network: an address or a
// CIDR prefix.
package addrprefix

import (
	"errors"
	"net/netip"
)

// ErrSyntax is the error of Parse.
var ErrSyntax = errors.New("neither an address nor a CIDR prefix")

// Parse returns the prefix that s names, masked. An address is a prefix of all of
// its bits; one with a zone is refused. IPv4 within IPv6 becomes plain IPv4, as
// addresses are looked up. The error is ErrSyntax.
func Parse(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if a, addrErr := netip.ParseAddr(s); addrErr == nil && a.Zone() == "" {
		p, err = netip.PrefixFrom(a, a.BitLen()), nil
	}
	if err != nil {
		return netip.Prefix{}, ErrSyntax
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}
