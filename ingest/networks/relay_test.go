package networks

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const appleList = `172.224.226.0/27,GB,GB-EN,London
172.224.224.0/31,US,US-CA,LOSANGELES,
2a02:26f7:c9c8:4000::/64,DE,,
2606:54c0:8000::/45,US,US-NY,New York
`

func relay(t *testing.T, text string) *Relay {
	t.Helper()
	r, err := ReadRelay(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRelayKnowsApplesAddresses(t *testing.T) {
	r := relay(t, "# a comment\n\n"+strings.ReplaceAll(appleList, "\n", "\r\n"))
	if r.Prefixes() != 4 || !r.TakenAt.IsZero() {
		t.Errorf("%d prefixes of %v", r.Prefixes(), r.TakenAt)
	}
	for _, c := range []struct {
		addr  string
		known bool
		want  place
	}{
		{"172.224.226.31", true, place{"GB", "EN"}},
		{"::ffff:172.224.226.31", true, place{"GB", "EN"}},
		{"172.224.226.32", false, place{}},
		{"172.224.224.1", true, place{"US", "CA"}},
		{"2a02:26f7:c9c8:4000::9", true, place{"DE", ""}},
		{"2a02:26f7:c9c8:4001::9", false, place{}},
		{"2606:54c0:8007::1", true, place{"US", "NY"}},
	} {
		if got, known := r.lookup(netip.MustParseAddr(c.addr)); known != c.known || got != c.want {
			t.Errorf("%s: %+v, %v", c.addr, got, known)
		}
	}
}

func TestFaultyRelayLists(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "no prefix in it"},
		{"nothing but comments", "# taken_at 2026-01-01T00:00:00Z\n", "no prefix in it"},
		{"a page", "<html>\n", "line 1"},
		{"the whole world", appleList + "0.0.0.0/0,US,,\n", "line 5: prefix 0.0.0.0/0 is too wide"},
		{"half of IPv6", "2000::/3,US,,\n", "line 1: prefix 2000::/3 is too wide"},
		{"no prefix", "US,US-CA\n", `line 1: prefix "US"`},
		{"an invalid country", "172.224.226.0/27,<b>,,\n", "line 1: country"},
		{"an endless line", strings.Repeat("x", 1<<17), "too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadRelay(strings.NewReader(c.text))
			if !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestSavedListHasItsDate(t *testing.T) {
	home := t.TempDir()
	at := time.Date(2026, 3, 4, 5, 6, 7, 8, time.FixedZone("", 3600))
	for range 2 { // the second time from the file that the first one wrote
		if _, err := SaveRelay(home, []byte(appleList), at, 0); err != nil {
			t.Fatal(err)
		}
		list, _, err := ReadListFile(RelayFile(home))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := SaveRelay(home, list, at.AddDate(1, 0, 0), 0); err != nil {
			t.Fatal(err)
		}
	}
	lists, err := ReadLists(home)
	if err != nil || !lists.Relay.TakenAt.Equal(at.Truncate(time.Second)) || lists.Relay.Prefixes() != 4 {
		t.Errorf("%+v, %v", lists.Relay, err)
	}
	for path, want := range map[string]os.FileMode{RelayFile(home): 0o600, filepath.Dir(RelayFile(home)): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestAFaultyListLeavesTheOldOne(t *testing.T) {
	home := t.TempDir()
	if _, err := SaveRelay(home, []byte(appleList), time.Now(), 0); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(RelayFile(home))
	if _, err := SaveRelay(home, []byte("<html>"), time.Now(), 0); !errors.Is(err, ErrFile) {
		t.Errorf("%v", err)
	}
	after, err := os.ReadFile(RelayFile(home))
	if err != nil || string(before) != string(after) {
		t.Errorf("changed to %s, %v", after, err)
	}
}

func TestADateFromTheFileItself(t *testing.T) {
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Dir(RelayFile(home)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(RelayFile(home), []byte(appleList), 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(RelayFile(home), at, at); err != nil {
		t.Fatal(err)
	}
	if lists, err := ReadLists(home); err != nil || !lists.Relay.TakenAt.Equal(at) {
		t.Errorf("%+v, %v", lists.Relay, err)
	}
}

func TestNoListsAreNoError(t *testing.T) {
	lists, err := ReadLists(t.TempDir())
	if err != nil || lists.Relay.Prefixes() != 0 {
		t.Errorf("%+v, %v", lists, err)
	}
}

func TestADamagedListIsAnError(t *testing.T) {
	home := t.TempDir()
	if _, err := SaveRelay(home, []byte(appleList), time.Now(), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(RelayFile(home), []byte("damaged\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadLists(home); !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), RelayFile(home)) {
		t.Errorf("%v", err)
	}
}

// bigList has as many lines as Apple's.
func bigList() string {
	var b strings.Builder
	for i := range 280_000 {
		fmt.Fprintf(&b, "2a02:26f7:%x:%x::/64,%c%c,XX-%d,Town\n", i>>16, i&0xffff, 'A'+i%26, 'A'+i/26%26, i%10)
	}
	return b.String()
}

func BenchmarkReadRelay(b *testing.B) {
	text := bigList()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadRelay(strings.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	r, err := ReadRelay(strings.NewReader(bigList()))
	if err != nil {
		b.Fatal(err)
	}
	book := &Book{Lists: Lists{Relay: r}}
	addr := netip.MustParseAddr("2a02:26f7:1:1234::1")
	b.ReportAllocs()
	for b.Loop() {
		if !book.Lookup(addr).Known {
			b.Fatal("not found")
		}
	}
}
