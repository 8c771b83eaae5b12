package keys

import (
	"context"
	"fmt"
	"slices"
	"time"

	"glint/cli/internal/app"
	"glint/edge/token"
	"glint/ingest"
	"glint/ingest/host/backoff"
	"glint/ingest/keyring"
)

// takenTime is the maximum wait; a running glint reads the keys each second, a busy one later.
const (
	takenTime = 10 * time.Second
	takenPoll = 100 * time.Millisecond
)

// awaitTaken waits until the running glint uses the keys, and prints the outcome: an operator
// who registers messages next must know that their opens will count.
func awaitTaken(ctx context.Context, a *app.App, keys []token.Key) {
	state, err := a.Home.ReadState()
	if err != nil {
		return // no glint runs; the next one reads the file
	}
	if state.Starting {
		fmt.Fprintln(a.Err, "note: the running glint takes the keys once its warehouse can be used")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, takenTime)
	defer cancel()
	var problem *ingest.Problem
	for {
		s, err := app.Status(ctx, state.Ingest)
		if err != nil {
			fmt.Fprintln(a.Err, "note: the running glint takes the keys within seconds; it cannot be asked whether it has:", err)
			return
		}
		if inUse(s.Keys, keys) && published(a, keys) {
			fmt.Fprintln(a.Err, "the running glint has taken the keys")
			return
		}
		problem = s.KeysProblem
		if backoff.Sleep(ctx, takenPoll) != nil {
			break
		}
	}
	text := "it has not looked at them yet; see: glint status"
	if problem != nil {
		text = problem.Text
	}
	fmt.Fprintln(a.Err, "note: the running glint has not taken the keys:", text)
}

// inUse reports whether the glint with this status uses exactly these keys.
func inUse(status []ingest.KeyStatus, keys []token.Key) bool {
	return slices.EqualFunc(status, keys, func(s ingest.KeyStatus, k token.Key) bool {
		return s.ID == k.ID && s.State == k.State.String() && s.Fingerprint == keyring.Fingerprint(&k)
	})
}

// published reports whether other commands can read the keys, too.
func published(a *app.App, keys []token.Key) bool {
	state, err := a.Home.ReadState()
	return err == nil && slices.EqualFunc(state.PixelKeys, keys, func(id int, k token.Key) bool { return id == int(k.ID) })
}
