package pixelserver

import (
	"net/netip"
	"sync"
	"time"
)

const (
	hintAfterOpens = 1000      // consecutive opens from one address that suggest a proxy
	hintInterval   = time.Hour // between two warnings
)

// undeclaredProxyHint detects that all clients seem to have the same address,
// as behind an undeclared proxy.
type undeclaredProxyHint struct {
	mu     sync.Mutex
	addr   netip.Addr
	run    int
	warned time.Time
}

// due reports, at most once per hintInterval, that the last opens all came from
// one address.
func (c *undeclaredProxyHint) due(a netip.Addr, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a != c.addr {
		c.addr, c.run = a, 0
	}
	c.run++
	if c.run < hintAfterOpens || now.Sub(c.warned) < hintInterval {
		return false
	}
	c.warned = now
	return true
}
