package batch

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDeadLetterKeepsTheLineAsItCame(t *testing.T) {
	w := newWorld(t)
	lines := []string{`{"a":"quote \" and <b>"`, "tab\tand\x01\x7f", "ä€\U0001f4ec", "wrong \xff\x00 bytes"}
	w.load(t, lines...)
	const at, reason, detail = "2026-03-04T05:06:07.891Z", "not_event", "event: the line is not a JSON object"
	want := []letter{
		{at, reason, detail, lines[0], nil},
		{at, reason, detail, lines[1], nil},
		{at, reason, detail, lines[2], nil},
		{at, reason, detail, "", []byte(lines[3])},
	}
	if diff := cmp.Diff(want, w.letters(t)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDeadLetterFormat(t *testing.T) {
	w := newWorld(t)
	w.load(t, "nonsense")
	b, err := os.ReadFile(w.files(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"received_at":"2026-03-04T05:06:07.891Z","reason":"not_event","detail":"event: the line is not a JSON object","line":"nonsense"}` + "\n"
	if string(b) != want {
		t.Errorf("got %s", b)
	}
}

func TestDeadLettersAreForTheirOwnerOnly(t *testing.T) {
	w := newWorld(t)
	w.load(t, "bad")
	for path, want := range map[string]os.FileMode{w.dir: 0o700, w.files(t)[0]: 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode %o, want %o", got, want)
		}
	}
}

func TestTheSameDeadLettersAgainLeaveOneFile(t *testing.T) {
	w := newWorld(t)
	w.load(t, "bad", "worse")
	first := w.letters(t)
	w.receivedAt = now.AddDate(0, 5, 0)
	w.load(t, "bad", "worse")
	if diff := cmp.Diff(first, w.letters(t)); diff != "" {
		t.Errorf("changed by a repeat:\n%s", diff)
	}
	w.load(t, "bad worse")
	if n := len(w.files(t)); n != 2 {
		t.Errorf("%d files, want one more for other lines", n)
	}
}

func TestNoDeadLettersNoFile(t *testing.T) {
	w := newWorld(t)
	w.load(t, openLine(t, 1, nil))
	if files := w.files(t); len(files) != 0 {
		t.Errorf("files %v", files)
	}
}

func TestDetailNeverRepeatsTheLine(t *testing.T) {
	w := newWorld(t)
	const secret = "someone@example.com"
	w.load(t, `{"token":["`+secret+`"]}`, plainLine(t, 1, secret), `{"event_id":"`+secret+`"}`, secret)
	letters := w.letters(t)
	if len(letters) != 4 {
		t.Fatalf("%d dead letters", len(letters))
	}
	for _, l := range letters {
		if strings.Contains(l.Detail, secret) {
			t.Errorf("detail %q", l.Detail)
		}
	}
}
