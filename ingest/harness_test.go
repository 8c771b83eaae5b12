package ingest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/receiver/linegen"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/embedded"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/enginelib"
)

// testEngine is a real engine of one test, in a folder of its own.
type testEngine struct {
	*embedded.Engine
	dir string // with its data and its configuration
	dsn string // as the one who may write
}

func newEngine(tb testing.TB) *testEngine {
	tb.Helper()
	return engineIn(tb, filepath.Join(tb.TempDir(), "engine"))
}

func engineIn(tb testing.TB, dir string) *testEngine {
	tb.Helper()
	users := []embedded.User{{Name: "glint", Password: "a-password-of-the-tests"}}
	e := enginetest.StartAlone(tb, dir, users...)
	return &testEngine{Engine: e, dir: dir, dsn: engineDSN(e.URL(), users)}
}

// stop ends the engine, if it has not been ended.
func (e *testEngine) stop(tb testing.TB) {
	tb.Helper()
	enginetest.StopAlone(tb, e.Engine)
}

// The wait of all engine tests, by the name that these tests use.
const patience = enginelib.Patience

var eventually = enginelib.Eventually

// pid is the engine's process now; 0 while none runs.
func (e *testEngine) pid(tb testing.TB) int {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(e.dir, "data", "glint.lock"))
	if err != nil {
		tb.Fatal(err)
	}
	lines := strings.Fields(string(text))
	if len(lines) < 2 {
		return 0
	}
	pid, err := strconv.Atoi(lines[1])
	if err != nil {
		tb.Fatal(err)
	}
	return pid
}

// migrated makes the schema and returns a Warehouse of the test's own.
func (e *testEngine) migrated(tb testing.TB) *warehouse.Warehouse {
	tb.Helper()
	w, err := warehouse.Connect(tb.Context(), e.dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = w.Close() })
	if err := migrateSchema(tb.Context(), w, slog.New(slog.DiscardHandler)); err != nil {
		tb.Fatal(err)
	}
	return w
}

// errAway says that the engine is being started again.
var errAway = errors.New("the engine is away")

// query asks past whatever stands between ingest and the engine, and again
// while the engine is away.
func (e *testEngine) query(tb testing.TB, sql string) (text string) {
	tb.Helper()
	eventually(tb, "the engine to answer", func() bool {
		var err error
		if text, err = e.try(sql); err != nil && !errors.Is(err, errAway) {
			tb.Fatal(err)
		}
		return err == nil
	})
	return text
}

func (e *testEngine) try(sql string) (string, error) {
	address, err := url.Parse(e.dsn)
	if err != nil {
		return "", err
	}
	user := address.User
	address.User = nil
	r, err := http.NewRequest(http.MethodPost, address.String(), strings.NewReader(sql))
	if err != nil {
		return "", err
	}
	password, _ := user.Password()
	r.SetBasicAuth(user.Username(), password)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = a.Body.Close() }()
	text, err := io.ReadAll(a.Body)
	if err == nil && a.StatusCode == http.StatusServiceUnavailable {
		err = errAway
	} else if err == nil && a.StatusCode != http.StatusOK {
		err = errors.New(a.Status)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", sql, err, text)
	}
	return strings.TrimSpace(string(text)), nil
}

