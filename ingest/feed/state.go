package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"glint/ingest/host/atomicfile"
	"glint/ingest/warehouse"
)

// letter is a pending event. It does not contain the recipient, who is looked up at each
// try, so that no data of an erased person stays here.
type letter struct {
	ID       string              `json:"id"`
	Event    warehouse.FeedEvent `json:"event"`
	Attempts int                 `json:"attempts"`
	Next     time.Time           `json:"next"`
	Fault    string              `json:"fault,omitempty"` // of the last try
}

func (l *letter) key() warehouse.MessageKey {
	return warehouse.MessageKey{CampaignID: l.Event.CampaignID, MessageID: l.Event.MessageID}
}

func (l *letter) kind() warehouse.FeedKind {
	return warehouse.FeedKind{MessageKey: l.key(), Kind: l.Event.Kind}
}

// state is the state of a feed on disk. All times except the letters' are by the
// warehouse's clock.
type state struct {
	Begin   time.Time     `json:"begin"`     // earlier arrivals are not sent
	Cursor  time.Time     `json:"cursor"`    // arrivals until then are sent, given up or pending
	Waited  time.Duration `json:"waited_ns"` // maximum time between receipt and arrival of recent events
	Pending []*letter     `json:"pending"`   // tried and to be retried
	// Read has the recently read ids, only after an orderly end. An id is a hash of its
	// message's: it can be computed from an address and the keys, so ids are erased, too.
	Read []string `json:"read,omitempty"`
}

const stateFile = "state.json"

// loadState returns the state in a folder; nil if it has none.
func loadState(dir string) (*state, error) {
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	s := &state{}
	if err == nil {
		err = json.Unmarshal(text, s)
	}
	if err != nil {
		return nil, fmt.Errorf("read how far the webhook has come: %w", err)
	}
	return s, nil
}

// save stores the state in dir and returns when it is durable.
func (s *state) save(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = atomicfile.WriteJSON(filepath.Join(dir, stateFile), "", s)
	}
	if err != nil {
		return fmt.Errorf("keep how far the webhook has come: %w", err)
	}
	return nil
}

// The file of events that were given up, and the previous one, which a full file
// replaces.
const (
	letterFile      = "dead.jsonl"
	olderFile       = "dead.1.jsonl"
	maxLettersBytes = 16 << 20
)

// bury appends events that are given up to letterFile, one object per line, and returns
// when they are on disk.
func bury(dir string, dead []*letter) error {
	path := filepath.Join(dir, letterFile)
	if info, err := os.Stat(path); err == nil && info.Size() > maxLettersBytes {
		if err := os.Rename(path, filepath.Join(dir, olderFile)); err != nil {
			return fmt.Errorf("keep events that were given up: %w", err)
		}
	}
	var text []byte
	for _, l := range dead {
		line, err := json.Marshal(l)
		if err != nil {
			return err
		}
		text = append(append(text, line...), '\n')
	}
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = appendFile(path, text)
	}
	if err == nil {
		err = atomicfile.SyncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("keep events that were given up: %w", err)
	}
	return nil
}

func appendFile(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}
