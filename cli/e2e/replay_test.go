package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"glint/edge/event"
)

// agents are user agents of different classes.
var agents = []string{
	"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.3.0",
	"Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
	"Mozilla/5.0",
	"curl/8.5.0",
}

// openLines returns n event lines of the messages, from the event id first on.
func openLines(messages []message, first, n int) (all []string) {
	at := time.Now().UTC().Add(-time.Hour).Truncate(time.Millisecond)
	for i := range n {
		m := &messages[i%len(messages)]
		name, _, _ := strings.Cut(m.url[strings.LastIndexByte(m.url, '/')+1:], ".")
		kind := event.KindToken
		if strings.Contains(m.url, "/pixel/") {
			kind = event.KindUUID
		}
		e := event.Event{
			Version: event.Version, OpenedAt: at.Add(time.Duration(i) * time.Millisecond), Kind: kind, Token: name,
			Method: "GET", UserAgent: agents[i%len(agents)], Network: "none",
		}
		id := first + i + 1
		e.ID = event.ID{12: byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}
		all = append(all, string(e.AppendJSON(nil)))
	}
	return all
}

// writeArchive writes the lines as log streaming would, in files of several
// encodings, some with a syslog header before each line.
func writeArchive(t *testing.T, lines []string, chance *rand.Rand) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for n := 0; len(lines) > 0; n++ {
		part := lines[:min(len(lines), 1+chance.IntN(200))]
		lines = lines[len(part):]
		var text bytes.Buffer
		for _, line := range part {
			if n%2 == 1 {
				text.WriteString("<134>2026-11-21T13:00:00Z cache-fra1 opens[17]: ")
			}
			text.WriteString(line + "\n")
		}
		content := text.Bytes()
		switch n % 3 {
		case 1:
			var packed bytes.Buffer
			w := gzip.NewWriter(&packed)
			_, _ = w.Write(content) // into memory
			_ = w.Close()
			content = packed.Bytes()
		case 2:
			w, _ := zstd.NewWriter(nil) // only faulty options give an error
			content = w.EncodeAll(content, nil)
		}
		name := filepath.Join(dir, fmt.Sprintf("%d/2026-11-21T13:%02d:00.000-AbCdEf.log", n%4, n))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestAReplayedArchiveChangesNoNumber posts lines, then replays archives that
// hold the same ones, each time in another order and in other files.
func TestAReplayedArchiveChangesNoNumber(t *testing.T) {
	i := up(t, newHome(t))
	var all []string
	for n, style := range []string{"token", "uuid"} {
		all = append(all, openLines(register(t, i, i.pixel, style, 40)[:30], n<<20, 1000)...)
	}
	if status, answer := post(t, i, []byte(strings.Join(all, "\n")+"\n"), "zstd"); status != 200 {
		t.Fatalf("status %d, answer %s", status, answer)
	}
	reports := func() string {
		b, err := json.Marshal([]any{i.report(t, "token"), i.report(t, "uuid")})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	eventually(t, "the opens to be queryable", func() bool { return strings.Count(reports(), `"opens_total":1000,`) == 2 })
	before := reports()
	for round := range uint64(3) {
		chance := rand.New(rand.NewPCG(4, round))
		chance.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
		_, stderr, code := i.run(t, "replay", writeArchive(t, all, chance))
		if code != 0 || !strings.Contains(stderr, ": 2,000 lines, ") || !strings.Contains(stderr, "\nall of it is in the warehouse\n") {
			t.Fatalf("exit %d\n%s", code, stderr)
		}
		if after := reports(); after != before {
			t.Errorf("a replay changed the report:\n%s\n%s", before, after)
		}
	}
}

// TestAnArchiveFillsAnEmptyWarehouse is what archives are for.
func TestAnArchiveFillsAnEmptyWarehouse(t *testing.T) {
	i := up(t, newHome(t))
	messages := register(t, i, i.pixel, "token", 10)
	dir := writeArchive(t, openLines(messages, 0, 500), rand.New(rand.NewPCG(5, 5)))
	i.must(t, "replay", dir)
	if got := fmt.Sprint(i.report(t, "token")["opens_total"]); got != "500" {
		t.Errorf("opens_total is %s right after the replay, want 500", got)
	}
}

// TestAKilledReplayGoesOn kills a replay that waits at a pipe for more.
func TestAKilledReplayGoesOn(t *testing.T) {
	i := up(t, newHome(t))
	messages := register(t, i, i.pixel, "token", 10)
	dir := t.TempDir()
	file, pipe := filepath.Join(dir, "a.log"), filepath.Join(dir, "pipe")
	if err := os.WriteFile(file, []byte(strings.Join(openLines(messages, 0, 50_000), "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	killed := exec.Command(glintPath(t), "replay", file, pipe)
	killed.Env = append(os.Environ(), "GLINT_HOME="+i.home)
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "marks of the replay", func() bool {
		marks, _ := filepath.Glob(filepath.Join(i.home, "replay", "*.json"))
		return len(marks) == 1
	})
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := killed.Wait(); err == nil {
		t.Fatal("the replay ended before it was killed")
	}
	go func() {
		w, err := os.OpenFile(pipe, os.O_WRONLY, 0)
		if err == nil {
			_, _ = w.WriteString(strings.Join(openLines(messages, 1<<20, 10), "\n") + "\n") // the report shows it
			_ = w.Close()
		}
	}()
	_, stderr, code := i.run(t, "replay", file, pipe)
	var files, lines int
	if _, after, ok := strings.Cut(stderr, "replayed "); ok {
		_, _ = fmt.Sscanf(strings.ReplaceAll(after, ",", ""), "%d files: %d lines", &files, &lines)
	}
	if code != 0 || files != 2 || lines < 10 || lines > 40_000 { // a body is 4 MiB
		t.Errorf("exit %d, %d lines of %d files; want the rest only\n%s", code, lines, files, stderr)
	}
	if got := fmt.Sprint(i.report(t, "token")["opens_total"]); got != "50010" {
		t.Errorf("opens_total is %s, want 50010", got)
	}
}
