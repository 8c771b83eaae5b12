package app

import (
	"errors"
	"fmt"
	"slices"

	"glint/edge/token"
)

// Ring returns the keys of the home, after it has made sure that one signs and
// that the running glint knows it: it would take the opens of new URLs for
// forged ones.
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
		return ring, nil //nolint:nilerr // none runs here: who serves the pixel elsewhere has to know the key
	}
	if id := int(keys[i].ID); !slices.Contains(state.PixelKeys, id) {
		return nil, Try(fmt.Errorf("the running glint does not know key %d yet", id), "restart glint, then the same command again")
	}
	return ring, nil
}
