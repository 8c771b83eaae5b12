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

// Ring returns the keys of the home. It returns an error if no key signs, or if the
// running glint does not know the signing key: it would treat opens of new URLs as
// forged. Ring makes no key, since the glint that receives the opens would not know it.
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
		return ring, nil //nolint:nilerr // no glint runs here: the pixel is served elsewhere, and must have the key
	}
	if id := int(keys[i].ID); !state.Starting && !slices.Contains(state.PixelKeys, id) {
		return nil, Try(fmt.Errorf("the running glint does not know key %d yet", id), "repeat the command in some seconds; if that does not help, glint status shows the reason")
	}
	return ring, nil
}

// CheckKeys returns an error if the warehouse knows a key that the ring
// lacks: then the ring is not that of the glint which receives the opens.
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
