package e2e_test

import (
	"bytes"
	bytesof "encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/edge/event"
)

// TestNothingButADateIsLeftOfLastOpens opens messages of the mode last_open, waits for
// the log to let their lines go, and reads all files of the home and all rows of the
// engine: there is one date for each person who opened, and nothing else.
func TestNothingButADateIsLeftOfLastOpens(t *testing.T) {
	const people, opens = 300, 10_000
	dir, archived := t.TempDir(), t.TempDir()
	i := up(t, newHome(t), "--log-retain", "1s", "--archive", archived, "--archive-interval", "1s")
	tokens := registerLastOpen(t, i, dir, people)
	var body bytes.Buffer
	var traces [][]byte // what must be gone
	latest := map[int]string{}
	now := time.Now().UTC()
	for n := range opens {
		person, at := n%people, now.Add(-time.Duration(1+n*7919%(23*60))*time.Minute)
		id := uuid.New()
		e := event.Event{
			Version: event.Version, ID: event.ID(id), OpenedAt: at, Kind: event.KindToken, Token: tokens[person], Method: "GET",
			UserAgent: agents[0], IP: "192.0.2.0", Network: "none",
		}
		if n%50 == 0 {
			e.UserAgent = "curl/8.0" // a machine
		} else if day := at.Format(time.DateOnly); day > latest[person] {
			latest[person] = day
		}
		body.Write(append(e.AppendJSON(nil), '\n'))
		if n%97 == 0 {
			traces = append(traces, []byte(tokens[person]), id[:8], id[8:], []byte(hex.EncodeToString(id[:])), []byte(at.Format("2006-01-02T15:04:05")))
			traces = append(traces, bytesof.LittleEndian.AppendUint64(nil, bytesof.BigEndian.Uint64(id[:8])), bytesof.LittleEndian.AppendUint64(nil, bytesof.BigEndian.Uint64(id[8:])))
		}
	}
	postLines(t, i, body.String())
	if found := search(t, i.home, traces); len(found) == 0 {
		t.Fatal("the search finds nothing even before the log lets go")
	}
	want := 0
	for range latest {
		want++
	}
	eventually(t, "a date for each person", func() bool {
		return strings.TrimSpace(query(t, i, "SELECT uniqExact(recipient_key) FROM last_opens")) == fmt.Sprint(want)
	})
	eventually(t, "the log to let the lines go", func() bool { return len(search(t, i.home, traces)) == 0 })
	postLines(t, i, body.String()) // a replay of a kept copy: no date goes back
	eventually(t, "the log to let the replay go", func() bool { return len(search(t, i.home, traces)) == 0 })
	eventually(t, "one date for each person on disk", func() bool {
		return strings.TrimSpace(query(t, i, "SELECT sum(rows) FROM system.parts WHERE table = 'last_opens'")) == fmt.Sprint(want)
	})
	days := map[string]int{}
	for _, day := range latest {
		days[day]++
	}
	for line := range strings.Lines(query(t, i, "SELECT opened_on, count() FROM last_opens GROUP BY opened_on FORMAT TSV")) {
		day, n, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if fmt.Sprint(days[day]) != n {
			t.Errorf("%s: %s people, want %d", day, n, days[day])
		}
	}
	for _, table := range []string{"opens", "unresolved_opens", "bad_tokens", "aggregate_opens", "deliveries", "web_events"} {
		if n := strings.TrimSpace(query(t, i, "SELECT count() FROM "+table)); n != "0" {
			t.Errorf("%s rows of %s", n, table)
		}
	}
	if found := search(t, archived, traces); len(found) > 0 {
		t.Errorf("traces in %v", found)
	}
	report := i.report(t, "rules")
	if fmt.Sprint(report["delivered"]) != fmt.Sprint(people) || fmt.Sprint(report["measured"]) != "0" || fmt.Sprint(report["unique_opens"]) != "0" {
		t.Errorf("delivered %v, measured %v, opened %v", report["delivered"], report["measured"], report["unique_opens"])
	}
	i.must(t, "audit")
	i.must(t, "consent", "set", "p1@example.com", "withdrawn")
	eventually(t, "the date to follow a withdrawal", func() bool {
		return strings.TrimSpace(query(t, i, "SELECT count() FROM last_opens")) == fmt.Sprint(want-1)
	})
}

// registerLastOpen registers people in the mode, and returns the tokens of their pixels.
func registerLastOpen(t *testing.T, i *instance, dir string, people int) []string {
	t.Helper()
	var b strings.Builder
	b.WriteString("recipient\n")
	for n := range people {
		fmt.Fprintf(&b, "p%d@example.com\n", n)
	}
	file, urls := filepath.Join(dir, "r.csv"), filepath.Join(dir, "urls.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	i.must(t, "send", "register", "--campaign", "rules", "--file", file, "--output", urls, "--tracking", "last_open")
	text, err := os.ReadFile(urls)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) != people+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	tokens := make([]string, people)
	for n, row := range rows[1:] {
		tokens[n] = strings.TrimSuffix(row[2][strings.LastIndexByte(row[2], '/')+1:], ".gif")
	}
	return tokens
}

func postLines(t *testing.T, i *instance, lines string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lines.ndjson")
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	i.must(t, "replay", file)
}

// search returns the files below the folder in which a trace stands, decoded.
func search(t *testing.T, dir string, traces [][]byte) (files []string) {
	t.Helper()
	people := make([][][]byte, len(traces))
	for n, trace := range traces {
		people[n] = [][]byte{trace}
	}
	_, files = persons(t, people, dir)
	return files
}
