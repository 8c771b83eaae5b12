package ingest

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/token"
	"glint/ingest/host/backoff"
	"glint/ingest/keyring"
)

// keyFollower applies changes of the home's key file to the running service, by the rules
// of a start. It refuses keys that break a rule and keeps the previous ones: a running
// service never makes a key and never gives one up.
type keyFollower struct {
	store     KeyStore
	warehouse keyWarehouse
	ring      *atomic.Pointer[token.Ring] // of the service; never nil once it runs
	taken     func(*token.Ring)           // called after each change
	logger    *slog.Logger
	refused   atomic.Pointer[error] // nil: the ring equals the file
	said      repeated
}

// followKeysEvery is the interval at which the file is read.
const followKeysEvery = time.Second

// run follows the file until ctx ends.
func (f *keyFollower) run(ctx context.Context) {
	for backoff.Sleep(ctx, followKeysEvery) == nil {
		err := f.look(ctx)
		if ctx.Err() != nil {
			return
		}
		f.report(err, time.Now())
	}
}

// look applies the keys of the file if they have changed.
func (f *keyFollower) look(ctx context.Context) error {
	keys, err := f.store.ReadKeys()
	if err != nil {
		return errKeys{err}
	}
	before := f.ring.Load().Keys()
	if slices.Equal(keys, before) {
		return nil
	}
	if len(keys) == 0 {
		return errKeys{keyring.NewMissingError(f.store.PixelKeysFile(), nil, keyring.Of(before))}
	}
	known, err := KnownKeys(ctx, f.warehouse)
	if err != nil {
		return err
	}
	notes := f.store.KeyNotes()
	notes.Known = known
	// Before the check, since `glint keys forget` needs the notes.
	if err := f.store.KeepKeyNotes(notes); err != nil {
		return err
	}
	ring, err := takeKeys(ctx, f.store, f.warehouse, keys, notes)
	if err != nil {
		return err
	}
	f.ring.Store(ring)
	f.logger.Info("pixel keys taken anew", "keys", len(keys))
	f.taken(ring)
	return nil
}

// report logs why the keys of the file are not in use: at once when the reason changes,
// and then at intervals.
func (f *keyFollower) report(err error, now time.Time) {
	if err == nil {
		if f.refused.Swap(nil) != nil {
			f.logger.Info("the pixel keys are those of the file again")
		}
		f.said.over()
		return
	}
	f.refused.Store(&err)
	if !f.said.due(err.Error(), now) {
		return
	}
	facts := []any{"error", err}
	if hint := keysHint(err); hint != "" {
		facts = append(facts, "try", hint)
	}
	f.logger.Error("pixel keys not taken, the keys of before stay in use", facts...)
}

// keysHint returns advice about refused keys; "" without any.
func keysHint(err error) string {
	if missing, ok := errors.AsType[*keyring.MissingError](err); ok {
		return missing.Hint()
	}
	return ""
}

// problem returns the reason why the previous keys are in use; nil if the file's are.
func (f *keyFollower) problem() *Problem {
	fault := f.refused.Load()
	if fault == nil {
		return nil
	}
	err := *fault
	if errors.Is(err, keyring.ErrMissing) {
		return &Problem{Code: codeKeysMissing, Text: "the keys file lacks keys that the warehouse knows; the keys of before stay in use", Hint: keysHint(err)}
	}
	if keys := (errKeys{}); errors.As(err, &keys) {
		return &Problem{Code: codeKeysUnreadable, Text: "the keys file cannot be read; the keys of before stay in use", Hint: "glint keys list, which says why"}
	}
	return &Problem{Code: codeKeysUnchecked, Text: "the keys file has changed, and the warehouse cannot be asked about it; the keys of before stay in use"}
}

// followKeys makes the service follow the keys of its home until it ends.
func (s *startup) followKeys() {
	l := s.pipelines
	f := &keyFollower{
		store: s.cfg.Keys, warehouse: s.handle.Warehouse, ring: &s.ring, logger: s.cfg.Logger,
		taken: func(ring *token.Ring) {
			l.keysTaken.notify()
			if s.cfg.KeysTaken != nil {
				s.cfg.KeysTaken(ring)
			}
		},
	}
	s.follower.Store(f)
	l.working.Go(func() { f.run(l.ctx) })
}

// keysProblem returns the reason why the keys of the home's file are not in use; nil if they are.
func (s *startup) keysProblem() *Problem {
	if f := s.follower.Load(); f != nil {
		return f.problem()
	}
	return nil
}

// registerKeys exposes whether the keys of the home's file are in use.
func (s *startup) registerKeys(r prometheus.Registerer) {
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "glint_keys_refused", Help: "1 while the keys file holds others than those in use and cannot be taken; GET /v1/status says why.",
	}, func() float64 {
		if s.keysProblem() != nil {
			return 1
		}
		return 0
	}))
}

// keys returns the current ring; before it is known, the ring of the configuration.
func (s *startup) keys() *token.Ring { return cmp.Or(s.ring.Load(), s.cfg.Ring) }

// pixelKeys returns the keys with which the pixel verifies tokens; nil if there are
// none: then only ingest verifies them.
func (s *startup) pixelKeys() *token.Ring {
	ring := s.keys()
	if ring == nil || len(ring.Keys()) == 0 {
		return nil
	}
	return ring
}

// signal wakes one waiting goroutine, once for any number of sends.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

func (s signal) notify() {
	select {
	case s <- struct{}{}:
	default: // a signal is already pending
	}
}
