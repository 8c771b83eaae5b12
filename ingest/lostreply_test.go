package ingest

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// fate is the treatment of an insert on its way to the engine.
type fate int

const (
	answered    fate = iota
	lostAnswer       // it takes effect, but the connection is cut instead of the answer
	lostRequest      // the connection is cut before the engine hears of it
)

// lossyWay stands between ingest and the engine. It forwards every request
// wholly, waits for the answer, and cuts the connection where decide says so of
// an insert into a table. While hang is locked it forwards nothing, and ends no connection.
type lossyWay struct {
	*httptest.Server
	engine *testEngine
	hang   sync.RWMutex

	mu     sync.Mutex
	decide func(table, name string) fate
	fates  map[string]map[fate]int // by table
}

func newLossyWay(t *testing.T, e *testEngine, decide func(table, name string) fate) *lossyWay {
	t.Helper()
	w := &lossyWay{engine: e, decide: decide, fates: map[string]map[fate]int{}}
	w.Server = httptest.NewServer(http.HandlerFunc(w.forward))
	t.Cleanup(w.Close)
	return w
}

// dsn is the way's address with the user of the engine's.
func (w *lossyWay) dsn(t *testing.T) string {
	t.Helper()
	at, err := url.Parse(w.engine.dsn)
	if err != nil {
		t.Fatal(err)
	}
	at.Host = strings.TrimPrefix(w.URL, "http://")
	return at.String()
}

func (w *lossyWay) forward(to http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // ingest has hung up
	}
	w.hang.RLock()
	defer w.hang.RUnlock()
	f := w.fateOf(r.URL.Query())
	if f == lostRequest {
		panic(http.ErrAbortHandler) // cuts the connection
	}
	out, err := http.NewRequestWithContext(r.Context(), r.Method, w.engine.URL()+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	out.Header = r.Header.Clone()
	a, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = a.Body.Close() }()
	text, err := io.ReadAll(a.Body)
	if err != nil || f == lostAnswer {
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.Header {
		to.Header()[name] = values
	}
	to.WriteHeader(a.StatusCode)
	_, _ = to.Write(text) // ingest tries again if it does not get it
}

func (w *lossyWay) fateOf(parameters url.Values) fate {
	into, found := strings.CutPrefix(parameters.Get("query"), "INSERT INTO glint.")
	if !found {
		return answered
	}
	table, _, _ := strings.Cut(into, " ")
	if table == "key_fingerprints" { // not an insert of a batch
		return answered
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.decide(table, parameters.Get("insert_deduplication_token"))
	if w.fates[table] == nil {
		w.fates[table] = map[fate]int{}
	}
	w.fates[table][f]++
	return f
}

// times returns the number of inserts into a table that met a fate.
func (w *lossyWay) times(table string, f fate) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fates[table][f]
}

// TestLostRepliesChangeNothing loses the answers of half of all inserts, of all
// three kinds, and some of the requests as well.
func TestLostRepliesChangeNothing(t *testing.T) {
	e := newEngine(t)
	chance := rand.New(rand.NewPCG(7, 7))
	tried := map[string]bool{}
	way := newLossyWay(t, e, func(table, name string) fate {
		if tried[table+name] {
			return answered // lest the pauses between tries get long
		}
		tried[table+name] = true
		if !tried[table] { // chance would spare a table of which a slow machine makes few inserts
			tried[table] = true
			return lostAnswer
		}
		switch n := chance.IntN(10); {
		case n < 6:
			return lostAnswer
		case n < 7:
			return lostRequest
		}
		return answered
	})
	s := runService(t, t.TempDir(), way.dsn(t), func(c *Config) { c.FlushInterval = 1 })
	const bodies, lines = 16, 90
	for seed := range uint64(bodies) {
		s.post(t, mixedBody(t, seed, lines))
	}
	s.drained(t)
	for _, table := range eventTables {
		got := e.query(t, "SELECT count(), uniqExact(event_id) FROM "+table) // without FINAL: not one row too many
		if want := fmt.Sprintf("%d\t%d", bodies*lines/3, bodies*lines/3); got != want {
			t.Errorf("%s has %s rows and events, want %s", table, got, want)
		}
		if way.times(table, lostAnswer) == 0 {
			t.Errorf("no answer of an insert into %s was lost: the test was too gentle", table)
		}
		t.Logf("%s: %d answers lost, %d requests lost, %d answered", table,
			way.times(table, lostAnswer), way.times(table, lostRequest), way.times(table, answered))
	}
	m := s.metrics(t)
	const want = bodies * lines / 3
	for _, outcome := range []string{"stored", "unresolved", "bad_token"} {
		if got := m[fmt.Sprintf("glint_ingest_lines_total{outcome=%q}", outcome)]; got != want {
			t.Errorf("%v lines are counted as %s, want %v", got, outcome, want)
		}
	}
}
