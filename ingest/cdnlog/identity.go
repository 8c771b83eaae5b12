package cdnlog

import (
	"crypto/sha256"
	"encoding/binary"

	"glint/edge/event"
)

// identify derives the id of a request: from the log's own name of it, or else
// from the whole line.
func (r *Request) identify(line string) {
	if r.requestID != "" {
		r.ID = hash(string(r.Edge), r.requestID, 0)
		return
	}
	r.ID, r.ByLine = hash("line", line, 0), true
}

func hash(kind, text string, n uint32) event.ID {
	b := make([]byte, 0, 1024)
	b = append(append(b, kind...), 0)
	b = binary.BigEndian.AppendUint32(b, n)
	sum := sha256.Sum256(append(b, text...))
	return event.ID(sum[:16])
}

// maxSeen is how many lines one half of Repeats holds. Equal lines have equal
// times, so they stand close to each other; a window keeps the memory flat.
const maxSeen = 200_000

// Repeats tells equal lines of one file apart, by their place among each other. Its
// zero value has seen none. It is not safe for concurrent use.
type Repeats struct {
	seen [2]map[event.ID]uint32 // how often they came, of the last ones and those before
}

// ID returns the id of a request that has none but that of its line, given that and
// the line. It is called for each such line of a file, in their order.
func (s *Repeats) ID(first event.ID, line string) event.ID {
	n, ok := s.seen[0][first]
	if !ok {
		n = s.seen[1][first]
	}
	if len(s.seen[0]) >= maxSeen {
		s.seen[0], s.seen[1] = s.seen[1], s.seen[0]
		clear(s.seen[0])
	}
	if s.seen[0] == nil {
		s.seen[0] = map[event.ID]uint32{}
	}
	s.seen[0][first] = n + 1
	if n == 0 {
		return first
	}
	return hash("line", line, n)
}
