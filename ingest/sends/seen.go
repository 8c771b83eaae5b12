package sends

import "hash/maphash"

// seen finds recipients that come twice. It keeps hashes and not the strings,
// which the rows have: a map without pointers costs the garbage collector
// nothing, and a third of the memory.
type seen struct {
	seed maphash.Seed
	rows map[uint64]int32 // hash of a recipient → its row
}

func (s *seen) init() { s.seed, s.rows = maphash.MakeSeed(), map[uint64]int32{} }

// add returns the row that has the recipient already, or notes that the row
// after the last one will have it.
func (s *seen) add(recipient string, rows []Row) (first int, again bool) {
	return s.addHash(maphash.String(s.seed, recipient), recipient, rows)
}

// addHash is add for a recipient with that hash. Two recipients with one hash
// lie behind each other.
func (s *seen) addHash(hash uint64, recipient string, rows []Row) (first int, again bool) {
	for ; ; hash++ {
		row, ok := s.rows[hash]
		if !ok {
			s.rows[hash] = int32(len(rows))
			return 0, false
		}
		if rows[row].Recipient == recipient {
			return int(row), true
		}
	}
}
