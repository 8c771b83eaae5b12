package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestWhatABackupConsistsOf(t *testing.T) {
	store, m := aBackup(t)
	names := store.names()
	for _, want := range []string{
		"home/credentials.env", "home/keys/pixel.keys", "home/consent/ledger.json", "home/deadletters/x.json", "home/replay/mark",
		"home/log/live/00000001-00000000000000000001.seg", "home/log/live/quarantine/q.json", "home/log/pixel.ledger", "home/networks/relay.csv",
		"home/log/batches/live/checkpoint.json", "warehouse/sends/000001.native.zst", "warehouse/opens/000002.native.zst", "manifest.jsonl",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, name := range names {
		for _, none := range []string{"run/", "home/warehouse", "LOCK", "reserve", "archive", ".glint-new", "campaign_changes", "campaign_totals", "/empty/"} {
			if strings.Contains(name, none) {
				t.Errorf("%s is in it", name)
			}
		}
	}
	if len(m.Files) != len(names) || // the manifest more, and an empty file less
		m.Rows() == 0 || m.Bytes() == 0 || !m.BeganAt.Equal(today) {
		t.Errorf("%d files, %d rows, %d bytes, began at %v", len(m.Files), m.Rows(), m.Bytes(), m.BeganAt)
	}
	if err := accepted(t, store); err != nil {
		t.Error(err)
	}
}

func TestTheOrderOfACopyUnderLoad(t *testing.T) {
	tables, locked := someTables(), false
	tables.during = func(table string) {
		if want := slices.Contains(ledgerTables, table); locked != want {
			t.Errorf("%s was exported with the ledger locked: %v", table, locked)
		}
	}
	var stored []string
	_, err := Create(t.Context(), newMemory(), Options{
		Home: aHome(t), Warehouse: tables,
		Lock: func(context.Context) (func(), error) {
			locked = true
			return func() { locked = false }, nil
		},
		Stored: func(f *File) { stored = append(stored, f.Name) },
	})
	if err != nil {
		t.Fatal(err)
	}
	at := func(prefix string) int {
		i := slices.IndexFunc(stored, func(name string) bool { return strings.HasPrefix(name, prefix) })
		if i < 0 {
			t.Fatalf("no %s in %v", prefix, stored)
		}
		return i
	}
	for _, order := range [][]string{
		{"home/replay", "home/log/batches/live/checkpoint", "home/log/batches/live/1", "home/log/receipts", "home/log/live", "home/deadletters", "warehouse/registrations"},
		{"warehouse/unresolved_opens", "warehouse/bad_tokens", "warehouse/opens", "warehouse/aggregate_opens", "warehouse/sends", "warehouse/withdrawals", "warehouse/consents", "home/consent", "home/keys"},
	} {
		for i := range order[1:] {
			if at(order[i]) > at(order[i+1]) {
				t.Errorf("%s comes after %s", order[i], order[i+1])
			}
		}
	}
}

func TestTheLogHasNoHoleWhereSegmentsAreDeletedMeanwhile(t *testing.T) {
	home := aHome(t)
	gone := filepath.Join(home, "log/live/00000002-00000000000000000009.seg")
	third := filepath.Join(home, "log/live/00000003-00000000000000000019.seg")
	if err := os.WriteFile(third, []byte("three"), 0o600); err != nil {
		t.Fatal(err)
	}
	// A link to nothing is listed and cannot be opened, as a file that goes in between.
	w := &writer{to: newMemory(), Options: Options{Home: home}}
	names, err := w.list("log/live", nil, 0)
	if err != nil || len(names) != 4 {
		t.Fatalf("%v, %v", names, err)
	}
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	if err := w.copySegments(t.Context(), names); err != nil {
		t.Fatal(err)
	}
	if got := w.to.(*memory).names(); !slices.Equal(got, []string{"home/log/live/00000003-00000000000000000019.seg", "home/log/live/quarantine/q.json"}) {
		t.Errorf("copied: %v", got)
	}
}

// TestNoStepOfABackupLeavesWhatARestoreTakes stops a backup at each step, by a kill and
// by a full disk.
func TestNoStepOfABackupLeavesWhatARestoreTakes(t *testing.T) {
	home, tables := aHome(t), someTables()
	tables.blocks["opens"] = tables.blocks["opens"][:2]
	for _, cause := range []error{errKilled, syscall.ENOSPC} {
		steps := 0
		for ; ; steps++ {
			store := newMemory()
			store.left, store.err = steps, cause
			_, err := Create(t.Context(), store, Options{Home: home, Warehouse: tables})
			store.left = -1
			if err == nil {
				if err := accepted(t, store); err != nil {
					t.Errorf("a whole backup is refused: %v", err)
				}
				break
			}
			if !errors.Is(err, cause) {
				t.Fatalf("step %d: %v", steps, err)
			}
			if err := accepted(t, store); !errors.Is(err, ErrNoBackup) {
				t.Errorf("stopped by %v at step %d it is refused by: %v", cause, steps, err)
			}
			if !errors.Is(cause, errKilled) && len(store.files) > 0 {
				t.Errorf("stopped at step %d it leaves %v", steps, store.names())
			}
		}
		if steps < 50 {
			t.Errorf("only %d steps", steps)
		}
	}
}

func TestABackupReplacesNothing(t *testing.T) {
	store, _ := aBackup(t)
	if _, err := Create(t.Context(), store, Options{Home: aHome(t), Warehouse: someTables()}); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("%v", err)
	}
	if err := accepted(t, store); err != nil {
		t.Error(err)
	}
}

