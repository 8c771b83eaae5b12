package preferences

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/consent"
	"glint/ingest/warehouse"
)

// Agree says how a recipient may agree on the page.
type Agree string

// The ways.
const (
	AgreeOff  Agree = "off"          // not at all: the page only refuses
	AgreeLink Agree = "confirm-link" // by a link of the kind Agreement
)

// ErrUnavailable is returned by a Ledger that cannot answer now.
var ErrUnavailable = errors.New("preferences: the ledger cannot be asked now")

// Ledger stores the choices.
type Ledger interface {
	// Ring returns the ring of links, or ErrUnavailable.
	Ring() (*Ring, error)
	// Choice returns the current choice of a recipient.
	Choice(ctx context.Context, recipient warehouse.RecipientKey) (warehouse.Decision, error)
	// Record makes a choice and its consequences durable, or returns an error.
	Record(ctx context.Context, c consent.Change) error
	// Required reports whether a recipient without a choice is not measured.
	Required() (bool, error)
}

// Config configures a Handler.
type Config struct {
	Ledger     Ledger
	Dir        string // of the operator's texts; may be missing
	Agree      Agree
	Now        func() time.Time // nil: time.Now
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

// Handler serves the pages below Path.
type Handler struct {
	Config
	limits  limits
	answers *prometheus.CounterVec

	mu     sync.Mutex
	texts  *Texts
	looked time.Time // at the folder
	fault  string
}

// lookEvery is the interval at which the folder of texts is checked.
const lookEvery = 5 * time.Second

// New returns a handler. While a text of the operator is invalid, the built-in
// texts are used.
func New(c Config) (*Handler, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	texts, err := ReadTexts("")
	if err != nil {
		return nil, err
	}
	h := &Handler{Config: c, texts: texts, limits: newLimits(), answers: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "glint_preferences_answers_total", Help: "Answers of the page on which recipients choose, by what they did.",
	}, []string{"outcome"})}
	c.Registerer.MustRegister(h.answers)
	for _, o := range []string{shown, noLink, refusedOutcome, agreedOutcome, rejected, limited, failed} {
		h.answers.WithLabelValues(o) // so that each rate exists before the first request
	}
	h.current() // the operator's
	return h, nil
}

// The outcomes of a request, as metric labels.
const (
	shown          = "shown"
	noLink         = "no_link"
	refusedOutcome = "refused"
	agreedOutcome  = "agreed"
	rejected       = "rejected"
	limited        = "limited"
	failed         = "failed"
)

// current returns the texts in the folder. While a file is invalid, the last
// valid ones stay.
func (h *Handler) current() *Texts {
	now := h.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	if since := now.Sub(h.looked); since >= 0 && since < lookEvery {
		return h.texts
	}
	h.looked = now
	texts, err := ReadTexts(h.Dir)
	if err == nil {
		h.texts, h.fault = texts, ""
		return texts
	}
	if text := err.Error(); text != h.fault {
		h.fault = text
		h.Logger.Error("texts of the preferences page not taken, the old ones stay in use", "folder", filepath.Base(h.Dir), "error", err)
	}
	return h.texts
}

// request is one request with a valid link.
type request struct {
	*Handler
	w    http.ResponseWriter
	r    *http.Request
	ring *Ring
	text string // of the link
	link Link
	view *view
}

