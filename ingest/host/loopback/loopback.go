// Package loopback recognizes the names and addresses of this machine's loopback
// interface.
package loopback

import "net/netip"

// Is reports whether a host, without a port and brackets, is "localhost" or a loopback
// address, also one of IPv4 within IPv6. It resolves no name.
func Is(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}
