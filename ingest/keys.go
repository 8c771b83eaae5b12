package ingest

import (
	"context"
	"fmt"

	"glint/edge/token"
	"glint/ingest/keyring"
	"glint/ingest/warehouse"
)

// KeyStore holds the pixel keys of a home; cli/internal/home's Home implements
// it.
type KeyStore interface {
	ReadKeys() ([]token.Key, error) // empty: there are no keys
	FirstKey() ([]token.Key, error) // creates the first key; an error if there were keys
	KeyNotes() keyring.Notes        // notes about the warehouse's keys
	KeepKeyNotes(keyring.Notes) error
	PixelKeysFile() string
}

// keyWarehouse is the part of the warehouse that the key check uses.
type keyWarehouse interface {
	KeyFingerprints(context.Context) ([]warehouse.KeyFingerprint, error)
	RecordKeyFingerprints(context.Context, []warehouse.KeyFingerprint) error
	HasMessages(context.Context) (bool, error) // registered messages
}

// KnownKeys returns the keys recorded in a warehouse, by id.
func KnownKeys(ctx context.Context, w interface {
	KeyFingerprints(context.Context) ([]warehouse.KeyFingerprint, error)
},
) ([]keyring.Known, error) {
	recorded, err := w.KeyFingerprints(ctx)
	if err != nil {
		return nil, err
	}
	known := make([]keyring.Known, len(recorded))
	for i, k := range recorded {
		known[i] = keyring.Known{ID: k.KeyID, Fingerprint: k.Fingerprint}
	}
	return known, nil
}

// errKeys marks errors that only the operator can fix, by restoring keys.
type errKeys struct{ error }

func (e errKeys) Unwrap() error { return e.error }

// openRing returns the ring for opening tokens, once it has all keys recorded
// in the warehouse. It creates the first key only for a warehouse without keys
// and messages.
func openRing(ctx context.Context, cfg *Config, w keyWarehouse) (*token.Ring, error) {
	known, err := KnownKeys(ctx, w)
	if err != nil {
		return nil, err
	}
	if cfg.Keys == nil {
		return checkRing(ctx, "the key ring", cfg.Ring.Keys(), known, nil, w)
	}
	notes := cfg.Keys.KeyNotes()
	if len(notes.Known) > 0 && len(known) == 0 {
		cfg.Logger.Warn("the warehouse is empty, though this home has used another one: if its disk or folder is not mounted, stop glint and mount it", "keys_before", len(notes.Known))
	}
	notes.Known = known
	// First of all, because `glint keys forget` needs these notes.
	if err := cfg.Keys.KeepKeyNotes(notes); err != nil {
		return nil, err
	}
	keys, err := ringKeys(ctx, cfg.Keys, w, notes)
	if err != nil {
		return nil, err
	}
	return takeKeys(ctx, cfg.Keys, w, keys, notes)
}

// takeKeys returns the ring of a home's keys, or an error if a key is missing that the
// warehouse knows according to notes. It records new keys in the warehouse and the notes.
func takeKeys(ctx context.Context, store KeyStore, w keyWarehouse, keys []token.Key, notes keyring.Notes) (*token.Ring, error) {
	ring, err := checkRing(ctx, store.PixelKeysFile(), keys, notes.Known, notes.Forgotten, w)
	if err != nil {
		return nil, err
	}
	notes.Known, notes.GaveUp = keyring.Missing(nil, append(notes.Known, keyring.Of(keys)...), nil), false
	return ring, store.KeepKeyNotes(notes)
}

// checkRing returns the ring of the keys in file and records them in the
// warehouse, unless a key that the warehouse knows is missing.
func checkRing(ctx context.Context, file string, keys []token.Key, known, forgotten []keyring.Known, w keyWarehouse) (*token.Ring, error) {
	if missing := keyring.Missing(keys, known, forgotten); len(missing) > 0 {
		return nil, errKeys{keyring.NewMissingError(file, keys, missing)}
	}
	if fresh := keyring.Missing(nil, keyring.Of(keys), known); len(fresh) > 0 {
		record := make([]warehouse.KeyFingerprint, len(fresh))
		for i, k := range fresh {
			record[i] = warehouse.KeyFingerprint{KeyID: k.ID, Fingerprint: k.Fingerprint}
		}
		if err := w.RecordKeyFingerprints(ctx, record); err != nil {
			return nil, fmt.Errorf("record key fingerprints: %w", err)
		}
	}
	return token.NewRing(keys...)
}

// ringKeys returns the keys of a home, and creates the first one if there were
// never any.
func ringKeys(ctx context.Context, store KeyStore, w keyWarehouse, notes keyring.Notes) ([]token.Key, error) {
	keys, err := store.ReadKeys()
	if err != nil {
		return nil, errKeys{err}
	}
	if len(keys) > 0 {
		return keys, nil
	}
	missing := keyring.Missing(nil, notes.Known, notes.Forgotten)
	registered := false
	if len(missing) == 0 && len(notes.Forgotten) == 0 && !notes.GaveUp {
		if registered, err = w.HasMessages(ctx); err != nil {
			return nil, err
		}
	}
	if len(missing) > 0 || registered {
		return nil, errKeys{keyring.NewMissingError(store.PixelKeysFile(), nil, missing)}
	}
	if keys, err = store.FirstKey(); err != nil {
		return nil, errKeys{err}
	}
	return keys, nil
}
