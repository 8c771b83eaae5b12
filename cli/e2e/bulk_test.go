package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"glint/edge/event"
	"glint/ingest/receiver/linegen"
)

// bulk posts many lines, each with an event id of its own, as an edge would
// write them about the messages of one campaign.
type bulk struct {
	templates    []event.Event
	tokens       []string
	next         uint64
	acknowledged atomic.Int64 // lines
}

// newBulk registers messages and returns what makes lines about them.
func newBulk(t *testing.T, i *instance) *bulk {
	t.Helper()
	b := &bulk{templates: parsed(t, linegen.Body(11, 1000))}
	for _, m := range register(t, i, i.pixel, "token", 200) {
		b.tokens = append(b.tokens, tokenOf(m.url))
	}
	return b
}

// tokenOf is what stands between the last slash and the extension of a pixel URL.
func tokenOf(url string) string {
	name := url[strings.LastIndexByte(url, '/')+1:]
	return strings.TrimSuffix(name, filepath.Ext(name))
}

func parsed(t *testing.T, body []byte) (events []event.Event) {
	t.Helper()
	for line := range strings.Lines(string(body)) {
		var e event.Event
		if err := e.Parse(strings.TrimSuffix(line, "\n")); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

func (b *bulk) body(lines int) (body []byte) {
	now := time.Now().UTC()
	for range lines {
		e := b.templates[b.next%uint64(len(b.templates))]
		b.next++
		fillID(&e.ID, b.next)
		e.OpenedAt, e.Token = now, b.tokens[rand.IntN(len(b.tokens))]
		body = append(e.AppendJSON(body), '\n')
	}
	return body
}

// fillID makes an id of chance and, in the half that the warehouse keeps, a number.
func fillID(id *event.ID, number uint64) {
	chance := rand.Uint64()
	for i := range 8 {
		id[i], id[8+i] = byte(chance>>(56-8*i)), byte(number>>(56-8*i))
	}
}

// bulkRate is about a tenth of what two cores insert, in lines per second.
const bulkRate = 20_000

// run posts at about bulkRate for a time. Every body has to be taken.
func (b *bulk) run(t *testing.T, i *instance, d time.Duration) {
	t.Helper()
	const bodiesPerSecond = 10
	tick := time.NewTicker(time.Second / bodiesPerSecond)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); <-tick.C {
		const lines = bulkRate / bodiesPerSecond
		if status, answer := post(t, i, b.body(lines), ""); status != http.StatusOK {
			t.Fatalf("status %d: %s", status, answer)
		}
		b.acknowledged.Add(lines)
	}
}

// stored checks that each acknowledged line is a row, once.
func (b *bulk) stored(t *testing.T, i *instance) {
	t.Helper()
	want := fmt.Sprintf("%d\t%d\n", b.acknowledged.Load(), b.acknowledged.Load())
	if got := query(t, i, "SELECT count(), uniqExact(event_id) FROM opens"); got != want {
		t.Errorf("rows and events are %q, want %q", got, want)
	}
}

// metrics are glint's own, by name and labels as the text has them.
func (i *instance) metrics(t *testing.T) map[string]float64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(i.home, "run", "state.json"))
	var state struct{ Metrics string }
	if err == nil {
		err = json.Unmarshal(text, &state)
	}
	if err != nil {
		t.Fatal(err)
	}
	a, err := http.Get(state.Metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	values := map[string]float64{}
	for s := bufio.NewScanner(a.Body); s.Scan(); {
		space := strings.LastIndexByte(s.Text(), ' ')
		if v, err := strconv.ParseFloat(s.Text()[space+1:], 64); err == nil && space > 0 {
			values[s.Text()[:space]] = v
		}
	}
	return values
}

// backlog returns how many records are not yet in the warehouse.
func (i *instance) backlog(t *testing.T) (records float64) {
	t.Helper()
	for _, lane := range i.status(t).Lanes {
		records += float64(lane.BacklogRecords)
	}
	return records
}

// residentBytes is the memory of a process that is not swapped out; 0 if it is
// gone.
func residentBytes(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return 0
	}
	return float64(pages * os.Getpagesize())
}

// secondsFrom is how long to do something: d, or what the variable says, which
// make soak sets.
func secondsFrom(t *testing.T, variable string, d time.Duration) time.Duration {
	t.Helper()
	return time.Duration(timesFrom(t, variable, int(d/time.Second))) * time.Second
}

// timesFrom is n, or the number in that variable of the environment.
func timesFrom(t testing.TB, variable string, n int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return n
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is no number above 0", variable, text)
	}
	return n
}

const mebibyte = 1 << 20
