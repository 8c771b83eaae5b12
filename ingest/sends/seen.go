package sends

import "hash/maphash"

// seen finds recipients that occur twice or look the same. It is a table of
// hashes and row numbers; the rows hold the strings. A map would take four
// times the memory, and four times the time while it grows.
type seen struct {
	seed  maphash.Seed
	slots []uint64 // upper half: part of the hash, lower half: row + 1; 0: free
	used  int
}

func (s *seen) init() { s.seed, s.slots = maphash.MakeSeed(), make([]uint64, 1<<10) }

// add returns the row whose recipient looks like this one, or records the
// recipient for the row after the last one.
func (s *seen) add(recipient string, rows []Row) (first int, again bool) {
	shape := looks(recipient)
	return s.addHash(maphash.String(s.seed, shape), shape, rows)
}

// lowerHalf are the bits of a slot that hold the row + 1.
const lowerHalf = 1<<32 - 1

// addHash is add for a shape with that hash.
func (s *seen) addHash(hash uint64, shape string, rows []Row) (first int, again bool) {
	if 4*s.used >= 3*len(s.slots) {
		s.grow()
	}
	at := s.place(hash)
	for ; s.slots[at] != 0; at = s.next(at) {
		if slot := s.slots[at]; slot&^lowerHalf == hash&^lowerHalf {
			if row := int(slot&lowerHalf) - 1; looks(rows[row].Recipient) == shape {
				return row, true
			}
		}
	}
	s.slots[at] = hash&^lowerHalf | uint64(len(rows)+1)
	s.used++
	return 0, false
}

// place returns the slot at which the search for a hash begins; next returns the following
// place.
func (s *seen) place(hash uint64) int { return int(hash>>32) & (len(s.slots) - 1) }
func (s *seen) next(at int) int       { return (at + 1) & (len(s.slots) - 1) }

func (s *seen) grow() {
	old := s.slots
	s.slots = make([]uint64, 2*len(old))
	for _, slot := range old {
		if slot == 0 {
			continue
		}
		at := s.place(slot)
		for s.slots[at] != 0 {
			at = s.next(at)
		}
		s.slots[at] = slot
	}
}
