package batch

import (
	"bytes"
	"fmt"
)

// A record may have as many lines as a body of ingest, far more than a batch.
// All its rows at once would need several times its size in memory, so it is
// loaded in chunks, one after the other. The cuts depend on the record and the
// limits alone, so each try has the same chunks.

// chunk is a group of lines that are loaded together.
type chunk struct {
	name   string
	bodies []Body
}

// chunksOf returns the batch itself unless it is one record beyond the limits.
func chunksOf(name string, bodies []Body, maxLines, maxBytes int) []chunk {
	if len(bodies) != 1 || bodies[0].Count <= maxLines && len(bodies[0].Lines) <= maxBytes {
		return []chunk{{name, bodies}}
	}
	var pieces []chunk
	for left := bodies[0].Lines; len(left) > 0 || len(pieces) == 0; {
		part := bodies[0]
		part.Lines, part.Count = firstLines(left, maxLines, maxBytes)
		left = left[len(part.Lines):]
		pieces = append(pieces, chunk{name, []Body{part}})
		name = fmt.Sprintf("%s-piece-%d", pieces[0].name, len(pieces)+1)
	}
	return pieces
}

// firstLines returns the first lines and their number: as many as the limits
// allow, at least one.
func firstLines(lines []byte, maxLines, maxBytes int) (first []byte, n int) {
	end := 0
	for end < len(lines) && n < maxLines {
		next := len(lines)
		if i := bytes.IndexByte(lines[end:], '\n'); i >= 0 {
			next = end + i + 1
		}
		if next > maxBytes && n > 0 {
			break
		}
		end = next
		n++
	}
	return lines[:end], n
}

// add adds the outcomes of another chunk of the same record.
func (r *Result) add(other *Result) {
	for outcome, n := range other.Lines {
		r.Lines[outcome] += n
	}
	r.Restored += other.Restored
	all, more := &r.Bodies[0], &other.Bodies[0]
	all.Events = append(all.Events, more.Events...)
	all.BadTokens += more.BadTokens
	all.DeadLetters += more.DeadLetters
	all.OverCap += more.OverCap
	all.Repeats += more.Repeats
	all.NotKept += more.NotKept
	for outcome, n := range more.Others {
		if all.Others == nil {
			all.Others = map[Outcome]int{}
		}
		all.Others[outcome] += n
	}
}
