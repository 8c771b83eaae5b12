package pixelserver

import (
	"net/netip"
	"sync"
	"time"
)

const (
	hintAfterOpens = 1000      // opens in a row from one address that look like a proxy
	hintInterval   = time.Hour // between two warnings
)

// undeclaredProxyHint notices when everyone seems to come from one address, as they do behind
// a proxy that was not declared.
type undeclaredProxyHint struct {
	mu     sync.Mutex
	addr   netip.Addr
	run    int
	warned time.Time
}

// due reports, at most once in crowdRest, that the last opens all came
// from one address.
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
