package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/cli/internal/app"
	"glint/cli/internal/logfiles"
)

func TestAnArchiveIsSentOnceAndThenWhatIsNew(t *testing.T) {
	p := newPlace(t)
	a, b, c := some("a", 50_000), some("b", 3), some("c", 20)
	p.write("2026-11-21T12:00:00.000-AbCdEf.log.gz", gzipped(t, text(a)))
	p.write("2026/2026-11-21T13:00:00.000-GhIjKl.log", zstded(t, text(b))) // by content, not by name
	p.write("empty.log", nil)
	var prefixed []string
	for _, line := range c {
		prefixed = append(prefixed, "<134>2026-11-21T13:00:00Z cache-fra1 opens[1]: "+line)
	}
	grows := p.write("plain.log", text(prefixed))

	stderr := p.must(slices.Concat(a, b, c), p.dir)
	if !strings.Contains(stderr, "replayed 3 files: 50,023 lines, ") {
		t.Errorf("stderr:\n%s", stderr)
	}
	stderr = p.must(nil, p.dir)
	if !strings.Contains(stderr, "3 files were replayed before; --restart sends everything again\n") || !strings.Contains(stderr, "no lines to send\n") {
		t.Errorf("stderr:\n%s", stderr)
	}
	p.must(slices.Concat(a, b, c), p.dir, "--restart")

	d, e := some("d", 5), some("e", 7)
	p.write("new.log", text(d))
	p.write("plain.log", append(text(prefixed), text(e)...))
	p.must(slices.Concat(d, e), p.dir)
	p.write("plain.log", text(some("x", 20)))
	p.must(some("x", 20), p.dir)
	if err := os.Remove(grows); err != nil {
		t.Fatal(err)
	}
	p.must(nil, p.dir)
}

func TestARestartThatIsStoppedAtOnceIsNotForgotten(t *testing.T) {
	p := newPlace(t)
	p.write("a.log", text(some("a", 3)))
	p.must(some("a", 3), p.dir)
	p.ingest.refusing(func() int { return http.StatusForbidden })
	if code, _, stderr := p.replay(p.dir, "--restart"); code != app.ExitFailed {
		t.Fatalf("exit %d, stderr:\n%s", code, stderr)
	}
	p.ingest.refusing(nil)
	p.must(some("a", 3), p.dir)
}

func TestALineWithoutItsEndIsSentAgainOnceItHasOne(t *testing.T) {
	p := newPlace(t)
	a := some("a", 3)
	cut := a[1][:len(a[1])-5]
	p.write("a.log", []byte(a[0]+"\n"+cut))
	p.must([]string{a[0], cut}, p.dir)
	p.write("a.log", text(a))
	p.must(a[1:], p.dir)
}

