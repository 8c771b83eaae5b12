package home

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glint/edge/token"
	"glint/ingest/keyring"
)

// TestACopiedHomeDoesNotSpeakOfTheOriginal copies a home while its glint runs:
// what a command in the copy found would act on the original.
func TestACopiedHomeDoesNotSpeakOfTheOriginal(t *testing.T) {
	h := made(t)
	if err := h.WriteState(State{Ingest: "http://127.0.0.1:2"}); err != nil {
		t.Fatal(err)
	}
	copied := Home(filepath.Join(t.TempDir(), "copy"))
	if out, err := exec.Command("cp", "-a", string(h), string(copied)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := copied.ReadState(); !errors.Is(err, ErrNotRunning) {
		t.Errorf("in the copy: %v, want ErrNotRunning", err)
	}
	if err := copied.RemoveState(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(h.StateFile()); err != nil {
		t.Errorf("the original's state: %v", err)
	}
	link := Home(filepath.Join(t.TempDir(), "link"))
	if err := os.Symlink(string(h), string(link)); err != nil {
		t.Fatal(err)
	}
	for name, same := range map[string]Home{"itself": h, "by a link": link} {
		if s, err := same.ReadState(); err != nil || s.Ingest != "http://127.0.0.1:2" {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// TestLostKeysAreNeverReplacedSilently loses the key file in each way.
func TestLostKeysAreNeverReplacedSilently(t *testing.T) {
	for name, lose := range map[string]func(path string) error{
		"removed":      os.Remove,
		"emptied":      func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"comment only": func(path string) error { return os.WriteFile(path, []byte(keysNote), 0o600) },
		"blanks":       func(path string) error { return os.WriteFile(path, []byte("\n \n"), 0o600) },
		"folder gone":  os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			h := made(t)
			keys, err := h.FirstKey()
			if err != nil {
				t.Fatal(err)
			}
			if err := h.KeepKeyNotes(keyring.Notes{Known: keyring.Of(keys)}); err != nil {
				t.Fatal(err)
			}
			if err := lose(h.PixelKeysFile()); err != nil {
				t.Fatal(err)
			}
			for what, try := range map[string]func() error{
				"read":  func() error { _, err := h.Keys(); return err },
				"first": func() error { _, err := h.FirstKey(); return err },
				"check": h.CheckNoKeys,
			} {
				e, ok := errors.AsType[*NoKeysError](try())
				if !ok || !e.Lost || !errors.Is(e, ErrNoKeys) || !strings.Contains(e.Hint(), "glint keys forget") {
					t.Errorf("%s: %v, want that they are lost", what, e)
				}
			}
			if err := h.KeepKeyNotes(keyring.Notes{Known: keyring.Of(keys), Forgotten: keyring.Of(keys), GaveUp: true}); err != nil {
				t.Fatal(err)
			}
			fresh, err := h.FirstKey()
			if err != nil || len(fresh) != 1 || fresh[0].ID == keys[0].ID || fresh[0].ID == 0 {
				t.Errorf("after they were given up: %d keys, %v; want one with another id", len(fresh), err)
			}
		})
	}
}

func TestIDsOfFirstKeysAreRandom(t *testing.T) {
	ids := map[uint8]bool{}
	for range 12 {
		keys, err := made(t).FirstKey()
		if err != nil || keys[0].ID == 0 || keys[0].State != token.Signing {
			t.Fatalf("%v", err)
		}
		ids[keys[0].ID] = true
	}
	if len(ids) < 4 { // of 255; by chance once in 10^18 runs
		t.Errorf("12 homes have the ids %v", ids)
	}
}

// TestLostCredentialsAreNotReplacedSilently: with other secrets every client would
// be refused.
func TestLostCredentialsAreNotReplacedSilently(t *testing.T) {
	for _, used := range []string{"log/live/0001.wal", "warehouse/clickhouse"} {
		for name, content := range map[string]string{
			"removed": "-", "emptied": "", "comment only": "# glint's credentials\n", "a line lost": "GLINT_SQL_USER=reader\n",
		} {
			t.Run(name+" beside "+used, func(t *testing.T) {
				h := made(t)
				before, err := h.Credentials(false)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.MkdirAll(h.path(used), 0o700); err != nil {
					t.Fatal(err)
				}
				if again, err := h.Credentials(false); err != nil || again != before {
					t.Fatalf("a home in use: %v", err)
				}
				if err := os.Remove(h.CredentialsFile()); err != nil {
					t.Fatal(err)
				}
				if content != "-" {
					if err := os.WriteFile(h.CredentialsFile(), []byte(content), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				_, err = h.Credentials(false)
				if lost, ok := errors.AsType[*LostError](err); !ok || !strings.Contains(lost.Hint(), "--new-credentials") {
					t.Fatalf("%v, want that they are lost", err)
				}
				if after, err := h.Credentials(true); err != nil || after.IngestToken == before.IngestToken || after.IngestToken == "" {
					t.Errorf("renewed: %v", err)
				}
			})
		}
	}
}

// TestWhatIsInsideIsChecked makes one file or folder of each kind too open.
func TestWhatIsInsideIsChecked(t *testing.T) {
	for _, c := range []struct {
		path string
		dir  bool
		hint string
	}{
		{"log/live", true, "chmod -R go= %/log"},
		{"log/live/00000001.wal", false, "chmod -R go= %/log"},
		{"log/batches/live/checkpoint.json", false, "chmod -R go= %/log"},
		{"log/receipts/20261121T13.receipts", false, "chmod -R go= %/log"},
		{"deadletters/letter.jsonl", false, "chmod -R go= %/deadletters"},
		{"keys/known.json", false, "chmod 600 %/keys/known.json"},
		{"replay/marks.json", false, "chmod -R go= %/replay"},
		{"warehouse", true, "chmod 700 %/warehouse"},
		{"credentials.env", false, "chmod 600 %/credentials.env"},
		{"ignore.txt", false, "chmod 600 %/ignore.txt"},
		{"log", true, "chmod 700 %/log"},
	} {
		t.Run(c.path, func(t *testing.T) {
			h := made(t)
			path := h.path(c.path)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if c.dir {
				if err := os.MkdirAll(path, 0o700); err != nil {
					t.Fatal(err)
				}
			} else if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := h.Prepare(); err != nil {
				t.Fatalf("as it should be: %v", err)
			}
			if err := os.Chmod(path, map[bool]os.FileMode{true: 0o750, false: 0o644}[c.dir]); err != nil {
				t.Fatal(err)
			}
			loose, ok := errors.AsType[*LooseError](h.Prepare())
			if want := strings.ReplaceAll(c.hint, "%", string(h)); !ok || loose.Hint() != want {
				t.Fatalf("%v; want the advice %s", loose, want)
			}
			if out, err := exec.Command("sh", "-c", loose.Hint()).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if err := h.Prepare(); err != nil {
				t.Errorf("after %s: %v", loose.Hint(), err)
			}
		})
	}
}

// TestWhatBelongsToOthersIsRefused needs the right to give files away.
func TestWhatBelongsToOthersIsRefused(t *testing.T) {
	for _, path := range []string{"", "log", "log/live", "deadletters", "warehouse"} {
		h := made(t)
		if err := os.MkdirAll(h.path(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(h.path(path), 12345, -1); err != nil {
			if !errors.Is(err, os.ErrPermission) {
				t.Fatal(err)
			}
			t.Log("no right to give a file away, so that only the rule is tested")
			e := &OwnerError{Path: "x", UID: 1, Our: 2}
			if !errors.Is(e, ErrLoose) || !strings.Contains(e.Hint(), "chown -R 2 x") {
				t.Error(e, e.Hint())
			}
			return
		}
		if e, ok := errors.AsType[*OwnerError](h.Prepare()); !ok || e.UID != 12345 || !strings.Contains(e.Hint(), "chown -R ") {
			t.Errorf("%q: %v, want an OwnerError", path, e)
		}
	}
}

// TestPrepareRemovesWhatAKilledGlintLeft in each folder in which files are
// replaced.
func TestPrepareRemovesWhatAKilledGlintLeft(t *testing.T) {
	h := made(t)
	var left []string
	for _, dir := range []string{"", "keys", "run", "run/engine", "log/receipts", "log/batches/live", "deadletters", "replay"} {
		if err := os.MkdirAll(h.path(dir), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{".new-123456", ".glint-new-ABC"} {
			path := h.path(dir, name)
			if err := os.WriteFile(path, []byte("ada@example.com"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
			left = append(left, path)
		}
	}
	if err := h.Prepare(); err != nil {
		t.Fatal(err)
	}
	for _, path := range left {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left", path)
		}
	}
}
