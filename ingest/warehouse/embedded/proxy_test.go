package embedded

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// proxyTo returns a proxy in front of a made-up engine, and its way to it.
func proxyTo(t *testing.T, engine http.HandlerFunc) (*proxy, *backend) {
	t.Helper()
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	cfg, err := testConfig(t.TempDir(), "unused").withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	way := newBackend(number, newSecrets(), (&net.Dialer{}).DialContext)
	t.Cleanup(way.transport.CloseIdleConnections)
	return newProxy(&cfg, newRelay()), way
}

// through sends a request to the proxy over a real connection.
func through(t *testing.T, p *proxy, request *http.Request) reply {
	t.Helper()
	public := httptest.NewServer(p)
	defer public.Close()
	address, err := url.Parse(public.URL)
	if err != nil {
		t.Error(err)
		return reply{}
	}
	request.URL.Scheme, request.URL.Host = address.Scheme, address.Host
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Error(err)
		return reply{}
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return reply{response.StatusCode, response.Header, string(text)}
}

func newRequest(t *testing.T, method, target, body string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func writerRequest(t *testing.T, target string) *http.Request {
	t.Helper()
	request := newRequest(t, http.MethodPost, target, "SELECT 1")
	request.SetBasicAuth(warehouseName, warehousePassword)
	return request
}

func TestRequestWaitsForTheEngine(t *testing.T) {
	p, way := proxyTo(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "1\n") })
	refusing, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	dead := newBackend(refusing, newSecrets(), (&net.Dialer{}).DialContext)
	p.relay.set(dead)
	answered := make(chan reply)
	request := writerRequest(t, "/")
	go func() { answered <- through(t, p, request) }()
	<-dead.refused // the request has found the engine down
	p.relay.set(nil)
	p.relay.set(way)
	if got := <-answered; got.status != http.StatusOK || got.text != "1\n" {
		t.Errorf("status %d: %s", got.status, got.text)
	}
}

func TestWaitingEndsWithTheStop(t *testing.T) {
	p, _ := proxyTo(t, nil)
	p.relay.close()
	got := through(t, p, writerRequest(t, "/"))
	if got.status != http.StatusServiceUnavailable || got.code() != "210" {
		t.Errorf("status %d: %s", got.status, got.text)
	}
}

func TestEngineLostBeforeItsAnswerIsRetryable(t *testing.T) {
	var calls atomic.Int32
	p, way := proxyTo(t, func(http.ResponseWriter, *http.Request) {
		calls.Add(1)
		panic(http.ErrAbortHandler) // the connection breaks, as when the engine is killed
	})
	p.relay.set(way)
	got := through(t, p, writerRequest(t, "/"))
	if got.status != http.StatusServiceUnavailable || got.code() != "210" || got.header.Get("Retry-After") == "" {
		t.Errorf("status %d, header %v", got.status, got.header)
	}
	if calls.Load() != 1 {
		t.Errorf("sent %d times: the proxy must not repeat what it cannot know to be unsent", calls.Load())
	}
}

func TestEngineLostInMidAnswerCutsTheConnection(t *testing.T) {
	p, way := proxyTo(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("row\n", 100))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	p.relay.set(way)
	public := httptest.NewServer(p)
	defer public.Close()
	response, err := http.Get(public.URL + "/?user=glint&password=" + url.QueryEscape(warehousePassword))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.ReadAll(response.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the client sees %v, as if the answer were whole", err)
	}
}

