package consent

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/privacy"
	"glint/edge/token"
	"glint/ingest/host/backoff"
	"glint/ingest/warehouse"
)

// Set contains the messages of recipients who refused or withdrew, the messages
// of which less may be kept than their URLs say, and, as hashes, the messages of
// erased persons. Its zero value is empty. It is safe
// for concurrent use.
type Set struct {
	n      atomic.Int64
	mu     sync.RWMutex
	fates  map[uuid.UUID]warehouse.Fate
	erased map[warehouse.ErasedHash]struct{}
}

// Fate returns the treatment of opens of the message; opens of erased persons
// are dropped.
func (s *Set) Fate(message uuid.UUID) warehouse.Fate {
	if s == nil || s.n.Load() == 0 {
		return warehouse.FateKeep
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.erased) > 0 && s.hasErased(message) {
		return warehouse.FateDrop
	}
	return s.fates[message]
}

// Erased reports whether the message belonged to an erased person.
func (s *Set) Erased(message uuid.UUID) bool {
	if s == nil || s.n.Load() == 0 {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.erased) > 0 && s.hasErased(message)
}

func (s *Set) hasErased(message uuid.UUID) bool {
	sum := sha256.Sum256(message[:])
	_, erased := s.erased[warehouse.ErasedHash(sum[:12])]
	return erased
}

// HasErased reports whether the set has messages of erased persons.
func (s *Set) HasErased() bool {
	if s == nil || s.n.Load() == 0 {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.erased) > 0
}

// OfPixel is Fate for the standalone pixel, whose lines then name the message
// only if the fate does.
func (s *Set) OfPixel(id token.MessageID) privacy.Fate {
	switch s.Fate(uuid.UUID(id)) {
	case warehouse.FateKeep:
		return privacy.Keep
	case warehouse.FateCount:
		return privacy.Count
	case warehouse.FatePseudonymous:
		return privacy.Pseudonymous
	case warehouse.FateLastOpen:
		return privacy.LastOpen
	case warehouse.FateDrop:
		return privacy.Drop
	}
	return privacy.Keep // anonymous: ingest keeps the kind of client
}

// Len returns the number of its messages.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return int(s.n.Load())
}

// change applies fates and adds messages of erased persons, which are never
// removed. If whole is set, all other messages are removed.
func (s *Set) change(fates map[uuid.UUID]warehouse.Fate, erased []warehouse.ErasedHash, whole bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if whole || s.fates == nil {
		s.fates = map[uuid.UUID]warehouse.Fate{}
	}
	if s.erased == nil {
		s.erased = map[warehouse.ErasedHash]struct{}{}
	}
	for _, hash := range erased {
		s.erased[hash] = struct{}{}
	}
	for message, fate := range fates {
		if fate == warehouse.FateKeep {
			delete(s.fates, message)
		} else {
			s.fates[message] = fate
		}
	}
	s.n.Store(int64(len(s.fates) + len(s.erased)))
}

// Withdrawals is the part of ClickHouse that a Follower uses;
// *warehouse.Warehouse implements it.
type Withdrawals interface {
	WithdrawalState(ctx context.Context) (rows uint64, latest time.Time, err error)
	WithdrawnMessages(ctx context.Context, since time.Time, visit func(uuid.UUID, warehouse.Fate)) error
	ErasedMessages(ctx context.Context, since time.Time, visit func(warehouse.ErasedHash)) error
	ApplyWithdrawals(ctx context.Context, since time.Time) (warehouse.Swept, error)
}

// Follower keeps a Set up to date, and applies withdrawals to the rows of
// messages.
type Follower struct {
	Set    *Set
	Logger *slog.Logger

	rows   uint64
	latest time.Time
	swept  atomic.Uint64
	looks  looks
}

// NewFollower returns a follower and registers its metrics.
func NewFollower(set *Set, logger *slog.Logger, r prometheus.Registerer) *Follower {
	f := &Follower{Set: set, Logger: logger, looks: looks{wanted: make(chan struct{}, 1)}}
	r.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "glint_withdrawn_messages", Help: "Messages whose recipient refused, withdrew or was erased, or whose tracking mode is lower than that of their URL.",
		}, func() float64 { return float64(set.Len()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "glint_withdrawn_opens_swept_total", Help: "Stored opens that were reduced or deleted after a withdrawal, or after the tracking mode of their message was lowered.",
		}, func() float64 { return float64(f.swept.Load()) }),
	)
	return f
}

