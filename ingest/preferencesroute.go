package ingest

import (
	"context"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/token"
	"glint/ingest/consent"
	"glint/ingest/preferences"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// preferencesPage returns the page on which recipients choose.
func (s *startup) preferencesPage(r prometheus.Registerer) (http.Handler, error) {
	return preferences.New(preferences.Config{
		Ledger: &choiceLedger{startup: s}, Dir: s.cfg.PreferencesDir, Agree: s.cfg.PreferencesAgree, Logger: s.cfg.Logger, Registerer: r,
	})
}

// choiceLedger reads and records choices for the page, in the same way as POST
// /v1/consent.
type choiceLedger struct {
	*startup

	made  sync.Mutex
	of    *token.Ring
	links *preferences.Ring // made from of
}

// Ring implements preferences.Ledger.
func (l *choiceLedger) Ring() (*preferences.Ring, error) {
	ring := l.ring.Load()
	if ring == nil {
		return nil, preferences.ErrUnavailable
	}
	l.made.Lock()
	defer l.made.Unlock()
	if l.of != ring {
		l.of, l.links = ring, preferences.NewRing(ring)
	}
	return l.links, nil
}

// Choice implements preferences.Ledger.
func (l *choiceLedger) Choice(ctx context.Context, recipient warehouse.RecipientKey) (d warehouse.Decision, err error) {
	w, err := l.warehouse()
	if err != nil {
		return d, err
	}
	err = w.EachConsent(ctx, &recipient, func(c *warehouse.Consent) error {
		if c.Purpose == consent.PurposeOpens && d.IsBefore(warehouse.Decision{Choice: c.Choice, DecidedAt: c.DecidedAt}) {
			d = warehouse.Decision{Choice: c.Choice, DecidedAt: c.DecidedAt}
		}
		return nil
	})
	return d, err
}

// Record implements preferences.Ledger.
func (l *choiceLedger) Record(ctx context.Context, c consent.Change) error {
	w, err := l.warehouse()
	if err != nil {
		return err
	}
	fate, err := l.cfg.Consent.WithdrawnFate()
	if err != nil {
		return err
	}
	r := consent.Recorder{Warehouse: w, Book: l.cfg.Consent, Fate: fate}
	_, err = r.Record(ctx, []consent.Change{c})
	if err != nil {
		l.cfg.Logger.Error("choice of a recipient not stored", "error", err)
	}
	return err
}

// Required implements preferences.Ledger.
func (l *choiceLedger) Required() (bool, error) {
	policy, _, _, err := l.cfg.Consent.RegisterRules("")
	return policy == sends.PolicyRequired, err
}
