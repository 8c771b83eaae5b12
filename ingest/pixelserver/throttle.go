package pixelserver

import (
	"net/netip"
	"sync"
	"time"

	"glint/edge/pixel"
	"glint/ingest/host/tokenbucket"
)

// throttle limits the events that one client network (a /24 or /48) and one
// site may write by the web pixel and POST /e. The number of token buckets is
// bounded, so that a million networks need no more memory than the first ones.
type throttle struct {
	mu       sync.Mutex
	networks tokenbucket.Buckets[netip.Prefix]
	sites    tokenbucket.Buckets[string]
}

// The rates, in events per second, and the bursts. A page of a busy site behind
// one office's address stays below them; a loop does not.
const (
	networkRate, networkBurst = 50, 500
	siteRate, siteBurst       = 5_000, 50_000
)

// allow reports whether a client may write n events of a site now.
func (t *throttle) allow(addr netip.Addr, site string, n int, at time.Time) bool {
	prefix, _ := addr.Prefix(pixel.TruncatedBits(addr)) // zero for an unknown address
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.networks.Take(prefix, n, networkRate, networkBurst, at) && t.sites.Take(site, n, siteRate, siteBurst, at)
}
