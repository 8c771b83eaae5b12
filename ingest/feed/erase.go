package feed

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"glint/ingest/host/atomicfile"
)

// Erase removes the events whose text names someone from what waits and from the files
// of what was given up, also those of a run with a webhook that there is none now, and
// their ids from what was read last. It returns how many events they were. The
// warehouse has the events no more by then: else they would be read again.
func (f *Feed) Erase(names func(text []byte) bool) (erased int, err error) {
	f.turning.Lock()
	defer f.turning.Unlock()
	f.reader.recent.erase(names)
	erased, err = f.eraseState(names)
	if err != nil {
		return erased, err
	}
	for _, name := range []string{letterFile, olderFile} {
		n, err := atomicfile.RemoveLines(filepath.Join(f.config.Dir, name), names)
		erased += n
		if err != nil {
			return erased, fmt.Errorf("erase events that were given up: %w", err)
		}
	}
	return erased, nil
}

func (f *Feed) eraseState(names func(text []byte) bool) (erased int, err error) {
	s := f.state
	if s == nil {
		if s, err = loadState(f.config.Dir); err != nil || s == nil {
			return 0, err
		}
	}
	var kept []*letter
	for _, l := range s.Pending {
		text, err := json.Marshal(l)
		if err != nil {
			return 0, err
		}
		if !names(text) {
			kept = append(kept, l)
		}
	}
	erased = len(s.Pending) - len(kept)
	if erased == 0 && len(s.Read) == 0 {
		return 0, nil
	}
	s.Pending, s.Read = kept, nil // a feed that has begun keeps its own with their messages
	if f.state != nil {
		f.setPending()
	}
	return erased, s.save(f.config.Dir)
}
