// Package tokenbucket bounds how often something happens for each of many keys, in
// memory that a million keys do not fill.
package tokenbucket

import "time"

// MaxKeys is how many keys a generation of Buckets has.
const MaxKeys = 50_000

// bucket is what is left at a time.
type bucket struct {
	left float64
	at   time.Time
}

// Buckets are those of the last keys and of the keys before; a key that is in neither
// has a full one. The zero value is ready. It is not safe for concurrent use.
type Buckets[K comparable] struct{ now, before map[K]bucket }

// Take takes n tokens of a key's bucket and reports whether they were there. rate is in
// tokens a second, burst is what a full bucket holds.
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
