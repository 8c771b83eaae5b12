package ingest

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"glint/ingest/erasure"
)

// TestAnErasedPersonIsGoneFromTheLogOfRegistrations erases a person right after the
// registration was acknowledged, and searches the files.
func TestAnErasedPersonIsGoneFromTheLogOfRegistrations(t *testing.T) {
	engine := newEngine(t)
	engine.migrated(t)
	dir := t.TempDir()
	orders := erasure.Folder(filepath.Join(dir, "erasures"))
	change := withSends(t, sendsHome{Book: &headBook{}})
	s := runService(t, dir, engine.dsn, func(c *Config) { change(c); c.ErasureDir = string(orders) })
	body := []byte(`{"recipient":"erased@example.com"} {"recipient":"stays@example.com"}`)
	if a := postSends(t, s, "?campaign=spring", sendsToken, body); a.status != http.StatusOK {
		t.Fatalf("%+v", a)
	}
	order, err := orders.Place([]string{"erased@example.com"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the log and the tables to be searched", func() bool { // the engine deletes its files later
		return slices.Contains([]string{"webhook", "parts"}, orders.State(order).Step)
	})
	files, err := filepath.Glob(filepath.Join(dir, "log", "sends", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		if text, err := os.ReadFile(path); err == nil && bytes.Contains(text, []byte("erased@example.com")) { // else it is deleted by now
			t.Errorf("%s still names the person", path)
		}
	}
	s.stop()
	s = runService(t, dir, engine.dsn, func(c *Config) { change(c); c.ErasureDir = string(orders) })
	s.registered(t)
	if got := engine.query(t, "SELECT recipient FROM glint.sends FINAL"); got != "stays@example.com" {
		t.Errorf("the table has %q", got)
	}
}
