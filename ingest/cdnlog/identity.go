package cdnlog

import (
	"crypto/sha256"
	"encoding/binary"

	"glint/edge/event"
)

// identify derives the id of a request from the log's request id, or else from
// the whole line.
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

// maxSeen is the number of lines in each half of Repeats. Equal lines have
// equal times, so they are close to each other, and a window suffices.
const maxSeen = 200_000

// Repeats distinguishes equal lines of one file by counting them. Its zero
// value is empty. It is not safe for concurrent use.
type Repeats struct {
	seen [2]map[event.ID]uint32 // how often each occurred, among the latest lines and those before
}

// ID returns the id of a request whose log has no request id, given the id of
// its line and the line. It must be called for each such line of a file, in
// order.
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
