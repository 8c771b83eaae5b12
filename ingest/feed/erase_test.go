package feed

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/warehouse"
)

// letterTo is an event of the message n.
func letterTo(n int) *letter {
	return &letter{ID: fmt.Sprintf("evt_%d", n), Event: warehouse.FeedEvent{CampaignID: 1, MessageID: message(n), Kind: "opened"}}
}

// TestErasureReachesWhatAFeedKeeps has a feed without a target, whose folder is of an
// earlier run, and one that has begun.
func TestErasureReachesWhatAFeedKeeps(t *testing.T) {
	gone := []byte(message(1).String())
	names := func(text []byte) bool { return bytes.Contains(text, gone) }
	for _, begun := range []bool{false, true} {
		t.Run(fmt.Sprintf("begun %v", begun), func(t *testing.T) {
			dir := t.TempDir()
			s := &state{Cursor: time.Now(), Pending: []*letter{letterTo(1), letterTo(2)}, Read: []string{"evt_7"}}
			if err := s.save(dir); err != nil {
				t.Fatal(err)
			}
			if err := bury(dir, []*letter{letterTo(1)}); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(dir, letterFile), filepath.Join(dir, olderFile)); err != nil {
				t.Fatal(err)
			}
			if err := bury(dir, []*letter{letterTo(3), letterTo(1), letterTo(4)}); err != nil {
				t.Fatal(err)
			}
			f := New(Config{Dir: dir}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
			if begun {
				f.state = s
				f.reader.recent.has("evt_7", message(1), f.now())
				f.reader.recent.has("evt_8", message(2), f.now())
			}
			for _, want := range []int{3, 0} { // it may be done again
				if erased, err := f.Erase(names); err != nil || erased != want {
					t.Errorf("%d erased, %v, want %d", erased, err, want)
				}
			}
			after, err := loadState(dir)
			if err != nil || len(after.Pending) != 1 || after.Pending[0].ID != "evt_2" || len(after.Read) != 0 {
				t.Errorf("the state is %+v, %v", after, err)
			}
			if text, err := os.ReadFile(filepath.Join(dir, stateFile)); err != nil || bytes.Contains(text, []byte("evt_7")) {
				t.Errorf("the file is %s, %v", text, err)
			}
			if recent := &f.reader.recent; begun && (recent.has("evt_7", message(1), f.now()) || !recent.has("evt_8", message(2), f.now())) {
				t.Error("a feed that has begun remembers the id of an erased event, or has forgotten another one")
			}
			if begun && (len(f.state.Pending) != 1 || f.status.PendingEvents != 1) {
				t.Errorf("%d events wait", len(f.state.Pending))
			}
			if _, err := os.Stat(filepath.Join(dir, olderFile)); !os.IsNotExist(err) {
				t.Error("a file without letters stays")
			}
			text, err := os.ReadFile(filepath.Join(dir, letterFile))
			if err != nil || bytes.Count(text, []byte("\n")) != 2 || names(text) {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
}

func TestNothingIsErasedWhereThereWasNoFeed(t *testing.T) {
	f := New(Config{Dir: filepath.Join(t.TempDir(), "none")}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	if erased, err := f.Erase(func([]byte) bool { return true }); err != nil || erased != 0 {
		t.Errorf("%d erased, %v", erased, err)
	}
}
