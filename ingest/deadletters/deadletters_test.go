package deadletters

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/host/reload"
)

var at = time.Date(2026, 3, 4, 5, 6, 7, 891_000_000, time.UTC)

func letter(line string) Letter {
	return Letter{ReceivedAt: at, Source: "fastly", Reason: "not_event", Detail: "no JSON", Line: line}
}

func letters(lines ...string) (all []Letter) {
	for _, line := range lines {
		all = append(all, letter(line))
	}
	return all
}

func open(t *testing.T, dir string, maxBytes int64) *Folder {
	t.Helper()
	f, err := Open(dir, maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func write(t *testing.T, f *Folder, all []Letter) {
	t.Helper()
	if notKept, err := f.Write(all); err != nil || len(notKept) > 0 {
		t.Fatalf("%d letters not kept, %v", len(notKept), err)
	}
}

// kept reads every letter of the folder.
func kept(t *testing.T, f *Folder) (all []Letter) {
	t.Helper()
	for _, file := range files(t, f) {
		for l, err := range f.Letters(file.Name) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, l)
		}
	}
	return all
}

func files(t *testing.T, f *Folder) []File {
	t.Helper()
	all, err := f.Files()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLinesAreKeptAsTheyCame(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "deadletters"), 0)
	want := letters(`{"a":"quote \" and <b>"`, "tab\tand\x01\x7f", "ä€\U0001f4ec\u2028", "wrong \xff\x00 bytes", "\xff", "")
	write(t, f, want)
	if diff := cmp.Diff(want, kept(t, f)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFormat(t *testing.T) {
	f := open(t, t.TempDir(), 0)
	write(t, f, letters("nonsense", "\xff"))
	b, err := os.ReadFile(filepath.Join(f.dir, files(t, f)[0].Name))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"received_at":"2026-03-04T05:06:07.891Z","source":"fastly","reason":"not_event","detail":"no JSON","line":"nonsense"}
{"received_at":"2026-03-04T05:06:07.891Z","source":"fastly","reason":"not_event","detail":"no JSON","line_base64":"/w=="}
`
	if string(b) != want {
		t.Errorf("got %s", b)
	}
}

func TestFilesOfOlderVersionsAreRead(t *testing.T) {
	f := open(t, t.TempDir(), 0)
	const old = `{"received_at":"2026-03-04T05:06:07.891Z","reason":"not_event","detail":"no JSON","line":"nonsense"}` + "\n"
	if err := os.WriteFile(filepath.Join(f.dir, "00112233445566778899aabb.ndjson"), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	want := letters("nonsense")
	want[0].Source = ""
	if diff := cmp.Diff(want, kept(t, f)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFolderIsForItsOwnerOnly(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "deadletters"), 0)
	write(t, f, letters("bad"))
	for path, want := range map[string]os.FileMode{f.dir: 0o700, filepath.Join(f.dir, files(t, f)[0].Name): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode %o, want %o", got, want)
		}
	}
}

func TestTheSameLettersAgainChangeNothing(t *testing.T) {
	f := open(t, t.TempDir(), 0)
	first := letters("bad", "worse")
	write(t, f, first)
	again := letters("bad", "worse")
	again[0].ReceivedAt, again[0].Reason = at.AddDate(0, 5, 0), "refused"
	write(t, f, again)
	if diff := cmp.Diff(first, kept(t, f)); diff != "" {
		t.Errorf("changed by a repeat:\n%s", diff)
	}
	write(t, f, letters("bad worse"))
	if n := len(files(t, f)); n != 2 {
		t.Errorf("%d files, want one more for other lines", n)
	}
	write(t, f, nil)
	if n := len(files(t, f)); n != 2 {
		t.Errorf("%d files after no letters", n)
	}
}

func TestManyLettersGoToSeveralFiles(t *testing.T) {
	for _, c := range []struct {
		name        string
		lines, size int
		files       int
	}{
		{"by number", 2*maxFileLetters + 1, 8, 3},
		{"by bytes", 3, maxFileBytes / 2, 3},
		{"longer than a file", 1, maxFileBytes, 1},
		{"just one", maxFileLetters, 8, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := open(t, t.TempDir(), 0)
			var all []Letter
			for n := range c.lines {
				all = append(all, letter(fmt.Sprint(n, strings.Repeat("x", c.size))))
			}
			write(t, f, all)
			if n := len(files(t, f)); n != c.files {
				t.Errorf("%d files, want %d", n, c.files)
			}
			if n := len(kept(t, f)); n != c.lines {
				t.Errorf("%d letters, want %d", n, c.lines)
			}
		})
	}
}

func TestAFullFolderKeepsNoneUntilThereIsRoom(t *testing.T) {
	f := open(t, t.TempDir(), 3*4096)
	for n := range 3 {
		write(t, f, letters(fmt.Sprint(n)))
	}
	notKept, err := f.Write(letters("one too many"))
	if err != nil || !cmp.Equal(notKept, []int{0}) {
		t.Fatalf("letters %v not kept, %v; want the one", notKept, err)
	}
	write(t, f, letters("1")) // is there already
	if n := len(kept(t, f)); n != 3 {
		t.Errorf("%d letters, want the 3 from before", n)
	}
	another := open(t, f.dir, 0) // as another process
	if err := another.Remove(files(t, f)[0].Name); err != nil {
		t.Fatal(err)
	}
	pass(f, 2*reload.Settle)
	write(t, f, letters("one too many"))
	if got := f.Bytes(); got != 3*4096 {
		t.Errorf("%d bytes", got)
	}
}

// pass lets that much time pass for a folder.
func pass(f *Folder, d time.Duration) {
	f.noted, f.listed = f.noted.Add(-d), f.listed.Add(-d)
}

// TestWhatOthersWriteFillsTheFolder lets others write at a time of its own, and within one
// unit of the folder's time, which some kernels change 250 times a second only.
func TestWhatOthersWriteFillsTheFolder(t *testing.T) {
	for _, within := range []bool{false, true} {
		f := open(t, t.TempDir(), 2*4096)
		another := open(t, f.dir, 0)
		write(t, another, letters("1"))
		write(t, another, letters("2"))
		at := f.changed
		if !within {
			at = at.Add(time.Second)
		}
		if err := os.Chtimes(f.dir, at, at); err != nil {
			t.Fatal(err)
		}
		if within {
			pass(f, 2*reload.Settle)
		}
		if notKept, err := f.Write(letters("one too many")); err != nil || len(notKept) != 1 {
			t.Errorf("within one unit of time %v: letters %v not kept, %v; want the one", within, notKept, err)
		}
		f.noted = f.noted.Add(-2 * reload.Settle) // it was listed long after the last change
		listed := f.listed
		if f.Bytes() != 2*4096 || !f.listed.Equal(listed) {
			t.Errorf("within one unit of time %v: %d bytes, listed again %v", within, f.Bytes(), !f.listed.Equal(listed))
		}
	}
}

func TestBytesCountsWhatOthersWriteAndWhatWasThere(t *testing.T) {
	f := open(t, t.TempDir(), 0)
	write(t, f, letters("1", strings.Repeat("x", 5000)))
	another := open(t, f.dir, 0)
	if f.Bytes() != 8192 || another.Bytes() != 8192 {
		t.Errorf("%d and %d bytes, want 8192", f.Bytes(), another.Bytes())
	}
	if err := os.WriteFile(filepath.Join(f.dir, ".new-1.ndjson"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if f.Bytes() != 8192 {
		t.Errorf("%d bytes with a file that is being written", f.Bytes())
	}
}

func TestAFileThatIsSentAgainMayComeBack(t *testing.T) {
	f := open(t, t.TempDir(), 0)
	write(t, f, letters("bad"))
	name, err := f.BeginRetry(files(t, f)[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	write(t, f, letters("bad")) // ingest has come to it before it is removed
	if again, err := f.BeginRetry(name); err != nil || again != name {
		t.Errorf("an interrupted retry begins with %q, %v", again, err)
	}
	if err := f.Remove(name); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(letters("bad"), kept(t, f)); diff != "" {
		t.Errorf("the letter that came back is lost:\n%s", diff)
	}
	if err := f.Remove(name); err != nil {
		t.Errorf("removing it twice: %v", err)
	}
}

func TestDamagedAndMissingFilesAreErrors(t *testing.T) {
	f := open(t, t.TempDir(), 0)
	if err := os.WriteFile(filepath.Join(f.dir, "a.ndjson"), []byte("{}\n{\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := 0
	var last error
	for _, err := range f.Letters("a.ndjson") {
		n++
		last = err
	}
	if n != 2 || last == nil || !strings.Contains(last.Error(), "a.ndjson: line 2") {
		t.Errorf("%d letters, error %v", n, last)
	}
	for _, name := range []string{"b.ndjson", "../a.ndjson", "a", ""} {
		for _, err := range f.Letters(name) {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%q: error %v", name, err)
			}
		}
	}
}
