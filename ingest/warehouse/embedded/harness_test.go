package embedded

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"glint/ingest/warehouse/enginetest/enginelib"
)

const (
	warehouseName     = "glint"
	warehousePassword = "warehouse-<&>'\"-secret"
	readerName        = "reader"
	readerPassword    = "reader-secret"
)

// helperVariable makes this test binary start an engine in the folder it names
// and stop it in order on SIGTERM, like the program that uses the package.
const helperVariable = "EMBEDDED_TEST_HELPER_DIR"

// patience bounds every wait of the tests; it is no expectation of speed.
const patience = time.Minute

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		keepBusyIfAsked()
	}
	RunChildIfAsked()
	if dir := os.Getenv(helperVariable); dir != "" {
		os.Exit(runHelper(dir))
	}
	os.Exit(m.Run())
}

func runHelper(dir string) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	cfg := testConfig(dir, os.Getenv("GLINT_ENGINE"))
	engine, err := Start(context.Background(), cfg)
	if err != nil {
		fmt.Println("start:", err)
		return 1
	}
	fmt.Println("ready", engine.URL())
	<-signals
	if err := engine.Stop(context.Background()); err != nil || engine.Restarts() != 0 {
		fmt.Println("stop:", err, engine.Restarts())
		return 1
	}
	fmt.Println("stopped")
	return 0
}

// enginePath finds the library. Without it the package cannot be tested at all.
func enginePath(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("GLINT_ENGINE"); path != "" {
		return path
	}
	path, err := enginelib.Path()
	if err != nil {
		t.Fatalf("these tests need the engine library; set GLINT_ENGINE to the path of libchdb.so, or: %v", err)
	}
	return path
}

func testConfig(dir, library string) Config {
	return Config{
		Library: library,
		DataDir: filepath.Join(dir, "data"),
		RunDir:  filepath.Join(dir, "run"),
		Listen:  "127.0.0.1:0",
		Users: []User{
			{Name: warehouseName, Password: warehousePassword},
			{Name: readerName, Password: readerPassword, ReadOnlyViews: []string{"open_count", "not_there_yet"}},
		},
	}
}

// startEngine starts an engine in dir which is stopped at the end of the test.
func startEngine(t *testing.T, dir string, change ...func(*Config)) *Engine {
	t.Helper()
	cfg := testConfig(dir, enginePath(t))
	for _, f := range change {
		f(&cfg)
	}
	engine, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopEngine(t, engine) })
	return engine
}

func stopEngine(t *testing.T, engine *Engine) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := engine.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// reply is one answer of the proxy.
type reply struct {
	status int
	header http.Header
	text   string
}

func (r reply) code() string { return r.header.Get("X-ClickHouse-Exception-Code") }

// ask sends one query as the user.
func ask(t *testing.T, engine *Engine, user, password, query string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, engine.URL(), strings.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(user, password)
	return do(t, request)
}

func do(t *testing.T, request *http.Request) reply {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, strings.TrimSpace(string(text))}
}

// backendOf returns the way to the engine that runs now.
func backendOf(t *testing.T, engine *Engine) *backend {
	t.Helper()
	way, err := engine.proxy.relay.wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return way
}

// inside sends a query to the engine itself, with the key of its listener but
// past the proxy's checks, so that a layer behind them can be tested alone.
func inside(t *testing.T, engine *Engine, user, password, query string) reply {
	t.Helper()
	way := backendOf(t, engine)
	request, err := http.NewRequest(http.MethodPost, way.url+"/?database="+Database, strings.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(user, password)
	request.Close = true
	response, err := way.send(request)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, strings.TrimSpace(string(text))}
}

// must sends a query as the warehouse user and returns its answer.
func must(t *testing.T, engine *Engine, query string) string {
	t.Helper()
	answer := ask(t, engine, warehouseName, warehousePassword, query)
	if answer.status != http.StatusOK {
		t.Fatalf("%s: status %d: %s", query, answer.status, answer.text)
	}
	return answer.text
}

// enginePID reads the engine's process from the lock file; 0 before there is one.
func enginePID(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "data", "glint.lock"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(text))
	if len(lines) < 2 {
		return 0
	}
	pid, err := strconv.Atoi(lines[1])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

var eventually = enginelib.Eventually

// logTo returns a logger whose lines the test reads.
func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func benchEngine(b *testing.B) string {
	b.Helper()
	path, err := enginelib.Path()
	if err != nil {
		b.Fatal(err)
	}
	return path
}

func drainAndClose(response *http.Response) {
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
}
