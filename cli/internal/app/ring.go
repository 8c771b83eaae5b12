package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"glint/edge/token"
	"glint/ingest"
	"glint/ingest/keyring"
	"glint/ingest/warehouse"
)

// Ring returns the keys of the home, after it has made sure that one signs and
// that the running glint knows it: it would take the opens of new URLs for
// forged ones. It makes no key: the one who takes the opens would not know it.
func (a *App) Ring() (*token.Ring, error) {
	ring, err := a.Home.Keys()
	if err != nil {
		return nil, err
	}
	keys := ring.Keys()
	i := slices.IndexFunc(keys, func(k token.Key) bool { return k.State == token.Signing })
	if i < 0 {
		return nil, Try(errors.New("no key signs"), "glint keys new")
	}
	state, err := a.Home.ReadState()
	if err != nil {
		return ring, nil //nolint:nilerr // none runs here: the pixel is served elsewhere, and has to have the key
	}
	if id := int(keys[i].ID); !state.Starting && !slices.Contains(state.PixelKeys, id) {
		return nil, Try(fmt.Errorf("the running glint does not know key %d yet", id), "the same command again in some seconds; glint status says why if it stays so")
	}
	return ring, nil
}

// CheckKeys returns an error if the warehouse knows a key that the ring
// lacks: the ring is not that of the glint which takes the opens.
func (a *App) CheckKeys(ctx context.Context, w *warehouse.Warehouse, ring *token.Ring) error {
	known, err := ingest.KnownKeys(ctx, w)
	if err != nil {
		return err
	}
	keys := ring.Keys()
	if missing := keyring.Missing(keys, known, a.Home.KeyNotes().Forgotten); len(missing) > 0 {
		return keyring.NewMissingError(a.Home.PixelKeysFile(), keys, missing)
	}
	return nil
}