func TestMarksAreOfOneIngestAndOnePlace(t *testing.T) {
	p := newPlace(t)
	path := p.write("a.log", text(some("a", 3)))
	p.must(some("a", 3), p.dir)
	p.must(some("a", 3), path)
	first := p.ingest
	p.ingest = newIngest(t)
	p.must(some("a", 3), p.dir)
	p.ingest = first
	p.must(nil, p.dir)
	files, err := filepath.Glob(filepath.Join(p.home.ReplayDir(), "*.json"))
	if err != nil || len(files) != 3 {
		t.Fatalf("files of marks %v, %v; want three", files, err)
	}
	for _, file := range files {
		if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.must(some("a", 3), p.dir)
}

func TestFaultyFilesAreReportedAndTheOthersSent(t *testing.T) {
	p := newPlace(t)
	a, b := some("a", 100_000), some("b", 3)
	packed := gzipped(t, text(a))
	p.write("a.log.gz", packed[:len(packed)-10])
	p.write("b.log", text(b))
	p.write("picture.gif", []byte("GIF89a\x01\x00"))
	two := some("long", 2)
	p.write("long.log", []byte(two[0]+"\n"+strings.Repeat("x", 2<<20)+"\n"+two[1]+"\n"))
	for range 2 { // a second time, the rest of it is still missing
		code, _, stderr := p.replay(p.dir, filepath.Join(p.dir, "missing.log"))
		if code != app.ExitFailed {
			t.Errorf("exit %d", code)
		}
		for _, want := range []string{
			"note: " + p.dir + "/a.log.gz: archive: the file is damaged or ends early", "picture.gif: archive: the file holds no lines of text",
			"missing.log: no such file or directory", "\nTry: fetch the files again",
		} {
			if !strings.Contains(stderr, want) {
				t.Errorf("stderr lacks %q:\n%s", want, stderr)
			}
		}
	}
	got := p.ingest.got()
	whole := slices.Sorted(slices.Values(slices.Concat(a, b, two)))
	if len(got) < 90_000 || len(got) > len(whole) {
		t.Errorf("%d lines arrived of %d", len(got), len(whole))
	}
	for _, line := range got {
		if _, found := slices.BinarySearch(whole, line); !found {
			t.Fatalf("half a line arrived: %q", line)
		}
	}
	p.write("a.log.gz", packed)
	if code, _, stderr := p.replay(p.dir); code != app.ExitFailed || strings.Contains(stderr, "a.log.gz") {
		t.Errorf("exit %d, stderr:\n%s", code, stderr)
	}
	got = append(got, p.ingest.got()...)
	slices.Sort(got)
	if !cmp.Equal(whole, slices.Compact(got)) {
		t.Error("with the whole file, lines are missing still")
	}
}

func TestLongLinesAreLeftOutAndTold(t *testing.T) {
	p := newPlace(t)
	two := some("long", 2)
	p.write("long.log", []byte(two[0]+"\n"+strings.Repeat("x", 2<<20)+"\n"+two[1]+"\n"))
	code, _, stderr := p.replay(p.dir)
	if code != app.ExitFailed || !strings.Contains(stderr, "long.log: 1 line longer than 1,048,576 bytes left out") {
		t.Errorf("exit %d, stderr:\n%s", code, stderr)
	}
	p.arrived(two)
}

func TestABusyIngestGetsEveryLineLater(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		p := newPlace(t)
		a := some("a", 2*logfiles.BodyLines)
		p.write("a.log", text(a))
		tries := 0
		p.ingest.refusing(func() int {
			if tries++; tries%2 == 1 {
				return status
			}
			return 0
		})
		stderr := p.must(a, p.dir)
		if !strings.Contains(stderr, "replayed 1 file: 40,000 lines") {
			t.Errorf("stderr:\n%s", stderr)
		}
	}
}

func TestAStopAtAnyMomentAndTheRestLater(t *testing.T) {
	p := newPlace(t)
	a, b := some("a", 4*logfiles.BodyLines+5), some("b", 60_000)
	p.write("a.log.gz", gzipped(t, text(a)))
	p.write("b.log", text(b))
	var got []string
	stops, told := 0, 0
	for ; stops < 50; stops++ {
		ctx, cancel := context.WithCancel(t.Context())
		bodies := 0
		p.ingest.refusing(func() int {
			if bodies++; bodies > 2 {
				cancel()
				return http.StatusServiceUnavailable
			}
			return 0
		})
		code, _, stderr := p.replayUntil(ctx, p.dir)
		cancel()
		lines := p.ingest.got()
		got = append(got, lines...)
		if code == 0 {
			break
		}
		if code != app.ExitInterrupted || !strings.HasSuffix(stderr, "glint: interrupted\n") {
			t.Fatalf("exit %d, stderr:\n%s", code, stderr)
		}
		if strings.Contains(stderr, "stopped; repeat the command to continue\n") {
			told++
		}
	}
	if told < 2 {
		t.Errorf("%d stops, of which %d told how to go on", stops, told)
	}
	if len(got) > len(a)+len(b)+stops*(logfiles.InFlight-1)*logfiles.BodyLines {
		t.Errorf("%d lines were sent of %d: it began anew", len(got), len(a)+len(b))
	}
	slices.Sort(got)
	if want := slices.Sorted(slices.Values(slices.Concat(a, b))); !cmp.Equal(want, slices.Compact(got)) {
		t.Error("lines are missing")
	}
}

