package ignore

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/host/reload"
)

func TestTextIsReadAgain(t *testing.T) {
	l := list(t, example+example) // repeats are left out
	again := list(t, l.Text())
	if diff := cmp.Diff(l.Entries(), again.Entries()); diff != "" || len(again.Entries()) != 7 {
		t.Errorf("%d entries, -before +after:\n%s", len(again.Entries()), diff)
	}
}

func TestSavedListIsForItsOwnerAndIsLoaded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ignore.list")
	if l, err := Load(path); err != nil || len(l.Entries()) != 0 {
		t.Fatalf("no file: %+v, %v", l, err)
	}
	if err := list(t, example).Save(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	if l, err := Load(path); err != nil || !l.Has(Entry{Network, "203.0.113.0/24"}) {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, c := range []struct {
		name, content, want string
		mode                os.FileMode
	}{
		{"a file that others may read", "", "chmod 0600", 0o644},
		{"a faulty line", "network x\n", "line 1: ", 0o600},
		{"a huge file", strings.Repeat("\n", maxFileBytes+1), "larger than 4 MB", 0o600},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ignore.list")
			if err := errors.Join(os.WriteFile(path, []byte(c.content), c.mode), os.Chmod(path, c.mode)); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %q and the path", err, c.want)
			}
			if _, err := Watch(path, nil); err == nil {
				t.Error("it is watched")
			}
		})
	}
}

// TestAChangeTakesEffectWithoutARestart goes from no file to one, to a faulty
// one, to none.
func TestAChangeTakesEffectWithoutARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ignore.list")
	now := time.Unix(1000, 0)
	var told []string
	notify := func(fault error) { told = append(told, map[bool]string{true: "taken", false: "refused"}[fault == nil]) }
	w, err := watch(path, notify, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddr("203.0.113.0")
	want := func(when string, matches bool) {
		t.Helper()
		now = now.Add(reload.Interval)
		if _, ok := w.Match(addr, ""); ok != matches {
			t.Errorf("%s: matched is %v", when, ok)
		}
	}
	want("without a file", false)
	if err := list(t, example).Save(path); err != nil {
		t.Fatal(err)
	}
	want("with a file", true)
	if err := os.WriteFile(path, []byte("half a li"), 0o600); err != nil {
		t.Fatal(err)
	}
	want("with a faulty file", true)
	want("with a faulty file still", true)
	if err := list(t, "").Save(path); err != nil {
		t.Fatal(err)
	}
	want("with an empty file", false)
	if err := list(t, example).Save(path); err != nil {
		t.Fatal(err)
	}
	want("with a file again", true)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	want("without the file", false)
	if diff := cmp.Diff([]string{"taken", "refused", "taken", "taken", "taken"}, told); diff != "" {
		t.Errorf("told -want +got:\n%s", diff)
	}
}

// BenchmarkWatchedMatch measures the cost of an event if nothing is ignored.
func BenchmarkWatchedMatch(b *testing.B) {
	w, err := Watch(filepath.Join(b.TempDir(), "ignore.list"), nil)
	if err != nil {
		b.Fatal(err)
	}
	addr := netip.MustParseAddr("192.0.2.0")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := w.Match(addr, "agent"); ok {
			b.Fatal("matched")
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example)
	f.Add("user_agent_contains \u2028\r\nnetwork ::/0")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(l.Text())
		if err != nil || !cmp.Equal(l.Entries(), again.Entries()) {
			t.Errorf("%q became %q: %v", text, l.Text(), err)
		}
	})
}
