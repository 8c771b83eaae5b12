package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/consent"
	"glint/ingest/receiver"
	"glint/ingest/sendlog"
	"glint/ingest/sends"
	"glint/ingest/wal"
	"glint/ingest/warehouse"
)

// ConsentHome is the home's settings of consent;
// cli/internal/home's Home implements it.
type ConsentHome interface {
	consent.Book
	WithdrawnFate() (warehouse.Fate, error)
	// RegisterRules returns the rule for recipients without a choice, the fate
	// of opens of those who refused, and whether the pixel at base is known to
	// apply privacy modes.
	RegisterRules(base string) (policy sends.Policy, no warehouse.Fate, modes bool, err error)
}

// homeRoutes returns the routes and the page that need a home; none without one. full
// returns the refusal of the log's disk, ownPixel is the address of this program's
// pixel, and ending is closed when the service stops.
func (s *startup) homeRoutes(full func() *receiver.Refusal, ownPixel string, ending <-chan struct{}, r prometheus.Registerer) (routes []receiver.Route, page http.Handler, err error) {
	if s.cfg.Consent == nil {
		return nil, nil, nil
	}
	posted, err := sendlog.Open(filepath.Join(s.cfg.LogDir, wal.LaneSends), s.lanes.Sends, s.cfg.Logger)
	if err != nil {
		return nil, nil, err
	}
	s.pipelines.posted = posted
	messages := newRegistrar(s.cfg.Consent, s, posted, full, ending, r)
	page, err = s.preferencesPage(r)
	return []receiver.Route{s.consentRoute(), sendsRoute(messages, s.cfg.PixelBaseURL, ownPixel)}, page, err
}

// maxConsentBytes is the largest document of choices.
const maxConsentBytes = 8 << 20

// maxConsentChanges is the largest number of choices in a document.
const maxConsentChanges = 10_000

// postedChoice is one choice of POST /v1/consent.
type postedChoice struct {
	Recipient    string     `json:"recipient"`
	RecipientKey string     `json:"recipient_key"` // instead of recipient
	Purpose      string     `json:"purpose"`
	Choice       string     `json:"choice"`
	At           *time.Time `json:"at"` // null: now
	Method       string     `json:"method"`
	Text         string     `json:"text"` // the text shown to the recipient; only its hash is kept
	TextHash     string     `json:"text_hash"`
	TextVersion  string     `json:"text_version"`
}

// postedOutcome is the answer.
type postedOutcome struct {
	Recorded  int `json:"recorded"`
	Known     int `json:"known"`
	Withdrawn int `json:"withdrawn"`
}

// consentRoute returns POST /v1/consent, which accepts one choice as a JSON
// object, or several as a list or as concatenated objects. It records all of
// them or none.
func (s *startup) consentRoute() receiver.Route {
	return receiver.Route{
		Path: "/v1/consent", Scope: receiver.ScopeConsent, MaxBytes: maxConsentBytes,
		Handle: func(ctx context.Context, d *receiver.Document) (any, error) {
			posted, err := parseChoices(d.Bytes)
			if err != nil {
				return nil, refusedChoice(err)
			}
			w, err := s.warehouse()
			if err != nil {
				return nil, err
			}
			fate, err := s.cfg.Consent.WithdrawnFate()
			if err != nil {
				return nil, err
			}
			hasher, err := w.RecipientHasher(ctx)
			if err != nil {
				return nil, err
			}
			changes, err := changesOf(posted, d.Label, hasher, time.Now())
			if err != nil {
				return nil, refusedChoice(err)
			}
			r := consent.Recorder{Warehouse: w, Book: s.cfg.Consent, Fate: fate}
			o, err := r.Record(ctx, changes)
			if errors.Is(err, consent.ErrChange) {
				return nil, refusedChoice(err)
			}
			return postedOutcome{o.Recorded, o.Known, o.Withdrawn}, err
		},
	}
}

func refusedChoice(err error) *receiver.Refusal {
	return &receiver.Refusal{Status: http.StatusBadRequest, Reason: "faulty_choice", Message: err.Error()}
}

// warehouse returns the warehouse, or an error until it can be used.
func (s *startup) warehouse() (*warehouse.Warehouse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.problem != nil || s.handle.Warehouse == nil {
		return nil, errNoAnswer
	}
	return s.handle.Warehouse, nil
}

var errChoices = errors.New("want a JSON object with recipient and choice, a list of them, or several behind one another")

func parseChoices(document []byte) (all []postedChoice, err error) {
	if bytes.HasPrefix(bytes.TrimLeft(document, " \t\r\n"), []byte{'['}) {
		d := json.NewDecoder(bytes.NewReader(document))
		d.DisallowUnknownFields()
		if d.Decode(&all) != nil || d.Decode(new(any)) != io.EOF {
			return nil, errChoices
		}
	} else {
		d := json.NewDecoder(bytes.NewReader(document))
		d.DisallowUnknownFields()
		for {
			var c postedChoice
			err := d.Decode(&c)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, errChoices
			}
			all = append(all, c)
			if len(all) > maxConsentChanges {
				break
			}
		}
	}
	switch {
	case len(all) == 0:
		return nil, errChoices
	case len(all) > maxConsentChanges:
		return nil, fmt.Errorf("more than %d choices at once", maxConsentChanges)
	}
	return all, nil
}

func changesOf(posted []postedChoice, label string, hasher *warehouse.RecipientHasher, now time.Time) ([]consent.Change, error) {
	changes := make([]consent.Change, len(posted))
	for i := range posted {
		p, c := &posted[i], &changes[i]
		fault := func(err error) error { return fmt.Errorf("choice %d: %w", i+1, err) }
		var err error
		switch {
		case p.RecipientKey != "" && p.Recipient == "":
			c.Recipient, err = warehouse.ParseRecipientKey(p.RecipientKey)
		default:
			var normal string
			if normal, err = sends.Normalize(p.Recipient); err == nil {
				c.Recipient = hasher.Key(normal)
			}
		}
		if err != nil {
			return nil, fault(err)
		}
		if c.Choice, err = warehouse.ParseChoice(p.Choice); err != nil {
			return nil, fault(err)
		}
		c.Purpose, c.Method, c.TextHash, c.TextVersion, c.DecidedAt = p.Purpose, p.Method, p.TextHash, p.TextVersion, now
		if p.At != nil {
			c.DecidedAt = *p.At
		}
		if c.Method == "" {
			c.Method = "api:" + label
		}
		if p.Text != "" {
			sum := sha256.Sum256([]byte(p.Text))
			c.TextHash = hex.EncodeToString(sum[:])
		}
		if err := c.Check(now); err != nil {
			return nil, fault(err)
		}
	}
	return changes, nil
}
