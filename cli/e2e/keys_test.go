package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"glint/edge/event"
	"glint/edge/token"
)

// lineOf is the edge's line of one open, by a person, of a token.
func lineOf(text string, number uint64) []byte {
	e := event.Event{
		Version: event.Version, OpenedAt: time.Now().UTC(), Kind: event.KindToken, Token: text, Method: "GET",
		UserAgent: agents[0], IP: "192.0.2.0", Network: "none",
	}
	fillID(&e.ID, number)
	return append(e.AppendJSON(nil), '\n')
}

// signedBy is a token as another key signs it.
func signedBy(t *testing.T, ring *token.Ring, text string, key token.Key) string {
	t.Helper()
	opened, err := ring.Open(text)
	if err != nil {
		t.Fatal(err)
	}
	other, err := token.NewRing(key)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := other.Sign(opened)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestARunningGlintFollowsItsKeys brings, revokes and loses keys while glint and a mirror
// work: each change counts within seconds, and a file that a start would refuse changes
// nothing.
func TestARunningGlintFollowsItsKeys(t *testing.T) {
	mirror := newServer(t)
	i := up(t, newHome(t), "--mirror", mirror.dsn())
	people := registerPeople(t, i, t.TempDir(), 4)
	file := filepath.Join(i.home, "keys", "pixel.keys")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := token.ParseRing(string(text))
	if err != nil {
		t.Fatal(err)
	}
	old := ring.Keys()[0]
	foreign := token.Key{ID: old.ID%255 + 1, State: token.Signing, Secret: [token.SecretLen]byte{7}}
	count := func(table string) string {
		return strings.TrimSpace(query(t, i, "SELECT count() FROM "+table+" FINAL"))
	}
	in := func(table string, n int) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d in %s", n, table), func() bool { return count(table) == fmt.Sprint(n) })
	}
	send := func(token string, number uint64) {
		t.Helper()
		if status, answer := post(t, i, lineOf(token, number), ""); status != http.StatusOK {
			t.Fatal(status, answer)
		}
	}

	// Two opens of a key that this glint lacks: they count once it comes.
	send(signedBy(t, ring, people[0].token, foreign), 1)
	send(signedBy(t, ring, people[1].token, foreign), 2)
	in("bad_tokens", 2)
	old.State = token.Verifying
	both, err := token.NewRing(old, foreign)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, file, both.Text())
	in("opens", 2)
	eventually(t, "the mirror to follow the key", func() bool {
		out, _, code := i.run(t, "report", "rules", "--format", "json", "--warehouse", mirror.dsn()) // it may lack the campaign yet
		return code == 0 && strings.Contains(out, `"unique_opens": 2,`)
	})

	// Keys that are lost change nothing, and the status says so.
	for name, lose := range map[string]func(){
		"gone":    func() { _ = os.Remove(file) },
		"emptied": func() { writeFile(t, file, "# none\n") },
		"damaged": func() { writeFile(t, file, both.Text()[:20]) },
		"fewer":   func() { writeFile(t, file, ring.Text()) },
	} {
		lose()
		eventually(t, "the refusal of a file that is "+name, func() bool { return i.status(t).KeysProblem != nil })
		if s := i.status(t); !s.Ready || len(s.Keys) != 2 {
			t.Errorf("%s: ready %v with %d keys", name, s.Ready, len(s.Keys))
		}
	}
	if !bytes.Contains([]byte(i.stderr.String()), []byte("the keys of before stay in use")) {
		t.Errorf("stderr says %s", i.stderr)
	}
	send(signedBy(t, ring, people[2].token, foreign), 3)
	in("opens", 3)
	writeFile(t, file, both.Text())
	eventually(t, "the file to be taken again", func() bool { return i.status(t).KeysProblem == nil })

	// A revoked key counts no more, in the pixel's own lines either.
	if _, said, code := i.run(t, "keys", "revoke", fmt.Sprint(old.ID), "--yes"); code != 0 || !strings.Contains(said, "the running glint has taken the keys") {
		t.Fatalf("exit code %d, %s", code, said)
	}
	bad := count("bad_tokens")
	open(t, i.pixel+"/o/"+people[3].token+".gif")
	eventually(t, "the open of a revoked key", func() bool { return count("bad_tokens") != bad })
	in("opens", 3)
	if code := i.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
