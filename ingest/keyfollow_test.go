package ingest

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"glint/edge/token"
	"glint/ingest/keyring"
	"glint/ingest/warehouse"
)

// followed is a service with the key one, whose warehouse knows it.
type followed struct {
	*keyFollower
	home  *changingHome
	house *keyHouse
	ring  atomic.Pointer[token.Ring]
	took  int
	log   bytes.Buffer
}

// changingHome is a home whose file may be unreadable.
type changingHome struct {
	keyHome
	fault error
}

func (h *changingHome) ReadKeys() ([]token.Key, error) { return h.keys, h.fault }

// awayHouse is a warehouse that may not answer.
type awayHouse struct {
	*keyHouse
	fault *error
}

func (h awayHouse) KeyFingerprints(ctx context.Context) ([]warehouse.KeyFingerprint, error) {
	if *h.fault != nil {
		return nil, *h.fault
	}
	return h.keyHouse.KeyFingerprints(ctx)
}

func follow(t *testing.T, away *error) *followed {
	t.Helper()
	one := testKey(1, 1)
	f := &followed{
		home:  &changingHome{keyHome: keyHome{keys: []token.Key{one}, notes: keyring.Notes{Known: keyring.Of([]token.Key{one})}}},
		house: &keyHouse{known: []warehouse.KeyFingerprint{printOf(one)}, messages: true},
	}
	ring, err := token.NewRing(one)
	if err != nil {
		t.Fatal(err)
	}
	f.ring.Store(ring)
	f.keyFollower = &keyFollower{
		store: f.home, warehouse: awayHouse{f.house, away}, ring: &f.ring,
		taken: func(*token.Ring) { f.took++ }, logger: slog.New(slog.NewTextHandler(&f.log, nil)),
	}
	return f
}

func TestARunningServiceTakesKeysByTheRulesOfAStart(t *testing.T) {
	one, two, other := testKey(1, 1), testKey(2, 2), testKey(1, 9)
	revoked := one
	revoked.State = token.Revoked
	for _, c := range []struct {
		name      string
		keys      []token.Key
		file      error
		away      error
		forgotten []token.Key
		gaveUp    bool
		code      string // of the problem; "": they are taken
		known     int    // fingerprints in the warehouse afterwards
	}{
		{name: "a key more", keys: []token.Key{one, two}, known: 2},
		{name: "a key that is revoked", keys: []token.Key{revoked, two}, known: 2},
		{name: "a key less", keys: []token.Key{two}, code: codeKeysMissing, known: 1},
		{name: "a key less that is given up", keys: []token.Key{two}, forgotten: []token.Key{one}, known: 2},
		{name: "another key with the same id", keys: []token.Key{other}, code: codeKeysMissing, known: 1},
		{name: "no key", code: codeKeysMissing, known: 1},
		{name: "no key, and all given up", forgotten: []token.Key{one}, gaveUp: true, code: codeKeysMissing, known: 1},
		{name: "a damaged file", file: token.ErrRing, code: codeKeysUnreadable, known: 1},
		{name: "a file that others may read", file: fs.ErrPermission, code: codeKeysUnreadable, known: 1},
		{name: "a warehouse that is away", keys: []token.Key{one, two}, away: errors.New("away"), code: codeKeysUnchecked, known: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			away := c.away
			f := follow(t, &away)
			f.home.keys, f.home.fault = c.keys, c.file
			f.home.notes.Forgotten, f.home.notes.GaveUp = keyring.Of(c.forgotten), c.gaveUp
			f.report(f.look(t.Context()), time.Now())
			if f.home.made != 0 || len(f.house.known) != c.known {
				t.Errorf("%d keys made, %d known to the warehouse", f.home.made, len(f.house.known))
			}
			got := f.ring.Load().Keys()
			if c.code == "" {
				if f.problem() != nil || len(got) != len(c.keys) || got[0] != c.keys[0] || f.took != 1 {
					t.Errorf("keys %d, taken %d times, problem %v", len(got), f.took, f.problem())
				}
				return
			}
			if len(got) != 1 || got[0] != one || f.took != 0 {
				t.Errorf("the keys of before have gone: %d keys, taken %d times", len(got), f.took)
			}
			if p := f.problem(); p == nil || p.Code != c.code {
				t.Errorf("the problem is %v, want %s", p, c.code)
			}
			if !strings.Contains(f.log.String(), "level=ERROR") {
				t.Errorf("the log says %q", &f.log)
			}
		})
	}
}

func TestRefusedKeysAreReportedOnceAndThenFollowed(t *testing.T) {
	var away error
	f := follow(t, &away)
	one, two := testKey(1, 1), testKey(2, 2)
	now := time.Now()
	f.home.keys = nil
	for n := range 5 {
		f.report(f.look(t.Context()), now.Add(time.Duration(n)*followKeysEvery))
	}
	if n := strings.Count(f.log.String(), "level=ERROR"); n != 1 {
		t.Errorf("reported %d times", n)
	}
	f.report(f.look(t.Context()), now.Add(2*repeatReport))
	if n := strings.Count(f.log.String(), "level=ERROR"); n != 2 {
		t.Errorf("reported %d times after a while", n)
	}
	f.home.keys = []token.Key{one, two}
	f.report(f.look(t.Context()), now.Add(3*repeatReport))
	if f.problem() != nil || f.took != 1 || !strings.Contains(f.log.String(), "of the file again") {
		t.Errorf("problem %v, taken %d times, log %q", f.problem(), f.took, &f.log)
	}
}