func TestOnlyKnownHeadersAndOneAccountReachTheEngine(t *testing.T) {
	seen := make(chan *http.Request, 1)
	p, way := proxyTo(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r })
	p.relay.set(way)
	request := writerRequest(t, "/?query=SELECT+1&USER=glint&Password="+url.QueryEscape(warehousePassword)+"&max_threads=1&query_id=mine")
	request.Header.Set("X-Forwarded-For", "10.0.0.1")
	request.Header.Set("X-ClickHouse-SSL-Certificate-Auth", "on")
	request.Header.Set("X-ClickHouse-User", warehouseName)
	request.Header.Set("X-ClickHouse-Key", warehousePassword)
	request.Header.Set("Accept-Encoding", "zstd")
	request.Header.Set("X-ClickHouse-Format", "JSON")
	if answer := through(t, p, request); answer.status != http.StatusOK {
		t.Fatalf("status %d: %s", answer.status, answer.text)
	}
	got := <-seen
	want := url.Values{"query": {"SELECT 1"}, "max_threads": {"1"}, "query_id": {"mine"}, "database": {"glint"}}
	if got.URL.Query().Encode() != want.Encode() {
		t.Errorf("parameters %v, want %v", got.URL.Query(), want)
	}
	for _, name := range []string{"X-Forwarded-For", "X-ClickHouse-SSL-Certificate-Auth", "X-ClickHouse-User", "X-ClickHouse-Key"} {
		if got.Header.Get(name) != "" {
			t.Errorf("%s reached the engine", name)
		}
	}
	if name, password, _ := got.BasicAuth(); name != warehouseName || password != warehousePassword {
		t.Errorf("account %q", name)
	}
	if got.Header.Get("Accept-Encoding") != "zstd" || got.Header.Get("X-ClickHouse-Format") != "JSON" {
		t.Errorf("headers %v", got.Header)
	}
}

func TestBodiesTogetherStayInTheBudget(t *testing.T) {
	release := make(chan struct{})
	inside := make(chan struct{}, 1)
	p, way := proxyTo(t, func(http.ResponseWriter, *http.Request) {
		inside <- struct{}{}
		<-release
	})
	p.relay.set(way)
	p.bodies = &budget{free: int64(len("SELECT 1"))}
	first := make(chan reply)
	request := writerRequest(t, "/")
	go func() { first <- through(t, p, request) }()
	<-inside
	second := through(t, p, writerRequest(t, "/"))
	if second.status != http.StatusServiceUnavailable || second.code() != "202" {
		t.Errorf("beyond the budget: status %d: %s", second.status, second.text)
	}
	close(release)
	if got := <-first; got.status != http.StatusOK {
		t.Errorf("within the budget: status %d", got.status)
	}
	eventually(t, "all bytes are free again", func() bool {
		free := p.bodies.take(int64(len("SELECT 1")))
		if free {
			p.bodies.give(int64(len("SELECT 1")))
		}
		return free
	})
}

func TestOtherMethodsAreRefused(t *testing.T) {
	p, _ := proxyTo(t, nil)
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodOptions, "BREW"} {
		got := through(t, p, newRequest(t, method, "/", ""))
		if got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") == "" {
			t.Errorf("%s: status %d", method, got.status)
		}
	}
}

func TestAnswersStreamAsTheyCome(t *testing.T) {
	goOn := make(chan struct{})
	p, way := proxyTo(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "first\n")
		_ = http.NewResponseController(w).Flush()
		<-goOn
	})
	p.relay.set(way)
	public := httptest.NewServer(p)
	defer public.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, public.URL+"/?user=glint&password="+url.QueryEscape(warehousePassword), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	first := make([]byte, len("first\n"))
	if _, err := io.ReadFull(response.Body, first); err != nil {
		t.Errorf("the first row did not come before the last: %v", err)
	}
	close(goOn)
}

func TestPingAnswersForTheEngineOnly(t *testing.T) {
	p, way := proxyTo(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" || r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusTeapot)
		}
	})
	p.relay.set(way)
	got := through(t, p, newRequest(t, http.MethodGet, "/ping?query=SELECT+1&user=default", ""))
	if got.status != http.StatusOK {
		t.Errorf("status %d: something of the client's request went with the ping", got.status)
	}
	p.relay.set(nil)
	p.relay.close()
	got = through(t, p, newRequest(t, http.MethodGet, "/ping", ""))
	if got.status != http.StatusServiceUnavailable {
		t.Errorf("status %d while the engine is down", got.status)
	}
}
