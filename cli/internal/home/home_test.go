package home

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"glint/edge/token"
)

func made(t *testing.T) Home {
	t.Helper()
	h := Home(filepath.Join(t.TempDir(), "home"))
	if err := h.Make(); err != nil {
		t.Fatal(err)
	}
	return h
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestLocate(t *testing.T) {
	for _, c := range []struct {
		name string
		env  map[string]string
		want string
	}{
		{"GLINT_HOME moves all of it", map[string]string{"GLINT_HOME": "/srv/glint", "XDG_DATA_HOME": "/data"}, "/srv/glint"},
		{"else the user's data folder", map[string]string{"XDG_DATA_HOME": "/data"}, "/data/glint"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := Locate(func(name string) string { return c.env[name] })
			if err != nil || string(h) != c.want {
				t.Errorf("%s, %v; want %s", h, err, c.want)
			}
		})
	}
	if h, err := Locate(func(name string) string { return map[string]string{"GLINT_HOME": "here"}[name] }); err != nil || !filepath.IsAbs(string(h)) {
		t.Errorf("a relative GLINT_HOME gives %s, %v; want an absolute path", h, err)
	}
}

func TestAllOfItIsForTheOwnerOnly(t *testing.T) {
	h := made(t)
	if _, err := h.Credentials(false); err != nil {
		t.Fatal(err)
	}
	if _, err := h.FirstKey(); err != nil {
		t.Fatal(err)
	}
	if err := h.WriteState(State{}); err != nil {
		t.Fatal(err)
	}
	files := 0
	err := filepath.WalkDir(string(h), func(path string, _ fs.DirEntry, err error) error {
		files++
		if err == nil && mode(t, path)&0o077 != 0 {
			t.Errorf("%s has mode %o", path, mode(t, path))
		}
		return err
	})
	if err != nil || files < 7 {
		t.Errorf("%d files, %v", files, err)
	}
}

func TestLooseIsRefusedWithTheCommandThatMendsIt(t *testing.T) {
	for _, c := range []struct {
		name string
		path func(Home) string
		mode fs.FileMode
		read func(Home) error
		hint string
	}{
		{"home", func(h Home) string { return string(h) }, 0o750, Home.Make, "chmod 700 "},
		{"keys folder", Home.KeysDir, 0o701, Home.Make, "chmod 700 "},
		{"dead letters", Home.DeadLetterDir, 0o755, Home.Make, "chmod 700 "},
		{"keys", Home.PixelKeysFile, 0o640, func(h Home) error { _, err := h.Keys(); return err }, "chmod 600 "},
		{"credentials", Home.CredentialsFile, 0o604, func(h Home) error { _, err := h.Credentials(false); return err }, "chmod 600 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := made(t)
			_, _ = h.FirstKey()         // made here,
			_, _ = h.Credentials(false) // both; chmod fails without them
			if err := os.Chmod(c.path(h), c.mode); err != nil {
				t.Fatal(err)
			}
			err := c.read(h)
			loose, ok := errors.AsType[*LooseError](err)
			if !ok || !errors.Is(err, ErrLoose) || loose.Hint() != c.hint+c.path(h) {
				t.Fatalf("%v; want a loose %s", err, c.path(h))
			}
			if out, err := exec.Command("sh", "-c", loose.Hint()).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v %s", loose.Hint(), err, out)
			}
			if err := c.read(h); err != nil {
				t.Errorf("after %s: %v", loose.Hint(), err)
			}
		})
	}
}

func TestCredentialsAreMadeOnce(t *testing.T) {
	h := made(t)
	if _, err := ReadCredentials(h.CredentialsFile()); !errors.Is(err, ErrNoCredentials) {
		t.Errorf("before: %v, want ErrNoCredentials", err)
	}
	first, err := h.Credentials(false)
	if err != nil {
		t.Fatal(err)
	}
	if first.WarehouseUser != WarehouseUser || first.SQLUser != ReaderUser || len(first.IngestToken) < 20 ||
		len(first.SQLPassword) < 20 || len(first.WarehousePassword) < 20 || first.SQLPassword == first.WarehousePassword {
		t.Error("the secrets are not good")
	}
	again, err := h.Credentials(false)
	if err != nil || again != first {
		t.Errorf("the second time they are others, or %v", err)
	}
}

