package e2e_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// tightDisk is where an instance has its log: a place that can get full.
type tightDisk struct {
	fill func(t *testing.T, i *instance, leave int64)
	room func(t *testing.T, i *instance)
	real bool // a file system, with room where a file is removed
}

// fileToken is an ingest token beside the one of the credentials.
const fileToken = "a-token-of-the-tokens-file"

const tightDiskBytes = 64 << 20

// newTightDisk mounts a tmpfs as home's log folder. Without that right, it limits the
// size of the files that the running glint may write instead; the kernel then
// refuses its writes in the same places, with another error.
func newTightDisk(t *testing.T, home string) tightDisk {
	t.Helper()
	dir := filepath.Join(home, "log")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("glint-test", dir, "tmpfs", 0, "size=64m,mode=0700"); err != nil {
		t.Log("no right to mount a small file system; a limit on the size of files takes its place:", err)
		return tightDisk{
			fill: func(t *testing.T, i *instance, _ int64) { limitFiles(t, i, 64) }, // the ledger's bytes, which are written in place
			room: func(t *testing.T, i *instance) {
				if i.cmd.ProcessState == nil { // else its limit is gone with it
					limitFiles(t, i, unix.RLIM_INFINITY)
				}
			},
		}
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	ballast := filepath.Join(dir, "ballast")
	return tightDisk{
		real: true,
		fill: func(t *testing.T, _ *instance, leave int64) { fillDisk(t, ballast, leave) },
		room: func(t *testing.T, _ *instance) {
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// limitFiles sets the largest size of files for glint alone, not for its engine.
func limitFiles(t *testing.T, i *instance, size uint64) {
	t.Helper()
	var limit unix.Rlimit
	pid := i.cmd.Process.Pid
	if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, nil, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = min(size, limit.Max)
	if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &limit, nil); err != nil {
		t.Fatal(err)
	}
}

// fillDisk makes the file large enough that about so many bytes are left.
func fillDisk(t *testing.T, file string, leave int64) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	block := make([]byte, 64<<10)
	for {
		var s syscall.Statfs_t
		if err := syscall.Statfs(file, &s); err != nil {
			t.Fatal(err)
		}
		left := int64(s.Bavail)*s.Bsize - leave
		if left <= 0 {
			return
		}
		_, err := f.Write(block[:min(left, int64(len(block)))])
		if errors.Is(err, syscall.ENOSPC) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// bodies is the next n bodies as one.
func (l *load) bodies(n int) (events []uint64, lines []byte) {
	for range n {
		e, b := l.body()
		events, lines = append(events, e...), append(lines, b...)
	}
	return events, lines
}

// post posts once and remembers the events if they are acknowledged.
func (l *load) post(t *testing.T, i *instance, events []uint64, lines []byte) (status int, answer, retryAfter string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, i.ingest+"/v1/logs", bytes.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+fileToken)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got.StatusCode == http.StatusOK {
		l.acknowledged = append(l.acknowledged, events...)
	}
	return got.StatusCode, string(text), got.Header.Get("Retry-After")
}

// TestFullDiskRefusesAndRecoversWithoutARestart fills the log's disk under a
// running glint: first so that a body does not fit, then wholly.
func TestFullDiskRefusesAndRecoversWithoutARestart(t *testing.T) {
	home := newHome(t)
	disk := newTightDisk(t, home)
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(tokens, []byte("cdn:logs:"+fileToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	i := up(t, home, "--tokens-file", tokens)
	messages := register(t, i, i.pixel, "token", 1)
	l := &load{token: strings.TrimSuffix(messages[0].url[strings.LastIndexByte(messages[0].url, '/')+1:], ".gif")}
	taken := func(bodies int) {
		t.Helper()
		events, lines := l.bodies(bodies)
		if status, answer, _ := l.post(t, i, events, lines); status != http.StatusOK {
			t.Fatalf("with room on the disk: %d %s", status, answer)
		}
	}
	refused := func(events []uint64, lines []byte) {
		t.Helper()
		status, answer, retryAfter := l.post(t, i, events, lines)
		if status != http.StatusServiceUnavailable || !strings.Contains(answer, `"disk_full"`) || retryAfter == "" {
			t.Errorf("with a full disk: %d %s, Retry-After %q, want 503 disk_full", status, answer, retryAfter)
		}
	}
	taken(10)

	large, largeLines := l.bodies(2000)
	small, smallLines := l.bodies(1)
	disk.fill(t, i, tightDiskBytes/20+1<<20) // above the mark, less than the body
	if len(largeLines) < tightDiskBytes/10 {
		t.Fatalf("the large body has %d bytes only", len(largeLines))
	}
	refused(large, largeLines)
	disk.fill(t, i, 0)
	for range 20 {
		refused(small, smallLines)
	}

	disk.room(t, i)
	eventually(t, "the small body to be taken", func() bool {
		status, _, _ := l.post(t, i, small, smallLines)
		return status == http.StatusOK
	})
	eventually(t, "the large body to be taken", func() bool {
		status, _, _ := l.post(t, i, large, largeLines)
		return status == http.StatusOK
	})
	taken(10)
	l.compare(t, i)
}