func TestMarksNeverPassABodyThatIsNotTaken(t *testing.T) {
	p := newPlace(t)
	a := some("a", 6*logfiles.BodyLines)
	p.write("a.log", text(a))
	first := true
	p.ingest.refusing(func() int {
		if first { // of several that are in flight
			first = false
			return http.StatusForbidden
		}
		time.Sleep(20 * time.Millisecond)
		return 0
	})
	if code, _, stderr := p.replay(p.dir); code != app.ExitFailed || !strings.Contains(stderr, "403") {
		t.Fatalf("exit %d, stderr:\n%s", code, stderr)
	}
	got := p.ingest.got()
	p.ingest.refusing(nil)
	if code, _, stderr := p.replay(p.dir); code != 0 {
		t.Fatalf("exit %d, stderr:\n%s", code, stderr)
	}
	got = append(got, p.ingest.got()...)
	slices.Sort(got)
	if !cmp.Equal(slices.Sorted(slices.Values(a)), slices.Compact(got)) {
		t.Error("lines are missing")
	}
}

func TestStdinAndPipes(t *testing.T) {
	p := newPlace(t)
	p.in = bytes.NewReader(gzipped(t, text(some("in", 1000))))
	p.must(some("in", 1000), "-")
	p.in = bytes.NewReader(text(some("in", 10)))
	p.must(some("in", 10), "-") // no mark is kept

	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe() // never written to
	defer func() { _ = w.Close() }()
	p.in = r
	time.AfterFunc(50*time.Millisecond, cancel)
	if code, _, _ := p.replayUntil(ctx, "-"); code != app.ExitInterrupted {
		t.Errorf("exit %d", code)
	}
}

func TestWhoCannotSendIsToldAtOnce(t *testing.T) {
	p := newPlace(t)
	p.write("a.log", text(some("a", 3)))
	p.token = "wrong"
	if code, _, stderr := p.replay(p.dir); code != app.ExitFailed || !strings.Contains(stderr, "ingest answered 401") || !strings.Contains(stderr, "\nTry: check that glint runs there") {
		t.Errorf("exit %d, stderr:\n%s", code, stderr)
	}
	p.token = ""
	if code, _, stderr := p.replay(p.dir); code != app.ExitUsage || !strings.Contains(stderr, "Try: put it into $GLINT_INGEST_TOKEN") {
		t.Errorf("exit %d, stderr:\n%s", code, stderr)
	}
	p.token = testToken
	p.ingest.Close()
	if code, _, stderr := p.replay(p.dir); code != app.ExitFailed || !strings.Contains(stderr, "connection refused") {
		t.Errorf("exit %d, stderr:\n%s", code, stderr)
	}
}

func TestIngestThatStaysBusyEndsThePatience(t *testing.T) {
	p := newPlace(t)
	p.write("a.log", text(some("a", 3)))
	p.ingest.refusing(func() int { return http.StatusServiceUnavailable })
	code, _, stderr := p.replay(p.dir, "--patience", "500ms")
	if code != app.ExitFailed || !strings.Contains(stderr, "took nothing for too long (500ms): ingest answered 503") || !strings.Contains(stderr, "Try: repeat the command later") {
		t.Errorf("exit %d, stderr:\n%s", code, stderr)
	}
	p.ingest.refusing(nil)
	p.must(some("a", 3), p.dir)
}

func TestDryRunSendsAndMakesNothing(t *testing.T) {
	p := newPlace(t)
	p.write("a.log", text(some("a", 3)))
	p.write("b.log", text(some("b", 30)))
	code, stdout, stderr := p.replay(p.dir, "--dry-run")
	want := fmt.Sprintf("FILE%s  BYTES  STATE\n%s/a.log    312  new\n%s/b.log  3,140  new\n", strings.Repeat(" ", len(p.dir)+2), p.dir, p.dir)
	if code != 0 || stdout != want || stderr != "2 files of 3,452 bytes would be sent; nothing was sent\n" {
		t.Errorf("exit %d, stdout:\n%s\nwant:\n%s\nstderr: %s", code, stdout, want, stderr)
	}
	if _, err := os.Stat(string(p.home)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the home was made: %v", err)
	}
	p.arrived(nil)
	p.must(slices.Concat(some("a", 3), some("b", 30)), p.dir)
	if _, stdout, _ = p.replay(p.dir, "--dry-run"); strings.Count(stdout, "  done\n") != 2 {
		t.Errorf("stdout:\n%s", stdout)
	}
}
