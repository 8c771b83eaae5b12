// Package tokenbucket limits the rate of events for each of many keys, in
// bounded memory.
package tokenbucket

import "time"

// MaxKeys is the number of keys in a generation of Buckets.
const MaxKeys = 50_000

// bucket is the number of tokens left at a time.
type bucket struct {
	left float64
	at   time.Time
}

// Buckets holds the buckets of the latest keys and of the keys before; a key in
// neither has a full bucket. The zero value is ready. It is not safe for
// concurrent use.
type Buckets[K comparable] struct{ now, before map[K]bucket }

// Take takes n tokens from a key's bucket and reports whether there were
// enough. rate is in tokens per second, burst is the size of a full bucket.
func (b *Buckets[K]) Take(key K, n int, rate, burst float64, at time.Time) bool {
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
	if b.now == nil || len(b.now) >= MaxKeys {
		b.before, b.now = b.now, map[K]bucket{}
	}
	b.now[key] = v
	return allowed
}
