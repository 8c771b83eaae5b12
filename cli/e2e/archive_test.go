package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/klauspost/compress/gzip"
)

// archivedLines returns the lines of an archive in a folder, and checks the names of
// its files.
func archivedLines(t *testing.T, dir string) (lines []string) {
	t.Helper()
	name := regexp.MustCompile(`^year=\d{4}/month=\d\d/day=\d\d/hour=\d\d/(live|replay)-[A-Z2-7]{26}-\d{12}-\d{12}\.json\.gz$`)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if short, _ := filepath.Rel(dir, path); !name.MatchString(short) {
			t.Errorf("a file %s", short)
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		z, err := gzip.NewReader(f)
		if err != nil {
			return err
		}
		content, err := io.ReadAll(z)
		if err != nil {
			return err
		}
		lines = slices.AppendSeq(lines, strings.Lines(string(content)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// archivedIDs counts the lines of an archive in a folder by event id.
func archivedIDs(t *testing.T, dir string) map[string]int {
	t.Helper()
	ids := map[string]int{}
	for _, line := range archivedLines(t, dir) {
		var e struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		ids[e.ID]++
	}
	return ids
}

// TestTheArchiveHasEachLineOnce kills glint again and again while it archives:
// each accepted line is in one file, once, and a replay of the archive changes
// nothing.
func TestTheArchiveHasEachLineOnce(t *testing.T) {
	dir, chance := filepath.Join(t.TempDir(), "archive"), rand.New(rand.NewPCG(7, 8))
	home := newHome(t)
	flags := []string{"--archive", dir, "--archive-lines", "100", "--archive-interval", "200ms"}
	i := up(t, home, flags...)
	messages := register(t, i, "https://pixel.example.com", "token", 40)
	const kills, lines = 6, 300
	for n := range kills {
		file := filepath.Join(t.TempDir(), "lines")
		all := openLines(messages, n*lines, lines)
		if err := os.WriteFile(file, []byte(strings.Join(all, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		i.must(t, "replay", "--no-wait", file)
		time.Sleep(time.Duration(chance.IntN(400)) * time.Millisecond)
		i.stop(t, syscall.SIGKILL)
		i = up(t, home, flags...)
	}
	var ids map[string]int
	eventually(t, "all lines are archived", func() bool {
		ids = archivedIDs(t, dir)
		return len(ids) == kills*lines
	})
	for id, n := range ids {
		if n != 1 {
			t.Errorf("event %s stands in the archive %d times", id, n)
		}
	}
	eventually(t, "all opens are counted", func() bool { return fmt.Sprint(i.report(t, "token")["opens_total"]) == fmt.Sprint(kills*lines) })
	i.must(t, "replay", dir)
	if got := fmt.Sprint(i.report(t, "token")["opens_total"]); got != fmt.Sprint(kills*lines) {
		t.Errorf("%s opens after a replay of the archive", got)
	}
}

// TestTheArchiveInABucket has a bucket that is away at first.
func TestTheArchiveInABucket(t *testing.T) {
	backend := s3mem.New()
	server := httptest.NewServer(gofakes3.New(backend).Server())
	defer server.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "the-id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "the-secret-of-the-bucket")
	i := up(t, newHome(t), "--archive", "s3://opens/of/glint", "--archive-lines", "50", "--archive-interval", "200ms", "--archive-endpoint", server.URL, "--archive-region", "eu-west-1")
	messages := register(t, i, "https://pixel.example.com", "token", 10)
	file := filepath.Join(t.TempDir(), "lines")
	if err := os.WriteFile(file, []byte(strings.Join(openLines(messages, 0, 100), "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	i.must(t, "replay", file)
	eventually(t, "glint says that the bucket takes nothing", func() bool { return strings.Contains(i.stderr.String(), "NoSuchBucket") })
	if err := backend.CreateBucket("opens"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the bucket has a file", func() bool {
		list, err := backend.ListBucket("opens", &gofakes3.Prefix{}, gofakes3.ListBucketPage{})
		return err == nil && len(list.Contents) > 0 && strings.HasPrefix(list.Contents[0].Key, "of/glint/year=")
	})
	if strings.Contains(i.stderr.String(), "the-secret") || strings.Contains(i.stderr.String(), "the-id") {
		t.Error("the key of the bucket is in the log")
	}
}
