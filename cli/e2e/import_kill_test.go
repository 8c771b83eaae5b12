package e2e_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"glint/cli/internal/logfiles"
)

// killedLines returns how many lines the log of a killed import has: GLINT_IMPORT_LINES,
// such as 5000000.
func killedLines(t *testing.T) int {
	t.Helper()
	text := os.Getenv("GLINT_IMPORT_LINES")
	if text == "" {
		return 100_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 100_000 {
		t.Fatalf("GLINT_IMPORT_LINES=%q, want 100000 at least", text)
	}
	return n
}

// writeServerLog writes n lines of a server's log, packed, and returns how many of them
// are opens and of how many messages. Some lines are equal, some are of other things.
func writeServerLog(t *testing.T, path string, paths []string, n int) (opens, messages int) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	packed, _ := gzip.NewWriterLevel(file, gzip.BestSpeed) // only a faulty level gives an error
	chance := rand.New(rand.NewPCG(7, 8))
	began := time.Now().UTC().Add(-6 * 24 * time.Hour)
	seen := map[int]bool{}
	for i := range n {
		at := began.Add(time.Duration(i) * 10 * time.Millisecond).Format("02/Jan/2006:15:04:05 -0700")
		target := "/style.css"
		if i%10 > 0 {
			message := chance.IntN(len(paths))
			target, seen[message] = paths[message], true
			opens++
		}
		line := fmt.Sprintf("203.0.%d.%d - - [%s] \"GET %s HTTP/1.1\" 200 43 \"-\" \"%s\"\n", chance.IntN(100), chance.IntN(250), at, target, agents[chance.IntN(2)])
		if i%1000 == 1 { // twice in its second: two opens
			line += line
			opens++
		}
		if _, err = packed.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(packed.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return opens, len(seen)
}

// turnstile is a way to ingest that lets so many bodies pass and holds the others.
type turnstile struct {
	*httptest.Server
	left  atomic.Int64
	holds atomic.Bool
}

func newTurnstile(t *testing.T, ingest string, pass int) *turnstile {
	t.Helper()
	to, err := url.Parse(ingest)
	if err != nil {
		t.Fatal(err)
	}
	w := &turnstile{}
	w.left.Store(int64(pass))
	proxy := httputil.NewSingleHostReverseProxy(to)
	w.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/logs" && w.left.Add(-1) < 0 {
			w.holds.Store(true)
			_, _ = io.Copy(io.Discard, r.Body) // the end of the connection is noticed behind the body
			<-r.Context().Done()
			return
		}
		proxy.ServeHTTP(out, r)
	}))
	t.Cleanup(w.Close)
	return w
}

// importing returns the command that imports a log by this way.
func (w *turnstile) importing(t *testing.T, i *instance, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(glintPath(t), "import", "--ingest-url", w.URL, path)
	cmd.Env = append(os.Environ(), "GLINT_HOME="+i.home, "GLINT_INGEST_TOKEN="+i.credentials["GLINT_INGEST_TOKEN"])
	return cmd
}

var importedOpens = regexp.MustCompile(`imported 1 file: ([0-9,]+) lines`)

// TestAKilledImportGoesOn kills an import by SIGKILL once some of its log is taken. The
// same command sends the rest, says how far it is, and the numbers equal an
// independent count.
func TestAKilledImportGoesOn(t *testing.T) {
	i := up(t, newHome(t))
	path := filepath.Join(t.TempDir(), "access.log.gz")
	lines := killedLines(t)
	opens, messages := writeServerLog(t, path, registeredPaths(t, i, 5_000), lines)

	// The first bodies and a look whether ingest answers pass; else half of the bodies.
	way := newTurnstile(t, i.ingest, max(logfiles.InFlight+1, lines/logfiles.BodyLines/2))
	killed := way.importing(t, i, path)
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a part of the log, and a body that is held", func() bool { return markedBytes(t, i.home) > 0 && way.holds.Load() })
	_ = killed.Process.Kill()
	_ = killed.Wait()
	if killed.ProcessState.Success() {
		t.Fatal("the import ended before it was killed")
	}

	way.left.Store(math.MaxInt64)
	again := way.importing(t, i, path)
	out, err := again.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	m := importedOpens.FindStringSubmatch(string(out))
	if m == nil {
		t.Fatalf("what was sent is not said:\n%s", out)
	}
	if sent, _ := strconv.Atoi(strings.ReplaceAll(m[1], ",", "")); sent == 0 || sent >= opens {
		t.Errorf("%d of %d lines were sent again", sent, opens)
	}
	if lines > 100_000 && !strings.Contains(string(out), "kB imported:") { // else it may be done too soon
		t.Error("it did not say how far it is")
	}
	if peak := peakMegabytes(again.ProcessState); peak > 300 {
		t.Errorf("it took %.0f MB", peak)
	}
	eventually(t, fmt.Sprintf("%d opens of %d messages", opens, messages), func() bool {
		r := i.report(t, "spring")
		return fmt.Sprintf("%v %v", r["opens_total"], r["unique_opens"]) == fmt.Sprintf("%d %d", opens, messages)
	})
}

var markedSize = regexp.MustCompile(`"size": ([0-9]+)`)

// markedBytes returns how many bytes of the log are taken, by the file that says so.
func markedBytes(t *testing.T, home string) (size int64) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(home, "replay"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil //nolint:nilerr // a file that is just replaced
		}
		content, _ := os.ReadFile(path)
		if m := markedSize.FindSubmatch(content); m != nil {
			size, _ = strconv.ParseInt(string(m[1]), 10, 64)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}