// TestEveryDamageIsRefused changes one thing of a backup.
func TestEveryDamageIsRefused(t *testing.T) {
	whole, m := aBackup(t)
	cases := 0
	try := func(name string, damage func(*memory)) {
		t.Helper()
		cases++
		store := whole.copied()
		damage(store)
		if err := accepted(t, store); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNoBackup) && !errors.Is(err, ErrNewer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	manifest := whole.files[ManifestFile]
	for i := range m.Files {
		name := m.Files[i].Name
		content := whole.files[name]
		if m.Files[i].Size == 0 {
			continue
		}
		try(name+" missing", func(s *memory) { delete(s.files, name) })
		try(name+" longer", func(s *memory) { s.files[name] = append(s.files[name], 0) })
		try(name+" shorter", func(s *memory) { s.files[name] = content[:len(content)-1] })
		try(name+" empty", func(s *memory) { s.files[name] = nil })
		for _, bit := range []int{0, 8*len(content)/2 + 3, 8*len(content) - 1} {
			try(fmt.Sprintf("bit %d of %s", bit, name), func(s *memory) { s.files[name][bit/8] ^= 1 << (bit % 8) })
		}
	}
	try("two files exchanged", func(s *memory) {
		a, b := "home/log/live/00000001-00000000000000000001.seg", "home/log/live/00000002-00000000000000000009.seg"
		s.files[a], s.files[b] = s.files[b], s.files[a]
	})
	for n := range manifest {
		try(fmt.Sprint("manifest cut at ", n), func(s *memory) { s.files[ManifestFile] = manifest[:n] })
		try(fmt.Sprint("manifest changed at ", n), func(s *memory) { s.files[ManifestFile][n] ^= 1 << (n % 7) })
	}
	lines := bytes.SplitAfter(manifest, []byte("\n"))
	for i := range lines[:len(lines)-1] {
		try(fmt.Sprint("line of the manifest missing: ", i), func(s *memory) { s.files[ManifestFile] = bytes.Join(slices.Delete(slices.Clone(lines), i, i+1), nil) })
		try(fmt.Sprint("line of the manifest twice: ", i), func(s *memory) {
			s.files[ManifestFile] = bytes.Join(slices.Insert(slices.Clone(lines), i, lines[i]), nil)
		})
	}
	try("manifest of another backup", func(s *memory) {
		other := &Manifest{Header: m.Header, Tables: m.Tables, Files: slices.Clone(m.Files)}
		other.Files[3].SHA256 = strings.Repeat("0", 64)
		s.files[ManifestFile], _ = other.encode()
	})
	if cases < 1000 {
		t.Errorf("only %d cases", cases)
	}
}

// TestAManifestLeadsNowhereElse has manifests that are whole and mean harm.
func TestAManifestLeadsNowhereElse(t *testing.T) {
	_, m := aBackup(t)
	for name, change := range map[string]func(*Manifest){
		"above":              func(m *Manifest) { m.Files[0].Name = "home/../../etc/passwd" },
		"absolute":           func(m *Manifest) { m.Files[0].Name = "/etc/passwd" },
		"elsewhere":          func(m *Manifest) { m.Files[0].Name = "other/x" },
		"not clean":          func(m *Manifest) { m.Files[0].Name = "home//x" },
		"the home itself":    func(m *Manifest) { m.Files[0].Name = "home/" },
		"twice":              func(m *Manifest) { m.Files[1] = m.Files[0] },
		"below zero":         func(m *Manifest) { m.Files[0].Size = -1 },
		"rows of no table":   func(m *Manifest) { m.Files[len(m.Files)-1].Table = "users" },
		"a strange table":    func(m *Manifest) { m.Tables[0].Name = "a`b" },
		"a table twice":      func(m *Manifest) { m.Tables[1] = m.Tables[0] },
		"another program's":  func(m *Manifest) { m.Format = "tar" },
		"of a newer program": func(m *Manifest) { m.Version = formatVersion + 1 },
	} {
		t.Run(name, func(t *testing.T) {
			changed := &Manifest{Header: m.Header, Tables: slices.Clone(m.Tables), Files: slices.Clone(m.Files)}
			change(changed)
			b, err := changed.encode()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := decode(b); !errors.Is(err, ErrDamaged) && (!errors.Is(err, ErrNewer) || changed.Version == m.Version) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestOtherFilesAreNamedAndLeftAlone(t *testing.T) {
	store, m := aBackup(t)
	store.files["home/evil"], store.files["notes.txt"] = []byte("x"), nil
	others, err := Check(t.Context(), store, m, nil)
	if err != nil || !slices.Equal(others, []string{"home/evil", "notes.txt"}) {
		t.Errorf("%v, %v", others, err)
	}
}

// TestAMoveThatIsCutOffIsCompleted cuts the last part of a restore at each step.
func TestAMoveThatIsCutOffIsCompleted(t *testing.T) {
	parts := []string{"credentials.env", "keys", "log"}
	for cut := range len(parts) + 3 {
		home := filepath.Join(t.TempDir(), "home")
		work := filepath.Join(home, unfinishedDir)
		for i, name := range append(parts, completeFile) {
			dir := work
			if i < cut && name != completeFile {
				dir = home
			}
			if name == completeFile && cut > len(parts) {
				continue
			}
			if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if cut == len(parts)+1 {
			if err := os.MkdirAll(work, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if !Unfinished(home) && cut <= len(parts)+1 {
			t.Errorf("cut at %d: it passes for finished", cut)
		}
		complete, err := homeState(home)
		if cut == len(parts)+2 { // nothing is left to do
			if !errors.Is(err, ErrHomeInUse) {
				t.Errorf("a whole home: %v", err)
			}
			continue
		}
		if !complete || err != nil {
			t.Fatalf("cut at %d: %v, %v", cut, complete, err)
		}
		if err := moveUp(home, work); err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		entries, err := os.ReadDir(home)
		if err != nil || len(entries) != len(parts) {
			t.Errorf("cut at %d: %v, %v", cut, entries, err)
		}
	}
}

func TestAHomeInUseIsRefused(t *testing.T) {
	if err := CheckHome(aHome(t)); !errors.Is(err, ErrHomeInUse) {
		t.Errorf("%v", err)
	}
	for _, home := range []string{t.TempDir(), filepath.Join(t.TempDir(), "missing")} {
		if err := CheckHome(home); err != nil {
			t.Error(err)
		}
	}
}
