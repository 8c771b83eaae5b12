// Package addrprefix parses an address or a CIDR prefix in an operator's
// settings.
package addrprefix

import (
	"errors"
	"net/netip"
)

// ErrSyntax is the error of Parse.
var ErrSyntax = errors.New("neither an address nor a CIDR prefix")

// Parse returns the prefix in s, masked. An address becomes a prefix of its
// full length; an address with a zone is refused. IPv4 within IPv6 becomes
// plain IPv4, as in look-ups. Otherwise it returns ErrSyntax.
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
