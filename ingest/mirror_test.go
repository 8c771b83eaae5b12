package ingest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"glint/ingest/mirrors"
	"glint/ingest/receiver/linegen"
	"glint/ingest/warehouse"
)

// TestAMirrorThatIsAwayForTooLongHoldsUpNobody gives the log less room than what comes
// while the mirror hangs. The log goes on without it, and the mirror gets what it lacks
// from the warehouse.
func TestAMirrorThatIsAwayForTooLongHoldsUpNobody(t *testing.T) {
	e, m := newEngine(t), newEngine(t)
	link := newLossyWay(t, m, func(string, string) fate { return answered })
	s := runService(t, t.TempDir(), e.dsn, func(c *Config) {
		c.Mirrors = []string{link.dsn(t)}
		c.LiveLogBytes, c.LogRetain = 32<<20, 0
	})
	const lines = 2000
	s.post(t, linegen.Body(1, lines))
	of := `{mirror="` + strings.TrimPrefix(link.URL, "http://") + `"}`
	eventually(t, "the mirror to follow", func() bool { return s.metrics(t)["glint_mirror_up"+of] == 1 })
	s.drained(t)

	link.hang.Lock()
	posted := uint64(1)
	// A machine that posts faster than the warehouse loads fills this small log by itself,
	// so a refused body is posted again, as senders do. While the mirror hangs, only a log
	// that goes on without it takes more than it has room for.
	post := func() {
		posted++
		body := linegen.Body(posted, lines)
		eventually(t, "the log to take a body", func() bool {
			status, answer, _ := postBody(t, s.Ingest, body)
			if status != http.StatusOK && status != http.StatusTooManyRequests {
				t.Fatalf("status %d: %s", status, answer)
			}
			return status == http.StatusOK
		})
	}
	eventually(t, "the log to go on without the mirror", func() bool {
		post()
		now := s.metrics(t)
		return now["glint_mirror_up"+of] == 0 && now["glint_mirror_behind_records"+of] == 0
	})
	for range 3 {
		post()
	}
	link.hang.Unlock()
	eventually(t, "the warehouse to have all", func() bool { return e.count(t, "SELECT count() FROM opens") == int(posted)*lines })
	first, mirror := e.migrated(t), connected(t, m.dsn)
	eventually(t, "the mirror to be equal", func() bool {
		all, err := mirrors.Compare(t.Context(), first, mirror, time.Now(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			if !d.Equal {
				return false
			}
		}
		return true
	})
	if got, want := m.count(t, "SELECT count() FROM opens FINAL"), int(posted)*lines; got != want {
		t.Errorf("the mirror has %d opens, want %d", got, want)
	}
}

func connected(t *testing.T, dsn string) *warehouse.Warehouse {
	t.Helper()
	w, err := warehouse.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// TestMirrorsAreNamedWithoutSecrets: the name stands in logs and metrics.
func TestMirrorsAreNamedWithoutSecrets(t *testing.T) {
	for dsn, want := range map[string]string{
		"http://user:secret@ch.example.com:8123/glint":  "ch.example.com:8123",
		"https://user:secret@ch.example.com/?secure=1":  "ch.example.com",
		"http://user:secret@[2001:db8::1]:8123/another": "[2001:db8::1]:8123/another",
	} {
		if got, err := mirrorName(dsn); err != nil || got != want {
			t.Errorf("name %q, %v, want %q", got, err, want)
		}
	}
	for _, dsn := range []string{"", "ch.example.com", "clickhouse://user:secret@ch.example.com:9000", "http://user:sec ret@[::/"} {
		name, err := mirrorName(dsn)
		if err == nil {
			t.Errorf("%q is the mirror %q, want an error", dsn, name)
		} else if strings.Contains(err.Error(), "sec") && !strings.Contains(err.Error(), "USER:PASSWORD") {
			t.Errorf("the error says the password: %v", err)
		}
	}
	cfg := Default()
	cfg.Mirrors = []string{"http://a:b@h:1", "http://c:d@h:1"}
	if _, err := newMirrors(&cfg); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("the same mirror twice: %v", err)
	}
}
