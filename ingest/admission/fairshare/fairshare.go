// Package fairshare divides a capacity of bytes between the sources that use it.
// The first half is free for every source. The second half is divided equally:
// once the free half is used up, a source gets more only while it has less than
// its part of the second half. So each of n sources can always use half of the
// capacity divided by n, whatever the others do. The package keeps no state.
package fairshare

import "slices"

// Limits are the two levels of a capacity C for n sources, in bytes.
type Limits struct {
	Free int64 // C/2: below it in total, every source is admitted
	Own  int64 // C/2/n: from Free on, a source is admitted while its own backlog is below it
}

// Of returns the limits of a capacity in bytes. Below two sources there is
// nothing to divide, and ok is false.
func Of(capacity int64, sources int) (l Limits, ok bool) {
	if sources < 2 {
		return Limits{}, false
	}
	half := capacity / 2
	return Limits{Free: half, Own: half / int64(sources)}, true
}

// Sources returns the labels of the lists, sorted, each once.
func Sources(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}
