package networks

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

// sourceWorld is a set of files, a clock, and what was told of the files.
type sourceWorld struct {
	files   Files
	now     time.Time
	told    []string
	sources *Sources
}

func newSourceWorld(t *testing.T) *sourceWorld {
	t.Helper()
	dir := t.TempDir()
	w := &sourceWorld{
		files: Files{Operator: filepath.Join(dir, "networks.csv"), Home: filepath.Join(dir, "home"), ASNs: filepath.Join(dir, "asn.mmdb")},
		now:   time.Unix(1000, 0),
	}
	w.put(t, w.files.Operator, header+"203.0.113.0/24,scanner:first,,,,\n")
	w.put(t, w.files.ASNs, string(asnDatabase(t)))
	var err error
	w.sources, err = openSources(w.files, nil, w.note, func() time.Time { return w.now })
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *sourceWorld) note(source string, fault error) {
	word := "taken"
	if fault != nil {
		word = "refused"
	}
	w.told = append(w.told, source+" "+word)
}

// put replaces a file as a careful program does.
func (w *sourceWorld) put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// network asks after the next look at the files is due.
func (w *sourceWorld) network(addr string) string {
	w.now = w.now.Add(reload.Interval)
	n := w.sources.Lookup(netip.MustParseAddr(addr))
	return n.Name
}

func (w *sourceWorld) wantTold(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.told); diff != "" {
		t.Errorf("told -want +got:\n%s", diff)
	}
	w.told = nil
}

func TestAChangedFileIsTakenWithoutARestart(t *testing.T) {
	w := newSourceWorld(t)
	if got := w.network("203.0.113.1"); got != "scanner:first" {
		t.Fatalf("got %s", got)
	}
	w.put(t, w.files.Operator, header+"203.0.113.0/24,scanner:second,,,,\n")
	if got := w.network("203.0.113.1"); got != "scanner:second" {
		t.Errorf("got %s", got)
	}
	w.wantTold(t, "operator taken")
}

func TestAppleListMayComeLaterAndGo(t *testing.T) {
	w := newSourceWorld(t)
	if got := w.network("172.224.226.1"); got != "" {
		t.Fatalf("got %s before there was a list", got)
	}
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	if _, err := SaveRelay(w.files.Home, []byte(appleList), at, 0); err != nil {
		t.Fatal(err)
	}
	if got := w.network("172.224.226.1"); got != "apple_relay" {
		t.Errorf("got %q after the list came", got)
	}
	if got := w.sources.Book().Dates()[SourceRelay]; !got.Equal(at) {
		t.Errorf("its date is %v", got)
	}
	if err := os.Remove(RelayFile(w.files.Home)); err != nil {
		t.Fatal(err)
	}
	if got := w.network("172.224.226.1"); got != "" {
		t.Errorf("got %s after the list went", got)
	}
	w.wantTold(t, "apple_relay taken", "apple_relay taken")
}

func TestAFaultyFileLeavesItsOldListAndTheOthersAlone(t *testing.T) {
	w := newSourceWorld(t)
	if _, err := SaveRelay(w.files.Home, []byte(appleList), time.Now(), 0); err != nil {
		t.Fatal(err)
	}
	if got := w.network("172.224.226.1"); got != "apple_relay" {
		t.Fatalf("got %q", got)
	}
	w.wantTold(t, "apple_relay taken")

	w.put(t, w.files.Operator, "not a table")
	w.put(t, RelayFile(w.files.Home), "<html>")
	if err := os.Truncate(w.files.ASNs, 10); err != nil { // in place, as a careless program does
		t.Fatal(err)
	}
	for range 3 { // each fault is reported once
		if a, b := w.network("203.0.113.1"), w.network("172.224.226.1"); a != "scanner:first" || b != "apple_relay" {
			t.Errorf("got %s, %s", a, b)
		}
	}
	if n := w.sources.Lookup(netip.MustParseAddr("2a00:1450::1")); n.Country != "FR" {
		t.Errorf("the database lost %+v", n)
	}
	w.wantTold(t, "operator refused", "apple_relay refused", "asn_db refused")

	if err := os.Remove(w.files.Operator); err != nil {
		t.Fatal(err)
	}
	if got := w.network("203.0.113.1"); got != "scanner:first" {
		t.Errorf("got %q without the operator's file", got)
	}
	w.wantTold(t, "operator refused")
}

func TestSourcesMustBeSoundAtFirst(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken")
	if err := os.WriteFile(broken, []byte("<html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		files Files
		want  error
	}{
		{Files{Operator: broken}, ErrFile},
		{Files{Operator: broken + ".missing"}, os.ErrNotExist},
		{Files{ASNs: broken}, ErrDatabase},
	} {
		if _, err := OpenSources(c.files, nil, nil); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c.files, err)
		}
	}
}

// TestADamagedRelayListEndsNoStart: it is refused, and taken once it is sound.
func TestADamagedRelayListEndsNoStart(t *testing.T) {
	w := newSourceWorld(t)
	path := RelayFile(w.files.Home)
	for _, damaged := range []string{"", "<html>", "\x00\x00\x00", "prefix"} {
		w.put(t, path, damaged)
		var err error
		if w.sources, err = openSources(w.files, nil, w.note, func() time.Time { return w.now }); err != nil {
			t.Fatalf("%q: %v", damaged, err)
		}
		w.wantTold(t, "apple_relay refused")
		if got := w.network("203.0.113.1"); got != "scanner:first" {
			t.Errorf("%q: the operator's file says %q", damaged, got)
		}
		if w.sources.Book().Relay != nil {
			t.Errorf("%q is a list", damaged)
		}
		w.wantTold(t) // the same fault is reported once
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	w.network("203.0.113.1")
	w.wantTold(t, "apple_relay taken")
}

func TestAFixedTableNeedsNoFile(t *testing.T) {
	table := read(t, header+"203.0.113.0/24,hosting,,,,\n")
	s, err := OpenSources(Files{}, table, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.Lookup(netip.MustParseAddr("203.0.113.1")); n.Name != "hosting" || !n.ListDate.IsZero() {
		t.Errorf("%+v", n)
	}
	if got := s.Book().Dates(); len(got) != 0 {
		t.Errorf("dates %v of a table without one", got)
	}
}

func TestDatesAreThoseOfTheSources(t *testing.T) {
	want := map[string]time.Time{SourceOperator: writtenAt, SourceRelay: listTakenAt, SourceASNs: time.Unix(1_700_000_000, 0).UTC()}
	if diff := cmp.Diff(want, fullBook(t).Dates()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestUntoldNamesWhatIsMissing(t *testing.T) {
	if got := fullBook(t).Untold(); len(got) != 0 {
		t.Errorf("%q", got)
	}
	got := strings.Join((&Book{}).Untold(), "\n")
	for _, want := range []string{"glint networks update", "--networks", "--asn-db"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not name %s", got, want)
		}
	}
}