func TestPartialCredentialsAreCompleted(t *testing.T) {
	h := made(t)
	const partial = "# mine\nGLINT_INGEST_TOKEN = of=mine \n\nUNKNOWN=x\n"
	if err := os.WriteFile(h.CredentialsFile(), []byte(partial), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := h.Credentials(false)
	if err != nil || c.IngestToken != "of=mine" || c.SQLUser != ReaderUser || c.SQLPassword == "" {
		t.Fatalf("token %q, user %q, %v", c.IngestToken, c.SQLUser, err)
	}
	if again, err := ReadCredentials(h.CredentialsFile()); err != nil || again != c {
		t.Errorf("what was made is not kept: %v", err)
	}
}

func TestKeysAreMadeOnceEvenByManyAtOnce(t *testing.T) {
	h := made(t)
	if keys, err := h.ReadKeys(); err != nil || len(keys) != 0 {
		t.Fatalf("%d keys, %v; want none", len(keys), err)
	}
	texts := make([]string, 8)
	var all sync.WaitGroup
	for i := range texts {
		all.Go(func() {
			if _, err := h.FirstKey(); err != nil {
				t.Error(err)
				return
			}
			ring, err := h.Keys()
			if err != nil {
				t.Error(err)
				return
			}
			texts[i] = ring.Text()
		})
	}
	all.Wait()
	for _, text := range texts {
		if text != texts[0] || strings.Count(text, ":signing:") != 1 {
			t.Fatal("two of them have other keys")
		}
	}
}

func TestFailedUpdateChangesNoKeys(t *testing.T) {
	h := made(t)
	if _, err := h.FirstKey(); err != nil {
		t.Fatal(err)
	}
	ring, err := h.Keys()
	if err != nil {
		t.Fatal(err)
	}
	refused := errors.New("no")
	if _, err := h.UpdateKeys(func([]token.Key) ([]token.Key, error) { return nil, refused }); !errors.Is(err, refused) {
		t.Errorf("refused: %v", err)
	}
	for name, added := range map[string]token.Key{"two that sign": NewKey(ring.Keys()[0].ID ^ 1), "two with one id": ring.Keys()[0]} {
		_, err := h.UpdateKeys(func(k []token.Key) ([]token.Key, error) { return append(k, added), nil })
		if !errors.Is(err, token.ErrRing) {
			t.Errorf("%s: %v, want a faulty ring", name, err)
		}
	}
	if after, err := h.Keys(); err != nil || after.Text() != ring.Text() {
		t.Errorf("the keys are others: %v", err)
	}
}

func TestState(t *testing.T) {
	h := made(t)
	if _, err := h.ReadState(); !errors.Is(err, ErrNotRunning) {
		t.Errorf("before: %v, want ErrNotRunning", err)
	}
	want := State{Pixel: "http://127.0.0.1:1", Ingest: "http://127.0.0.1:2", Credentials: "/c", PixelKeys: []int{1}}
	if err := h.WriteState(want); err != nil {
		t.Fatal(err)
	}
	got, err := h.ReadState()
	if err != nil || got.Pixel != want.Pixel || got.Ingest != want.Ingest || got.PID != os.Getpid() || len(got.PixelKeys) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := h.RemoveState(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(h.StateFile()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is left: %v", err)
	}
}

func TestStateOfAProcessThatIsGoneCountsAsNone(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	for name, state := range map[string]State{
		"ended":                    {PID: cmd.Process.Pid, ProcessID: "1"},
		"another, with its number": {PID: os.Getpid(), ProcessID: "1"},
		"no number":                {},
		"a group":                  {PID: -1},
	} {
		t.Run(name, func(t *testing.T) {
			h := made(t)
			b, err := json.Marshal(state)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(h.StateFile(), b, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := h.ReadState(); !errors.Is(err, ErrNotRunning) {
				t.Errorf("%v, want ErrNotRunning", err)
			}
			if err := h.RemoveState(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(h.StateFile()); err != nil {
				t.Errorf("another process's state was removed: %v", err)
			}
		})
	}
}

// TestStateOfAKilledProcessCountsAsNone kills a process whose parent does not ask for
// its exit code, as containers do whose first process is not made for that.
func TestStateOfAKilledProcessCountsAsNone(t *testing.T) {
	h := made(t)
	cmd := exec.Command("sleep", "3600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(State{PID: cmd.Process.Pid, ProcessID: processID(cmd.Process.Pid), Home: string(h)})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(h.StateFile(), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := h.ReadState(); err != nil {
		t.Errorf("while it runs: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err = h.ReadState(); errors.Is(err, ErrNotRunning) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a minute after it was killed: %v", err)
		}
	}
	if err := syscall.Kill(cmd.Process.Pid, 0); err != nil {
		t.Errorf("the process is not there any more, so this shows nothing: %v", err)
	}
	_ = cmd.Wait()
}
