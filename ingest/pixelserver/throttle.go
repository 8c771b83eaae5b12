package pixelserver

import (
	"net/netip"
	"sync"
	"time"

	"glint/edge/pixel"
)

// throttle bounds what one client network (a /24 or /48) and one site may write by
// the web pixel and POST /e: token buckets, whose number is bounded, so that a
// million networks take no more memory than the first ones.
type throttle struct {
	mu       sync.Mutex
	networks buckets[netip.Prefix]
	sites    buckets[string]
}

// The rates, in events a second, and the bursts. A page of a busy site behind one
// office's address stays below; a loop does not.
const (
	networkRate, networkBurst = 50, 500
	siteRate, siteBurst       = 5_000, 50_000
	maxBuckets                = 50_000
)

// bucket is what is left at a time.
type bucket struct {
	left float64
	at   time.Time
}

// buckets are those of the last keys and of the keys before.
type buckets[K comparable] struct{ now, before map[K]bucket }

// take takes n tokens of a key's bucket and reports whether they were there.
func (b *buckets[K]) take(key K, n int, rate, burst float64, at time.Time) bool {
	v, ok := b.now[key]
	if !ok {
		if v, ok = b.before[key]; !ok {
			v = bucket{burst, at}
		}
	}
	if passed := at.Sub(v.at).Seconds(); passed > 0 {
		v.left = min(burst, v.left+passed*rate)
		v.at = at
	}
	allowed := v.left >= float64(n)
	if allowed {
		v.left -= float64(n)
	}
	if b.now == nil || len(b.now) >= maxBuckets {
		b.before, b.now = b.now, map[K]bucket{}
	}
	b.now[key] = v
	return allowed
}

// allow reports whether a client may write n events of a site now.
func (t *throttle) allow(addr netip.Addr, site string, n int, at time.Time) bool {
	prefix, _ := addr.Prefix(pixel.TruncatedBits(addr)) // zero for an unknown address
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.networks.take(prefix, n, networkRate, networkBurst, at) && t.sites.take(site, n, siteRate, siteBurst, at)
}
