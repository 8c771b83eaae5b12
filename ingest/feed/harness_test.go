package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
	"glint/ingest/warehouse/enginetest/enginelib"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

var eventually = enginelib.Eventually

// store returns a client of the emptied test engine.
func store(t *testing.T) *warehouse.Warehouse {
	t.Helper()
	_, w := client.Open(t)
	return w
}

// insert stores opens by people, one of each message first to last.
func insert(t *testing.T, w *warehouse.Warehouse, campaign uint64, first, last int) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Millisecond)
	var opens []warehouse.Open
	for n := first; n < last; n++ {
		o := warehouse.Open{CampaignID: campaign, MessageID: message(n), Class: 1, Reason: "gmail", VerdictVersion: 1}
		o.EventID, o.OpenedAt, o.ReceivedAt = uint64(n)+1, now, now
		opens = append(opens, o)
	}
	if err := w.InsertOpens(t.Context(), uuid.NewString(), opens); err != nil {
		t.Fatal(err)
	}
}

func message(n int) (id uuid.UUID) {
	return uuid.NewSHA1(uuid.Nil, fmt.Append(nil, n))
}

// hook is a target that records the messages that it accepts.
type hook struct {
	*httptest.Server
	secret Secret

	mu       sync.Mutex
	accepted map[string]int // by message
	faults   []string
	ids      map[string]string // by message
	answer   func(m *Message, w http.ResponseWriter) (accept bool)
}

// newHook returns a target over TLS. answer writes the answer to a message that it does
// not accept; nil accepts all.
func newHook(t *testing.T, answer func(m *Message, w http.ResponseWriter) bool) *hook {
	t.Helper()
	h := &hook{secret: NewSecret(), accepted: map[string]int{}, ids: map[string]string{}, answer: answer}
	h.Server = httptest.NewTLSServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	m := &Message{}
	if err == nil {
		err = json.Unmarshal(text, m)
	}
	if err == nil {
		err = verify(h.secret, r, text, m.ID)
	}
	h.mu.Lock()
	answer := h.answer
	if err != nil {
		h.faults = append(h.faults, err.Error())
	}
	if known, ok := h.ids[m.MessageID]; ok && known != m.ID {
		h.faults = append(h.faults, "another id for "+m.MessageID)
	}
	h.ids[m.MessageID] = m.ID
	h.mu.Unlock()
	if answer != nil && !answer(m, w) {
		return
	}
	h.mu.Lock()
	h.accepted[m.MessageID]++
	h.mu.Unlock()
}

// verify checks a signature as the libraries of standardwebhooks.com do.
func verify(s Secret, r *http.Request, body []byte, id string) error {
	var seconds int64
	if _, err := fmt.Sscan(r.Header.Get("webhook-timestamp"), &seconds); err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return fmt.Errorf("timestamp %q", r.Header.Get("webhook-timestamp"))
	}
	if r.Header.Get("webhook-id") != id || id == "" {
		return fmt.Errorf("id %q in the header, %q in the body", r.Header.Get("webhook-id"), id)
	}
	if want := sign([]Secret{s}, id, time.Unix(seconds, 0), body); r.Header.Get("webhook-signature") != want {
		return fmt.Errorf("signature %q, want %q", r.Header.Get("webhook-signature"), want)
	}
	return nil
}

func (h *hook) count() (messages, posts int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.accepted {
		posts += n
	}
	return len(h.accepted), posts
}

func (h *hook) acceptAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = nil
}

// check fails the test if a message was not signed, or had another id than before.
func (h *hook) check(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, fault := range h.faults {
		t.Error(fault)
	}
}

// start runs a feed to the hook until stop is called.
func (h *hook) start(t *testing.T, w Warehouse, dir string, change func(*Feed)) (f *Feed, stop func()) {
	t.Helper()
	f = New(Config{
		URL: h.URL, Events: Reliable, AllowPrivate: true, GiveUp: time.Hour, Dir: dir,
		Secrets: func() ([]Secret, error) { return []Secret{h.secret}, nil },
	}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	transport(f.target).TLSClientConfig = transport(h.Client()).TLSClientConfig
	if change != nil {
		change(f)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { f.Run(ctx, w); close(ended) }()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	eventually(t, "the feed has begun", func() bool { s := f.Status(); return s == nil || s.State != StateWaiting })
	return f, stop
}

func transport(of any) *http.Transport {
	if t, ok := of.(*target); ok {
		return t.client.Transport.(*http.Transport)
	}
	return of.(*http.Client).Transport.(*http.Transport)
}
