package preferences

import (
	"context"
	"errors"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/token"
	"glint/ingest/consent"
	"glint/ingest/warehouse"
)

var testTime = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// someone is a recipient.
var someone = warehouse.RecipientKey{1, 2, 3, 15: 16}

func testKey(id uint8, state token.State) token.Key {
	k := token.Key{ID: id, State: state}
	for i := range k.Secret {
		k.Secret[i] = id + byte(i)
	}
	return k
}

func pixelRing(tb testing.TB, keys ...token.Key) *token.Ring {
	tb.Helper()
	if len(keys) == 0 {
		keys = []token.Key{testKey(7, token.Signing)}
	}
	ring, err := token.NewRing(keys...)
	if err != nil {
		tb.Fatal(err)
	}
	return ring
}

// memory is a ledger without a warehouse.
type memory struct {
	ring     *Ring
	down     bool // nothing can be read or stored
	full     bool // nothing can be stored
	required bool
	now      map[warehouse.RecipientKey]warehouse.Decision
	changes  []consent.Change
}

var errDown = errors.New("down")

func (m *memory) Ring() (*Ring, error) {
	if m.ring == nil {
		return nil, ErrUnavailable
	}
	return m.ring, nil
}

func (m *memory) Choice(_ context.Context, r warehouse.RecipientKey) (d warehouse.Decision, err error) {
	if m.down {
		return d, errDown
	}
	return m.now[r], nil
}

func (m *memory) Record(_ context.Context, c consent.Change) error {
	if m.down || m.full {
		return errDown
	}
	if err := c.Check(testTime.Add(24 * time.Hour)); err != nil {
		return err
	}
	m.changes = append(m.changes, c)
	m.now[c.Recipient] = warehouse.Decision{Choice: c.Choice, DecidedAt: c.DecidedAt}
	return nil
}

func (m *memory) Required() (bool, error) { return m.required, nil }

// house is a handler with its ledger and clock.
type house struct {
	*Handler
	ledger *memory
	now    time.Time
	signer *Signer
}

func newHouse(tb testing.TB, dir string, agree Agree) *house {
	tb.Helper()
	ring := pixelRing(tb)
	h := &house{ledger: &memory{ring: NewRing(ring), now: map[warehouse.RecipientKey]warehouse.Decision{}}, now: testTime}
	var err error
	if h.signer, err = NewSigner(ring); err != nil {
		tb.Fatal(err)
	}
	h.Handler, err = New(Config{
		Ledger: h.ledger, Dir: dir, Agree: agree, Now: func() time.Time { return h.now },
		Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func (h *house) page() string { return Path + string(h.signer.AppendPage(nil, someone, h.now)) }
func (h *house) agreement() string {
	return Path + string(h.signer.AppendAgreement(nil, someone, h.now))
}

// ask sends a request; a body is a form.
func (h *house) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var hidden = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

// form opens a page and returns what its form sends, but for the button.
func (h *house) form(tb testing.TB, path string) url.Values {
	tb.Helper()
	w := h.ask(http.MethodGet, path, "")
	if w.Code != http.StatusOK {
		tb.Fatalf("GET %s: %d", path, w.Code)
	}
	return formOf(w.Body.String())
}

func formOf(page string) url.Values {
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	return form
}

func (h *house) choose(tb testing.TB, path, choice string) *httptest.ResponseRecorder {
	tb.Helper()
	form := h.form(tb, path)
	form.Set("choice", choice)
	return h.ask(http.MethodPost, path, form.Encode())
}