// count is the answer to a query for a number.
func (e *testEngine) count(tb testing.TB, sql string) int {
	tb.Helper()
	n, err := strconv.Atoi(e.query(tb, sql))
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// service is a running Run.
type service struct {
	Addresses
	stop func() // and wait for its end; also at the end of the test
}

// fixedRing returns a ring that does not change.
func fixedRing(tb testing.TB) func() *token.Ring {
	ring := testRing(tb)
	return func() *token.Ring { return ring }
}

// testRing has the one key that linegen signs with.
func testRing(tb testing.TB) *token.Ring {
	tb.Helper()
	ring, err := token.NewRing(token.Key{ID: 1, State: token.Signing})
	if err != nil {
		tb.Fatal(err)
	}
	return ring
}

// runService runs ingest on the warehouse at dsn, its files in dir.
func runService(tb testing.TB, dir, dsn string, change func(*Config)) *service {
	tb.Helper()
	cfg := Default()
	cfg.IngestListen, cfg.Token, cfg.Ring = "127.0.0.1:0", testToken, testRing(tb)
	cfg.LogDir, cfg.DeadLetterDir, cfg.WarehouseDSN = filepath.Join(dir, "log"), filepath.Join(dir, "deadletters"), dsn
	cfg.Logger = slog.New(slog.DiscardHandler)
	if change != nil {
		change(&cfg)
	}
	s, ready, ended := &service{}, make(chan struct{}), make(chan error, 1)
	cfg.Ready = func(a Addresses, _ *token.Ring) { s.Addresses = a; close(ready) }
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	go func() { ended <- Run(ctx, cfg) }()
	stopped := false
	s.stop = func() {
		if cancel(); !stopped {
			stopped = true
			if err := <-ended; err != nil {
				tb.Errorf("ingest ended: %v", err)
			}
		}
	}
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		tb.Fatalf("ingest did not start: %v", err)
	case <-time.After(patience):
		cancel()
		tb.Fatalf("ingest is not ready after %v; it ended with %v", patience, <-ended)
	}
	tb.Cleanup(s.stop)
	return s
}

// post sends a body that has to be taken.
func (s *service) post(tb testing.TB, body []byte) {
	tb.Helper()
	if status, answer, _ := postBody(tb, s.Ingest, body); status != http.StatusOK {
		tb.Fatalf("status %d: %s", status, answer)
	}
}

// metrics are the service's, by name and labels as the text has them.
func (s *service) metrics(tb testing.TB) map[string]float64 {
	tb.Helper()
	a, err := http.Get(s.Metrics + "/metrics")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	values := map[string]float64{}
	for text := bufio.NewScanner(a.Body); text.Scan(); {
		name, value, _ := strings.Cut(text.Text(), "} ")
		if n, v, plain := strings.Cut(text.Text(), " "); plain && !strings.Contains(n, "{") {
			name, value = n, v
		} else {
			name += "}"
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			values[name] = v
		}
	}
	return values
}

// drained waits until the lanes have brought everything into the warehouse.
func (s *service) drained(tb testing.TB) {
	tb.Helper()
	eventually(tb, "the log to be in the warehouse", func() bool {
		m := s.metrics(tb)
		return m[`glint_wal_backlog_records{lane="live"}`]+m[`glint_wal_backlog_records{lane="replay"}`] == 0
	})
}

// registered waits until the posted messages are in the warehouse.
func (s *service) registered(tb testing.TB) {
	tb.Helper()
	eventually(tb, "the posted messages to be in the warehouse", func() bool {
		return s.metrics(tb)[`glint_wal_backlog_records{lane="sends"}`] == 0
	})
}

// mixedBody has lines of all three kinds that reach a table: every third is for
// opens, one for unresolved_opens, one for bad_tokens.
func mixedBody(tb testing.TB, seed uint64, lines int) (body []byte) {
	tb.Helper()
	for i, e := range eventsOf(tb, linegen.Body(seed, lines)) {
		switch i % 3 {
		case 1:
			e.Kind, e.Token, e.TokenStatus = event.KindUUID, uuid.NewSHA1(uuid.NameSpaceURL, e.ID[:]).String(), event.TokenUnchecked
		case 2:
			e.Token, e.TokenStatus = "AAAA"+e.Token[4:], event.TokenBad
		}
		body = append(e.AppendJSON(body), '\n')
	}
	return body
}

func eventsOf(tb testing.TB, body []byte) (events []event.Event) {
	tb.Helper()
	for line := range strings.Lines(string(body)) {
		var e event.Event
		if err := e.Parse(strings.TrimSuffix(line, "\n")); err != nil {
			tb.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// timesFrom returns n, or the number in that variable of the environment, which make
// soak sets.
func timesFrom(tb testing.TB, variable string, n int) int {
	tb.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return n
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		tb.Fatalf("%s=%q is no number above 0", variable, text)
	}
	return n
}
