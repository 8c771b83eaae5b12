package batch

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/deadletters"
)

func TestDeadLetterSaysWhatCameAndWhy(t *testing.T) {
	w := newWorld(t)
	w.load(t, "nonsense", "wrong \xff\x00 bytes")
	letter := func(line string) deadletters.Letter {
		return deadletters.Letter{
			ReceivedAt: w.receivedAt.Truncate(time.Millisecond), Source: "live",
			Reason: "not_event", Detail: "event: the line is not a JSON object", Line: line,
		}
	}
	want := []deadletters.Letter{letter("nonsense"), letter("wrong \xff\x00 bytes")}
	if diff := cmp.Diff(want, w.letters(t)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTheSameDeadLettersAgainChangeNothing(t *testing.T) {
	w := newWorld(t)
	w.load(t, "bad", "worse")
	first := w.letters(t)
	w.receivedAt = now.AddDate(0, 5, 0)
	w.load(t, "bad", "worse")
	if diff := cmp.Diff(first, w.letters(t)); diff != "" {
		t.Errorf("changed by a repeat:\n%s", diff)
	}
}

// TestAFullDeadLetterFolderKeepsTheBatchWaiting is about a quota: nothing is
// dropped, and nothing is counted twice once there is room.
func TestAFullDeadLetterFolderKeepsTheBatchWaiting(t *testing.T) {
	w := newWorld(t)
	full, err := deadletters.Open(w.dir, 4096)
	if err != nil {
		t.Fatal(err)
	}
	w.DeadLetters = full
	w.load(t, "bad")
	body := []byte("worse\n" + openLine(t, 1, nil) + "\n")
	if lines, err := w.loadBody(body); !errors.Is(err, deadletters.ErrFull) || lines != 0 {
		t.Errorf("%d lines were counted, error %v, want %v", lines, err, deadletters.ErrFull)
	}
	if n := len(w.stored()); n != 0 {
		t.Errorf("%d rows were inserted before the dead letters were on disk", n)
	}
	for _, file := range w.files(t) {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	if lines, err := w.loadBody(body); lines != 2 || err != nil {
		t.Errorf("%d lines were counted, error %v, want both", lines, err)
	}
	if letters := w.letters(t); len(letters) != 1 || letters[0].Line != "worse" || len(w.stored()) != 1 {
		t.Errorf("%d rows and the letters %v", len(w.stored()), letters)
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
