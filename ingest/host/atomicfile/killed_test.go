package atomicfile

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writerVariable makes this test binary a process that writes a file and waits.
const writerVariable = "GLINT_TEST_DURABLE_WRITER"

// held is the file of that process. Without a name the collector of garbage would close it,
// and so give up its lock.
var held *File

func TestMain(m *testing.M) {
	if path := os.Getenv(writerVariable); path != "" {
		if os.Getenv(writerVariable+"_NAMED") != "" {
			canBeUnnamed = func() bool { return false }
		}
		var err error
		if held, err = Create(path); err == nil {
			_, err = held.Write([]byte("ada@example.com\n"))
		}
		if err != nil {
			panic(err)
		}
		_, _ = os.Stdout.WriteString("written\n")
		time.Sleep(time.Hour) // until it is killed; select {} alone would end it as a deadlock
	}
	os.Exit(m.Run())
}

// killWriter has a process write a file at path, looks, and kills it.
func killWriter(t *testing.T, path string, named bool, look func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writerVariable+"="+path)
	if named {
		cmd.Env = append(cmd.Env, writerVariable+"_NAMED=1")
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Error(err)
	}
	look()
	_ = cmd.Process.Kill() // it waits for that
	_ = cmd.Wait()
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestAKilledWriterLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	killWriter(t, filepath.Join(dir, "urls.csv"), false, func() {})
	later := time.Now().Add(2 * sweepAge)
	if removed, err := Sweep(dir, later); err != nil || removed > 1 {
		t.Errorf("%d removed, %v", removed, err) // one, on a file system without O_TMPFILE
	}
	if left := namesIn(t, dir); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}

func TestWithoutUnnamedFilesASweepRemovesWhatAKilledWriterLeft(t *testing.T) {
	dir := t.TempDir()
	keep := []string{".glint-new", ".new-", ".new-x1", ".newer", "new-1", "urls.csv"}
	for _, name := range append(keep, ".new-12345") { // the last is an older version's
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, ".new-12345"))
	if err != nil {
		t.Fatal(err)
	}
	now := info.ModTime() // the kernel's clock, whatever the test's is
	later := now.Add(2 * sweepAge)
	killWriter(t, filepath.Join(dir, "urls.csv"), true, func() {
		if removed, err := Sweep(dir, later); err != nil || removed != 1 {
			t.Errorf("beside the writer %d removed, %v; want the older version's", removed, err)
		}
	})
	if left := namesIn(t, dir); len(left) != len(keep)+1 {
		t.Fatalf("%v are left, want one more than %v", left, keep)
	}
	if removed, err := Sweep(dir, now); err != nil || removed != 0 {
		t.Errorf("%d removed that are new, %v", removed, err)
	}
	if removed, err := Sweep(dir, later); err != nil || removed != 1 {
		t.Errorf("%d removed, %v; want 1", removed, err)
	}
	if left := strings.Join(namesIn(t, dir), " "); left != strings.Join(keep, " ") {
		t.Errorf("left: %s", left)
	}
	if removed, err := Sweep(filepath.Join(dir, "nowhere"), later); err != nil || removed != 0 {
		t.Errorf("a missing folder: %d, %v", removed, err)
	}
}

func TestBothWaysReplaceTheFile(t *testing.T) {
	unnamed := canBeUnnamed
	defer func() { canBeUnnamed = unnamed }()
	for _, way := range []bool{true, false} {
		canBeUnnamed = func() bool { return way && unnamed() }
		dir := t.TempDir()
		path := filepath.Join(dir, "file")
		for _, content := range []string{"one", "two"} {
			if err := WriteFile(path, []byte(content)); err != nil {
				t.Fatal(err)
			}
			if b, err := os.ReadFile(path); err != nil || string(b) != content {
				t.Errorf("%q, %v", b, err)
			}
		}
		f, err := Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if names := namesIn(t, dir); len(names) != 1 {
			t.Errorf("%v, want the file alone", names)
		}
	}
}
