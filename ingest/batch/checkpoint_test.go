package batch

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"glint/ingest/warehouse"
)

// damages are the possible damages of a small file; each returns the new content, or
// puts something else in its place itself and returns nil.
var damages = []struct {
	name string
	do   func(t *testing.T, path string, old []byte) []byte
}{
	{"empty", func(*testing.T, string, []byte) []byte { return []byte{} }},
	{"zeros", func(_ *testing.T, _ string, old []byte) []byte { return make([]byte, len(old)) }},
	{"cut in half", func(_ *testing.T, _ string, old []byte) []byte { return old[:len(old)/2] }},
	{"twice", func(_ *testing.T, _ string, old []byte) []byte { return append(old, old...) }},
	{"null", func(*testing.T, string, []byte) []byte { return []byte("null\n") }},
	{"a list", func(*testing.T, string, []byte) []byte { return []byte("[]\n") }},
	{"an empty object", func(*testing.T, string, []byte) []byte { return []byte("{}\n") }},
	{"not text", func(*testing.T, string, []byte) []byte { return bytes.Repeat([]byte{0xff, 0xfe, 0x01}, 500) }},
	{"a negative number", func(_ *testing.T, _ string, old []byte) []byte {
		return bytes.Replace(old, []byte(`_record":`), []byte(`_record":-`), 1)
	}},
	{"a digit more", func(_ *testing.T, _ string, old []byte) []byte {
		return bytes.Replace(old, []byte(`_record":`), []byte(`_record":1`), 1)
	}},
	{"another letter", func(_ *testing.T, _ string, old []byte) []byte {
		i := bytes.Index(old, []byte("live-"))
		old[i+7] ^= 1
		return old
	}},
	{"a folder", func(t *testing.T, path string, _ []byte) []byte {
		if err := errors.Join(os.Remove(path), os.MkdirAll(filepath.Join(path, "in it"), 0o700)); err != nil {
			t.Fatal(err)
		}
		return nil
	}},
	{"a link to itself", func(t *testing.T, path string, _ []byte) []byte {
		if err := errors.Join(os.Remove(path), os.Symlink(path, path)); err != nil {
			t.Fatal(err)
		}
		return nil
	}},
}

func damage(t *testing.T, path string, do func(*testing.T, string, []byte) []byte) {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b := do(t, path, bytes.Clone(old)); b != nil {
		if bytes.Equal(b, old) {
			t.Fatalf("%s is not changed: %s", path, old)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamagedFilesOfALaneAreMadeAnew damages a lane's files while a batch waits and
// others are loaded: afterwards the warehouse has every row. A row that is inserted
// twice replaces itself.
func TestDamagedFilesOfALaneAreMadeAnew(t *testing.T) {
	cases := 0
	for _, what := range []string{"checkpoint", "a manifest", "every manifest", "all of them"} {
		for _, d := range damages {
			cases++
			t.Run(what+": "+d.name, func(t *testing.T) {
				dir, log, house := t.TempDir(), newFakeLog(), newHouse()
				fill(t, log, 4)
				stop := start(t, dir, log, house, 4)
				wait(t, "the release of all records", func() bool { return log.releasedBefore() == 5 })
				stop()
				house.fail = func(string, []warehouse.Open) (before, after error) { return nil, errors.New("the answer was lost") }
				log.append(t, openLine(t, 101, nil))
				stop = start(t, dir, log, house, 4)
				wait(t, "the insert whose answer is lost", func() bool { return house.stored() == 9 })
				stop()
				house.fail = nil
				log.append(t, openLine(t, 102, nil))

				manifests, err := filepath.Glob(filepath.Join(dir, "0*.json"))
				if err != nil || len(manifests) < 3 {
					t.Fatalf("%d manifests, %v", len(manifests), err)
				}
				files := map[string][]string{
					"checkpoint": {filepath.Join(dir, checkpointFile)}, "a manifest": manifests[1:2], "every manifest": manifests,
					"all of them": append(manifests, filepath.Join(dir, checkpointFile)),
				}[what]
				for _, file := range files {
					damage(t, file, d.do)
				}
				stop = start(t, dir, log, house, 4)
				wait(t, "the newest row", func() bool { return house.stored() == 10 && log.releasedBefore() == 7 })
				stop()
				aside, err := filepath.Glob(filepath.Join(dir, "*"+damagedSuffix))
				want := len(files)
				if d.name == "another letter" { // a manifest with another name does as well
					want = strings.Count(strings.Join(files, " "), checkpointFile)
				}
				if err != nil || len(aside) != want {
					t.Errorf("%d files are kept aside, want %d: %v", len(aside), want, err)
				}
				if c, err := ReadProgress(dir); err != nil || c.Acknowledged != 6 || !strings.HasPrefix(c.LogID, "live-") {
					t.Errorf("%+v, %v", c, err)
				}
			})
		}
	}
	if cases != 4*13 {
		t.Errorf("%d cases", cases)
	}
}

// TestTheLogsIDOutlivesItsCheckpoint checks that receipts of earlier records still
// belong to the log.
func TestTheLogsIDOutlivesItsCheckpoint(t *testing.T) {
	dir, log, house := t.TempDir(), newFakeLog(), newHouse()
	fill(t, log, 3)
	stop := start(t, dir, log, house, 4)
	wait(t, "the release of all records", func() bool { return log.releasedBefore() == 4 })
	stop()
	before, err := ReadProgress(dir)
	if err != nil {
		t.Fatal(err)
	}
	damage(t, filepath.Join(dir, checkpointFile), func(*testing.T, string, []byte) []byte { return []byte("{") })
	stop = start(t, dir, log, house, 4)
	wait(t, "the checkpoint to be made anew", func() bool {
		after, err := ReadProgress(dir)
		return err == nil && after == before
	})
	stop()
}

// TestACheckpointOfAnOlderVersionIsRead has no checksum.
func TestACheckpointOfAnOlderVersionIsRead(t *testing.T) {
	dir := t.TempDir()
	const old = `{"log_id":"live-ABC","acknowledged_record":7,"boot_id":"x"}` + "\n"
	if err := os.WriteFile(filepath.Join(dir, checkpointFile), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := ReadProgress(dir); err != nil || p.Acknowledged != 7 || p.LogID != "live-ABC" {
		t.Errorf("%+v, %v", p, err)
	}
}
