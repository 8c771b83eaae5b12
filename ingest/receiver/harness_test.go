package receiver

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/receiver/codec"
)

const secret = "a-secret-of-a-test-0123456789"

// world is a running server whose store keeps the bodies.
type world struct {
	*Server
	url      string
	client   *http.Client
	address  string
	registry *prometheus.Registry

	mu     sync.Mutex
	bodies []stored
}

// stored is a copy of a Body, whose bytes are valid only during Store.
type stored struct {
	Text         string // decoded
	Sent         string
	Codec        string
	DecodedBytes int64
	Lines        int
	Lane         Lane
	Source       string
}

func (w *world) keep(_ context.Context, b *Body) error {
	text, err := codec.AppendDecoded(nil, b.Codec, b.Bytes, b.DecodedBytes)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bodies = append(w.bodies, stored{string(text), string(b.Bytes), b.Codec.String(), b.DecodedBytes, b.Lines, b.Lane, b.Source})
	return nil
}

func (w *world) stored() []stored {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]stored(nil), w.bodies...)
}

// start runs a server with one token for logs and small limits, which change
// may replace.
func start(t testing.TB, change func(*Config)) *world {
	t.Helper()
	tokens, err := NewTokens(Token{Label: "test", Scopes: []Scope{ScopeLogs}, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 100}
	w := &world{registry: prometheus.NewRegistry(), client: &http.Client{Transport: transport}}
	cfg := Config{
		Tokens: tokens, Store: w.keep, Registerer: w.registry,
		MaxBodyBytes: 4 << 20, MaxDecodedBytes: 4 << 20, MaxInFlightBytes: 32 << 20,
	}
	if change != nil {
		change(&cfg)
	}
	if w.Server, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.address = l.Addr().String()
	w.url = "http://" + w.address
	served := make(chan error, 1)
	go func() { served <- w.Serve(l) }()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = w.Shutdown(ctx) // tests of Shutdown check its error themselves
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return w
}

// answer is a client's answer.
type answer struct {
	Status     int
	Reason     string // of a refusal
	Lines      int    // of an acceptance
	RetryAfter string
	header     http.Header
}

func (a answer) String() string {
	if a.Status == http.StatusOK {
		return fmt.Sprintf("200 lines=%d", a.Lines)
	}
	text := fmt.Sprintf("%d %s", a.Status, a.Reason)
	if a.RetryAfter != "" {
		text += " retry=" + a.RetryAfter
	}
	return text
}

// post sends body with the token. header holds pairs of names and values; an
// Authorization replaces the token.
func (w *world) post(t testing.TB, body io.Reader, header ...string) answer {
	t.Helper()
	return w.do(t, http.MethodPost, "/v1/logs", body, header...)
}

func (w *world) do(t testing.TB, method, path string, body io.Reader, header ...string) answer {
	t.Helper()
	got, err := w.try(t, method, path, body, header...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return got
}

// try is do for connections that may be closed.
func (w *world) try(t testing.TB, method, path string, body io.Reader, header ...string) (answer, error) {
	t.Helper()
	r, err := http.NewRequest(method, w.url+path, body)
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	if r.Header["Authorization"] == nil {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	got, err := w.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = got.Body.Close() }()
	return readAnswer(t, got), nil
}

func readAnswer(t testing.TB, r *http.Response) answer {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	var fields struct {
		Lines           int
		Reason, Message string
	}
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatalf("answer %d is no JSON: %q", r.StatusCode, text)
	}
	if (r.StatusCode != http.StatusOK) != (fields.Reason != "" && fields.Message != "") {
		t.Errorf("answer %d without reason and message, or with: %s", r.StatusCode, text)
	}
	if got := r.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type of the answer is %q", got)
	}
	return answer{r.StatusCode, fields.Reason, fields.Lines, r.Header.Get("Retry-After"), r.Header}
}

// raw opens a connection and sends text as it is.
func (w *world) raw(t testing.TB, text string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute)) // a hang fails the test
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

// head is the beginning of a request with more headers, each with its line end.
func head(headers string) string {
	return "POST /v1/logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + secret + "\r\n" + headers + "\r\n"
}

func gzipped(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(text)
	_ = w.Close()
	return b.Bytes()
}

func zstded(text []byte) []byte {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	return w.EncodeAll(text, nil)
}

func snapped(text []byte) []byte {
	var b bytes.Buffer
	w := snappy.NewBufferedWriter(&b)
	_, _ = w.Write(text)
	_ = w.Close()
	return b.Bytes()
}
