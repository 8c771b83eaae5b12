package pixel

import (
	"errors"
	"net/netip"
)

// Precision is the part of a client's address that an event keeps.
type Precision uint8

// The precisions. The zero value is the default.
const (
	Truncated Precision = iota // /24 of IPv4, /48 of IPv6
	Full
	None
)

// ErrPrecision is returned by ParsePrecision.
var ErrPrecision = errors.New("pixel: the address precision is not one of truncated, full, none")

// ParsePrecision reads truncated, full or none; "" is the default.
func ParsePrecision(s string) (Precision, error) {
	switch s {
	case "", "truncated":
		return Truncated, nil
	case "full":
		return Full, nil
	case "none":
		return None, nil
	}
	return Truncated, ErrPrecision
}

// TruncatedBits returns the number of bits of an address that Truncated keeps.
func TruncatedBits(a netip.Addr) int {
	if a.Is4() {
		return 24
	}
	return 48
}

// Cut returns the part of an address that p keeps, or the zero address.
func (p Precision) Cut(a netip.Addr) netip.Addr {
	if p == None || !a.IsValid() {
		return netip.Addr{}
	}
	a = a.Unmap().WithZone("")
	if p == Truncated {
		prefix, _ := a.Prefix(TruncatedBits(a)) // the number of bits is always valid
		a = prefix.Addr()
	}
	return a
}

func (p Precision) text(a netip.Addr) string {
	if a = p.Cut(a); a.IsValid() {
		return a.String()
	}
	return ""
}
