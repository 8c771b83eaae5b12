package sends

import "hash/maphash"

// seen finds recipients that come twice, or that a person takes for one. It
// keeps hashes and not the strings, which the rows have: a map without pointers
// costs the garbage collector nothing, and a third of the memory.
type seen struct {
	seed maphash.Seed
	rows map[uint64]int32 // hash of how a recipient looks → its row
}

func (s *seen) init() { s.seed, s.rows = maphash.MakeSeed(), map[uint64]int32{} }

// add returns the row whose recipient looks like this one, or notes that the row
// after the last one will have it.
func (s *seen) add(recipient string, rows []Row) (first int, again bool) {
	shape := looks(recipient)
	return s.addHash(maphash.String(s.seed, shape), shape, rows)
}

// addHash is add for a shape with that hash. Two shapes with one hash lie behind
// each other.
func (s *seen) addHash(hash uint64, shape string, rows []Row) (first int, again bool) {
	for ; ; hash++ {
		row, ok := s.rows[hash]
		if !ok {
			s.rows[hash] = int32(len(rows))
			return 0, false
		}
		if looks(rows[row].Recipient) == shape {
			return int(row), true
		}
	}
}
