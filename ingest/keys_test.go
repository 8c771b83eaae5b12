package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"glint/edge/token"
	"glint/ingest/keyring"
	"glint/ingest/warehouse"
)

// keyHouse is a warehouse that knows keys.
type keyHouse struct {
	known    []warehouse.KeyFingerprint
	messages bool
}

func (h *keyHouse) KeyFingerprints(context.Context) ([]warehouse.KeyFingerprint, error) {
	return h.known, nil
}

func (h *keyHouse) RecordKeyFingerprints(_ context.Context, keys []warehouse.KeyFingerprint) error {
	h.known = append(h.known, keys...)
	return nil
}

func (h *keyHouse) HasMessages(context.Context) (bool, error) { return h.messages, nil }

// keyHome is a home with keys.
type keyHome struct {
	keys  []token.Key
	notes keyring.Notes
	made  int
}

func (h *keyHome) ReadKeys() ([]token.Key, error)     { return h.keys, nil }
func (h *keyHome) KeyNotes() keyring.Notes            { return h.notes }
func (h *keyHome) KeepKeyNotes(n keyring.Notes) error { h.notes = n; return nil }
func (h *keyHome) PixelKeysFile() string              { return "pixel.keys" }
func (h *keyHome) FirstKey() ([]token.Key, error) {
	h.made++
	h.keys = []token.Key{{ID: 200, Secret: [token.SecretLen]byte{200}}}
	return h.keys, nil
}

func testKey(id, secret byte) token.Key {
	return token.Key{ID: id, State: token.Verifying, Secret: [token.SecretLen]byte{secret}}
}

func printOf(k token.Key) warehouse.KeyFingerprint {
	return warehouse.KeyFingerprint{KeyID: k.ID, Fingerprint: keyring.Fingerprint(&k)}
}

func TestARingIsUsedOnlyWithAllKeysOfItsWarehouse(t *testing.T) {
	one, two, other := testKey(1, 1), testKey(2, 2), testKey(1, 9)
	known := func(keys ...token.Key) (all []warehouse.KeyFingerprint) {
		for _, k := range keys {
			all = append(all, printOf(k))
		}
		return all
	}
	for _, c := range []struct {
		name    string
		keys    []token.Key
		notes   keyring.Notes
		house   keyHouse
		refused bool
		made    int
		records int // fingerprints in the warehouse afterwards
	}{
		{"a new home before a new warehouse", nil, keyring.Notes{}, keyHouse{}, false, 1, 1},
		{"a home from before there were fingerprints", []token.Key{one}, keyring.Notes{}, keyHouse{messages: true}, false, 0, 1},
		{"the same again", []token.Key{one}, keyring.Notes{}, keyHouse{known: known(one)}, false, 0, 1},
		{"a key more", []token.Key{one, two}, keyring.Notes{}, keyHouse{known: known(one)}, false, 0, 2},
		{"no keys, though the warehouse knows one", nil, keyring.Notes{}, keyHouse{known: known(one)}, true, 0, 1},
		{"no keys, though messages are registered", nil, keyring.Notes{}, keyHouse{messages: true}, true, 0, 0},
		{"another key with the old id", []token.Key{other}, keyring.Notes{}, keyHouse{known: known(one)}, true, 0, 1},
		{"a second home with a key of its own", []token.Key{two}, keyring.Notes{}, keyHouse{known: known(one)}, true, 0, 1},
		{"one of two is lost", []token.Key{two}, keyring.Notes{}, keyHouse{known: known(one, two)}, true, 0, 2},
		{"the lost one is given up", []token.Key{two}, keyring.Notes{Forgotten: keyring.Of([]token.Key{one})}, keyHouse{known: known(one, two)}, false, 0, 2},
		{"all are given up", nil, keyring.Notes{Forgotten: keyring.Of([]token.Key{one})}, keyHouse{known: known(one), messages: true}, false, 1, 2},
		{"given up without knowing which", nil, keyring.Notes{GaveUp: true}, keyHouse{messages: true}, false, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := &keyHome{keys: c.keys, notes: c.notes}
			ring, err := openRing(t.Context(), &Config{Keys: home}, &c.house)
			if c.refused != errors.Is(err, keyring.ErrMissing) || !c.refused && err != nil {
				t.Fatalf("%v; want refused: %v", err, c.refused)
			}
			if home.made != c.made || len(c.house.known) != c.records {
				t.Errorf("%d keys made, %d fingerprints; want %d and %d", home.made, len(c.house.known), c.made, c.records)
			}
			if c.refused {
				if p := problemOf(err, nil); p.Code != codeKeysMissing {
					t.Errorf("the problem is %s", p.Code)
				}
				return
			}
			if len(ring.Keys()) != len(home.keys) || len(home.notes.Known) != c.records {
				t.Errorf("%d keys, notes %+v", len(ring.Keys()), home.notes)
			}
		})
	}
}

// TestAnEmptyWarehouseBehindAUsedHomeIsReported: a folder that is not mounted looks so.
func TestAnEmptyWarehouseBehindAUsedHomeIsReported(t *testing.T) {
	one := testKey(1, 1)
	for _, c := range []struct {
		notes keyring.Notes
		known []warehouse.KeyFingerprint
		warns int
	}{
		{keyring.Notes{}, nil, 0},
		{keyring.Notes{Known: keyring.Of([]token.Key{one})}, []warehouse.KeyFingerprint{printOf(one)}, 0},
		{keyring.Notes{Known: keyring.Of([]token.Key{one})}, nil, 1},
	} {
		var log bytes.Buffer
		cfg := &Config{Keys: &keyHome{keys: []token.Key{one}, notes: c.notes}, Logger: slog.New(slog.NewTextHandler(&log, nil))}
		house := &keyHouse{known: c.known}
		for range 2 { // the second start knows the new warehouse
			if _, err := openRing(t.Context(), cfg, house); err != nil {
				t.Fatal(err)
			}
		}
		if n := strings.Count(log.String(), "not mounted"); n != c.warns {
			t.Errorf("%+v, known %v: %d warnings, want %d", c.notes, c.known, n, c.warns)
		}
	}
}

// TestADamagedKeyFileIsNoMissingKey: its remedy is the file of before, and a hint is shown.
func TestADamagedKeyFileIsNoMissingKey(t *testing.T) {
	_, fault := token.ParseRing("xx\n")
	if fault == nil {
		t.Fatal("the ring is good")
	}
	p := problemOf(errKeys{fmt.Errorf("read pixel keys: %w", fault)}, func(error) string { return "" })
	if p.Code != codeKeysUnreadable || !strings.Contains(p.Hint, "restore the file") {
		t.Errorf("%+v", p)
	}
}