const (
	followEvery = 2 * time.Second
	lookPause   = 250 * time.Millisecond // between two looks that Await asks for
	// Changes of the last minutes are read again, because clocks differ, and a
	// message may be registered, or its open stored, during its recipient's
	// withdrawal.
	overlap     = 10 * time.Minute
	resweepTime = 30 * time.Second // after a change: rows that were being stored are visible by then
	wholeEvery  = 10 * time.Minute
)

// Load reads all withdrawals. Nothing may be stored before its first success.
func (f *Follower) Load(ctx context.Context, w Withdrawals) error {
	began := time.Now()
	rows, latest, err := w.WithdrawalState(ctx)
	if err != nil {
		return err
	}
	if err := f.read(ctx, w, time.Time{}); err != nil {
		return err
	}
	f.rows, f.latest = rows, latest
	f.looks.ended(began)
	return nil
}

func (f *Follower) read(ctx context.Context, w Withdrawals, since time.Time) error {
	fates := map[uuid.UUID]warehouse.Fate{}
	err := w.WithdrawnMessages(ctx, since, func(message uuid.UUID, fate warehouse.Fate) { fates[message] = fate })
	if err != nil {
		return err
	}
	var erased []warehouse.ErasedHash
	if err := w.ErasedMessages(ctx, since, func(hash warehouse.ErasedHash) { erased = append(erased, hash) }); err != nil {
		return err
	}
	f.Set.change(fates, erased, since.IsZero())
	return nil
}

// Erase reads at once which messages belong to erased persons.
func (f *Follower) Erase(ctx context.Context, w Withdrawals) error {
	var erased []warehouse.ErasedHash
	if err := w.ErasedMessages(ctx, time.Time{}, func(hash warehouse.ErasedHash) { erased = append(erased, hash) }); err != nil {
		return err
	}
	f.Set.change(nil, erased, false)
	return nil
}

// Run keeps the set up to date until ctx ends.
func (f *Follower) Run(ctx context.Context, w Withdrawals) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	var whole, again time.Time
	for {
		now := time.Now()
		err := f.look(ctx, w, now, &again)
		if err == nil && now.After(whole) {
			whole = now.Add(wholeEvery)
			err = f.whole(ctx, w)
		}
		if err != nil && ctx.Err() == nil {
			f.Logger.Warn("withdrawals not followed, trying again", "error", err)
		}
		f.looks.ended(now)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-f.looks.wanted:
			_ = backoff.Sleep(ctx, lookPause-time.Since(now)) // the loop ends with ctx
		}
	}
}

// look reads the changes, and sweeps now and once more a little later.
func (f *Follower) look(ctx context.Context, w Withdrawals, now time.Time, again *time.Time) error {
	rows, latest, err := w.WithdrawalState(ctx)
	if err != nil {
		return err
	}
	changed := rows != f.rows || !latest.Equal(f.latest)
	if !changed && (again.IsZero() || now.Before(*again)) {
		return nil
	}
	since := f.latest.Add(-overlap)
	if f.latest.IsZero() {
		since = time.Time{}
	}
	if err := f.read(ctx, w, since); err != nil {
		return err
	}
	f.looks.ended(now) // the sweep may take long
	if err := f.sweep(ctx, w, since); err != nil {
		return err
	}
	f.rows, f.latest, *again = rows, latest, time.Time{}
	if changed {
		*again = now.Add(resweepTime)
	}
	return nil
}

func (f *Follower) whole(ctx context.Context, w Withdrawals) error {
	if f.rows == 0 {
		return nil
	}
	if err := f.read(ctx, w, time.Time{}); err != nil {
		return err
	}
	return f.sweep(ctx, w, time.Time{})
}

func (f *Follower) sweep(ctx context.Context, w Withdrawals, since time.Time) error {
	done, err := w.ApplyWithdrawals(ctx, since)
	f.swept.Add(done.Opens)
	return err
}