// ServeHTTP answers GET, HEAD and POST.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.answers.WithLabelValues(h.serve(w, r)).Inc()
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) (outcome string) {
	texts := h.current()
	q := &request{Handler: h, w: w, r: r, text: strings.TrimPrefix(r.URL.Path, Path)}
	q.view = newView(texts, texts.Choose(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language")))
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, HEAD, POST")
		return q.message(http.StatusMethodNotAllowed, q.view.Text.NoPageTitle, q.view.Text.NoPage, rejected)
	}
	var err error
	if q.ring, err = h.Ledger.Ring(); err != nil {
		return q.unavailable()
	}
	if q.link, err = q.ring.Open(q.text, h.Now()); err != nil {
		return q.message(http.StatusNotFound, q.view.Text.NoPageTitle, q.view.Text.NoPage, noLink)
	}
	if r.Method == http.MethodPost {
		return q.post()
	}
	return q.show(http.StatusOK, "", shown)
}

func (q *request) message(status int, title, notice, outcome string) string {
	q.view.Title, q.view.Notice = title, notice
	q.view.write(q.w, q.r, status, "message")
	return outcome
}

func (q *request) unavailable() string {
	q.w.Header().Set("Retry-After", "60")
	return q.message(http.StatusServiceUnavailable, q.view.Text.UnavailableTitle, q.view.Text.Unavailable, failed)
}

// show answers with the current page.
func (q *request) show(status int, notice, outcome string) string {
	decision, err := q.choice()
	required, policyErr := q.Ledger.Required()
	if err = errors.Join(err, policyErr); err == nil {
		q.view.State = q.view.Text.state(decision, required)
	} else {
		q.view.State = q.view.Text.Unread
	}
	q.view.Notice, q.view.Secret = notice, q.ring.Secret(q.text, q.view.ShownText, q.Now())
	q.view.MayAgree = q.mayAgree(decision) && err == nil
	q.view.AskToAgree = q.Agree == AgreeLink && !q.view.MayAgree && decision.Choice != warehouse.Agreed
	q.view.write(q.w, q.r, status, "page")
	return outcome
}

// readTime is the limit for reading a choice: a page without it is better than
// none.
const readTime = 3 * time.Second

func (q *request) choice() (d warehouse.Decision, err error) {
	ctx, cancel := context.WithTimeout(q.r.Context(), readTime)
	defer cancel()
	if err := q.limits.reading.Acquire(ctx, 1); err != nil {
		return d, err
	}
	defer q.limits.reading.Release(1)
	return q.Ledger.Choice(ctx, q.link.Recipient)
}

// mayAgree reports whether the recipient may agree by this link: only if it was
// made after the current choice. So it works once, and an older mail undoes
// nothing.
func (q *request) mayAgree(d warehouse.Decision) bool {
	return q.Agree == AgreeLink && q.link.Kind == Agreement && !d.DecidedAt.After(q.link.IssuedAt)
}

// storeTime is the limit for recording a choice.
const storeTime = 30 * time.Second

func (q *request) post() (outcome string) {
	if !q.limits.allow(q.link.Recipient, q.Now()) {
		q.w.Header().Set("Retry-After", "60")
		return q.show(http.StatusTooManyRequests, q.view.Text.TooOften, limited)
	}
	form, err := q.form()
	if err != nil {
		return q.show(http.StatusBadRequest, q.view.Text.Outdated, rejected)
	}
	method, choice, text := "preferences", form.Get("choice"), form.Get("text")
	switch {
	case form.Get("secret") == "" && form.Get("List-Unsubscribe") == "One-Click":
		method, choice, text = "one-click", "refused", "" // no text was shown
	case !q.ring.Check(form.Get("secret"), q.text, text, q.Now()), choice != "refused" && choice != "agreed":
		return q.show(http.StatusForbidden, q.view.Text.Outdated, rejected)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(q.r.Context()), storeTime)
	defer cancel()
	decision, err := q.Ledger.Choice(ctx, q.link.Recipient)
	if err != nil {
		return q.notStored()
	}
	if choice == "agreed" && !q.mayAgree(decision) {
		return q.show(http.StatusForbidden, q.view.Text.NoAgreement, rejected)
	}
	if err := q.Ledger.Record(ctx, q.change(choice == "agreed", method, text, decision)); err != nil {
		return q.notStored()
	}
	if choice == "agreed" {
		return q.show(http.StatusOK, q.view.Text.SavedAgreed, agreedOutcome)
	}
	return q.show(http.StatusOK, q.view.Text.SavedRefused, refusedOutcome)
}

func (q *request) notStored() string {
	q.w.Header().Set("Retry-After", "60")
	return q.show(http.StatusServiceUnavailable, q.view.Text.NotStored, failed)
}

// change returns the change to record. A refusal that is already in force is
// recorded unchanged: that adds nothing to the ledger, and completes an
// interrupted call.
func (q *request) change(agrees bool, method, text string, now warehouse.Decision) consent.Change {
	c := consent.Change{
		Recipient: q.link.Recipient, Purpose: consent.PurposeOpens, Choice: warehouse.Refused, DecidedAt: q.Now().UTC().Truncate(time.Millisecond),
		Method: method,
	}
	c.TextHash, c.TextVersion, _ = strings.Cut(text, " ")
	if !c.DecidedAt.After(now.DecidedAt) { // another machine's clock is ahead
		c.DecidedAt = now.DecidedAt.Add(time.Millisecond)
	}
	switch {
	case agrees:
		c.Choice = warehouse.Agreed
	case now.Choice == warehouse.Agreed:
		c.Choice = warehouse.Withdrawn
	case now.Choice.IsNo():
		c.Choice, c.DecidedAt = now.Choice, now.DecidedAt
	}
	return c
}

// Limits of a form, and of the time for sending it.
const (
	maxFormBytes = 8 << 10
	formTime     = 10 * time.Second
)

var errForm = errors.New("preferences: no form")

// form reads the form, in both encodings that browsers and RFC 8058 §3.1 use.
func (q *request) form() (url.Values, error) {
	_ = http.NewResponseController(q.w).SetReadDeadline(time.Now().Add(formTime)) // not supported by a test's recorder
	kind, parameters, err := mime.ParseMediaType(q.r.Header.Get("Content-Type"))
	if err != nil {
		return nil, errForm
	}
	body := http.MaxBytesReader(q.w, q.r.Body, maxFormBytes)
	switch kind {
	case "application/x-www-form-urlencoded":
		b, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		return url.ParseQuery(strings.TrimSpace(string(b)))
	case "multipart/form-data":
		parts, err := multipart.NewReader(body, parameters["boundary"]).ReadForm(maxFormBytes)
		if err != nil {
			return nil, err
		}
		defer func() { _ = parts.RemoveAll() }()
		return parts.Value, nil
	}
	return nil, errForm
}
