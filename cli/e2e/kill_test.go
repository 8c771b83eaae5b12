package e2e_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// load posts bodies of event lines until it is stopped, and remembers which
// events were acknowledged.
type load struct {
	token string // of one registered message

	mu           sync.Mutex
	next         uint64
	acknowledged []uint64
}

const linesPerBody = 20

// enough is the number of acknowledged events below which a test was too gentle.
const enough = 1000

// body returns the next events and their lines.
func (l *load) body() (events []uint64, lines []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	for range linesPerBody {
		l.next++
		events = append(events, l.next)
		lines = fmt.Appendf(lines, `{"v":1,"event_id":"%016x%016x","opened_at":"%s","kind":"token","token":"%s","method":"GET","user_agent":"Mozilla/5.0","network":"apple_relay"}`+"\n",
			rand.Uint64(), l.next, now, l.token)
	}
	return events, lines
}

// acknowledges posts lines, and reports whether they were answered 200. An instance that
// is killed meanwhile gives no answer.
func (i *instance) acknowledges(lines []byte) bool {
	r, err := http.NewRequest(http.MethodPost, i.ingest+"/v1/logs", bytes.NewReader(lines))
	if err != nil {
		return false
	}
	r.Header.Set("Authorization", "Bearer "+i.credentials["GLINT_INGEST_TOKEN"])
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// run posts to i until stop is closed.
func (l *load) run(i *instance, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		events, lines := l.body()
		if i.acknowledges(lines) {
			l.mu.Lock()
			l.acknowledged = append(l.acknowledged, events...)
			l.mu.Unlock()
		}
	}
}

// TestKilledAtAnyMomentNothingAcknowledgedIsLostOrDoubled kills glint, its
// engine or both under load, again and again on the same data. GLINT_TEST_KILLS
// gives another number of kills.
func TestKilledAtAnyMomentNothingAcknowledgedIsLostOrDoubled(t *testing.T) {
	home := newHome(t)
	first := up(t, home)
	messages := register(t, first, first.pixel, "token", 1)
	l := &load{token: strings.TrimSuffix(messages[0].url[strings.LastIndexByte(messages[0].url, '/')+1:], ".gif")}
	first.stop(t, syscall.SIGTERM)

	chance := rand.New(rand.NewPCG(4, 2))
	for round, rounds := 0, timesFrom(t, "GLINT_TEST_KILLS", 40); round < rounds || l.acknowledgedSoFar() < enough; round++ {
		i := up(t, home)
		stop, ended := make(chan struct{}), make(chan struct{})
		go func() { l.run(i, stop); close(ended) }()
		time.Sleep(time.Duration(chance.IntN(400)) * time.Millisecond)
		victim := chance.IntN(3)
		if victim != 0 {
			for _, engine := range enginesOf(t, home) {
				_ = syscall.Kill(engine, syscall.SIGKILL) // it may be gone by now
			}
			time.Sleep(time.Duration(chance.IntN(200)) * time.Millisecond)
		}
		if victim != 1 {
			i.stop(t, syscall.SIGKILL)
		}
		close(stop)
		<-ended
		if victim == 1 {
			if code := i.stop(t, syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d after the engine was killed, want 0\n%s", code, i.stderr)
			}
		}
	}
	last := up(t, home)
	l.compare(t, last)
	if said := last.must(t, "audit"); !strings.Contains(said, "every accepted event is accounted for") {
		t.Errorf("after the kills glint audit says\n%s", said)
	}
}

// compare waits until every acknowledged event is in the warehouse.
func (l *load) compare(t *testing.T, i *instance) {
	t.Helper()
	if len(l.acknowledged) < enough {
		t.Errorf("only %d events were acknowledged: the test was too gentle", len(l.acknowledged))
	}
	query := func(sql string) string {
		status, answer := ask(t, i.clickhouse, i.credentials["GLINT_WAREHOUSE_USER"], i.credentials["GLINT_WAREHOUSE_PASSWORD"], sql)
		if status != http.StatusOK {
			t.Fatalf("%s: %s", sql, answer)
		}
		return strings.TrimSpace(answer)
	}
	stored := map[uint64]int{}
	var missing []uint64
	deadline := time.Now().Add(patience)
	for {
		clear(stored)
		for _, text := range strings.Fields(query("SELECT event_id FROM glint.opens FINAL")) {
			event, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			stored[event]++
		}
		missing = missing[:0]
		for _, event := range l.acknowledged {
			if stored[event] == 0 {
				missing = append(missing, event)
			}
		}
		if len(missing) == 0 || time.Now().After(deadline) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if len(missing) > 0 {
		t.Fatalf("%d of %d acknowledged events are missing, for example %d", len(missing), len(l.acknowledged), missing[0])
	}
	for event, times := range stored {
		if times != 1 || event > l.next {
			t.Errorf("event %d is stored %d times", event, times)
		}
	}
	if got, want := fmt.Sprint(i.report(t, "token")["opens_total"]), strconv.Itoa(len(stored)); got != want {
		t.Errorf("the report has %s opens, the table %s", got, want)
	}
	t.Logf("%d events acknowledged, %d stored, %s rows before merging", len(l.acknowledged), len(stored), query("SELECT count() FROM glint.opens"))
}
