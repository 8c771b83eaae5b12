package audit

import (
	"slices"
)

// keySet is a set of keys that can be marked. It takes 8 bytes and one bit for
// each key.
type keySet struct {
	keys   []uint64 // sorted, without duplicates
	first  []uint32 // index of the first key with these top bits
	shift  uint
	marked []uint64 // one bit for each key
	left   int      // number of unmarked keys
}

// newKeySet takes ownership of the slice.
func newKeySet(keys []uint64) *keySet {
	slices.Sort(keys)
	s := &keySet{keys: slices.Compact(keys), shift: 64}
	s.left = len(s.keys)
	s.marked = make([]uint64, (len(s.keys)+63)/64)
	for len(s.keys)>>(64-s.shift) > 8 { // average number of keys with the same top bits
		s.shift--
	}
	s.first = make([]uint32, 1<<(64-s.shift)+1)
	top := 0
	for i, key := range s.keys {
		for ; uint64(top) <= key>>s.shift; top++ {
			s.first[top] = uint32(i)
		}
	}
	for ; top < len(s.first); top++ {
		s.first[top] = uint32(len(s.keys))
	}
	return s
}

// mark marks a key if it is in the set.
func (s *keySet) mark(key uint64) {
	i, found := s.find(key)
	if bit := uint64(1) << (i % 64); found && s.marked[i/64]&bit == 0 {
		s.marked[i/64] |= bit
		s.left--
	}
}

// isMarked reports whether a key is in the set and marked.
func (s *keySet) isMarked(key uint64) bool {
	i, found := s.find(key)
	return found && s.marked[i/64]>>(i%64)&1 == 1
}

func (s *keySet) find(key uint64) (i int, found bool) {
	top := key >> s.shift
	low := int(s.first[top])
	i, found = slices.BinarySearch(s.keys[low:s.first[top+1]], key)
	return low + i, found
}
