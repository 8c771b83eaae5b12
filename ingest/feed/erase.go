package feed

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"glint/ingest/host/atomicfile"
)

// Erase removes the events for whose text names returns true from the pending events and
// from the files of events that were given up, even if the webhook of these files is no
// longer configured, and their ids from the recently read ones. It returns their number.
// Call it after the events are deleted from the warehouse; otherwise they would be read
// again.
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
