package mirrors

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"glint/ingest/host/atomicfile"
	"glint/ingest/warehouse"
)

// State is the record of the rows that a mirror has. It is stored in a file of the home.
type State struct {
	From string `json:"from"` // identity of the first warehouse
	To   string `json:"to"`   // identity of the mirror
	// Whole means that the mirror has all rows whose records the log has deleted;
	// otherwise all tables are copied.
	Whole bool `json:"whole"`
	// Seen is the set of copied inserts, by table and partition of the first warehouse.
	Seen map[string]Inserts `json:"seen"`
}

// Inserts is a set of inserts by partition, as ranges of their numbers.
type Inserts map[string][]Range

// Range is the inserts from the first to the last one.
type Range [2]int64

// ReadState reads the state from a file. If the file is missing or damaged, it returns an
// empty state, with which everything is copied.
func ReadState(path string) (*State, error) {
	s := &State{Seen: map[string]Inserts{}}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read state of a mirror: %w", err)
	}
	if damaged := json.Unmarshal(b, s) != nil || s.Seen == nil; damaged {
		s = &State{Seen: map[string]Inserts{}}
	}
	return s, nil
}

// Write writes the state to a file.
func (s *State) Write(path string) error {
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = atomicfile.WriteJSON(path, "", s)
	}
	if err != nil {
		return fmt.Errorf("keep state of a mirror: %w", err)
	}
	return nil
}

// has reports whether all inserts of a part are in the set.
func (s Inserts) has(p *warehouse.Part) bool {
	return slices.ContainsFunc(s[p.Partition], func(r Range) bool { return r[0] <= p.First && p.Last <= r[1] })
}

// of returns the set without partitions that have no part any more: a restarted server
// numbers their next inserts from the beginning.
func (s Inserts) of(parts []warehouse.Part) Inserts {
	there := Inserts{}
	for i := range parts {
		if ranges, ok := s[parts[i].Partition]; ok {
			there[parts[i].Partition] = ranges
		}
	}
	return there
}

// with returns the set with the inserts of these parts, and without partitions that no longer exist.
func (s Inserts) with(parts []warehouse.Part) Inserts {
	all := Inserts{}
	for i := range parts {
		p := &parts[i]
		if all[p.Partition] == nil {
			all[p.Partition] = slices.Clone(s[p.Partition])
		}
		all[p.Partition] = append(all[p.Partition], Range{p.First, p.Last})
	}
	for partition := range maps.Keys(all) {
		all[partition] = united(all[partition])
	}
	return all
}

// united merges ranges that overlap or are adjacent.
func united(ranges []Range) []Range {
	slices.SortFunc(ranges, func(a, b Range) int { return cmp.Compare(a[0], b[0]) })
	joined := ranges[:0]
	for _, r := range ranges {
		if n := len(joined); n > 0 && r[0] <= joined[n-1][1]+1 {
			joined[n-1][1] = max(joined[n-1][1], r[1])
			continue
		}
		joined = append(joined, r)
	}
	return joined
}
