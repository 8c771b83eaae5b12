package doctor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/edge/token"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

const (
	openCheck = "test open"
	// pollEvery is the interval between queries of the warehouse, and so the precision of the
	// measured delay.
	pollEvery = 100 * time.Millisecond
	// leaveOut is the advice if the test open cannot be made.
	leaveOut = "; --no-test-open skips it"
)

// errNotSeen is returned if the open was made and did not arrive.
var errNotSeen = errors.New("the open did not arrive")

// checkTestOpen opens a message of this run and waits until the open is in the
// warehouse. It reports whether the open was seen.
func (o *options) checkTestOpen(ctx context.Context, r *chart) bool {
	delay, err := o.testOpen(ctx)
	switch {
	case errors.Is(err, errNotSeen):
		r.add(fail, openCheck, "the open is not in the warehouse after %s", output.Duration(o.timeout))
	case err != nil:
		r.add(fail, openCheck, "%v%s%s", err, advice(err), leaveOut)
	default:
		seconds := delay.Seconds()
		r.delay = &seconds
		r.add(ok, openCheck, "seen in the warehouse after %.1f s", seconds)
	}
	return err == nil
}

// advice returns the advice of err in brackets; "" without one.
func advice(err error) string {
	if e, ok := errors.AsType[*app.ExitError](err); ok && e.Try != "" {
		return " (" + e.Try + ")"
	}
	return ""
}

// testOpen returns the time from the answer with the image to the first query that sees the
// open.
func (o *options) testOpen(ctx context.Context) (time.Duration, error) {
	// Otherwise a home without keys would get new ones, which no edge knows.
	if _, err := os.Stat(o.app.Home.PixelKeysFile()); errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("there are no pixel keys in %s", o.app.Home)
	}
	ring, err := o.app.Ring()
	if err != nil {
		return 0, err
	}
	w, err := o.app.OpenWarehouse(ctx, o.dsn, app.OwnDatabase)
	if err != nil {
		return 0, err
	}
	defer func() { _ = w.Close() }()
	m, err := o.register(ctx, w, ring)
	if err != nil {
		return 0, err
	}
	c, done := o.newClient(o.pixel)
	defer done()
	x, err := c.do(ctx, http.MethodGet, m.path)
	if err == nil {
		err = x.status(http.StatusOK)
	}
	if err != nil {
		return 0, err
	}
	return o.await(ctx, w, m, o.now())
}

// message is the registered test message.
type message struct {
	campaign uint64
	id       uuid.UUID
	path     string // of its pixel
}

// register registers a message of this run, to a recipient under a name
// that never exists (RFC 2606 §2).
func (o *options) register(ctx context.Context, w *warehouse.Warehouse, ring *token.Ring) (m message, err error) {
	campaign, err := w.EnsureCampaign(ctx, o.campaign)
	if err != nil {
		return m, err
	}
	file := "recipient\n" + rand.Text() + "@doctor.invalid\n"
	recipients, err := sends.ReadRecipients(strings.NewReader(file), sends.ReadOptions{})
	if err != nil {
		return m, err
	}
	base := o.pixel.String()
	b := &sends.Batch{Recipients: recipients, Campaign: campaign, BaseURL: base, Style: sends.StyleToken, Ring: ring}
	if err := b.Derive(); err != nil {
		return m, err
	}
	if _, err := b.Register(ctx, w, func(int) {}); err != nil {
		return m, err
	}
	return message{campaign.ID, b.MessageID(0), strings.TrimPrefix(b.URL(0), base)}, nil
}

func (o *options) await(ctx context.Context, w *warehouse.Warehouse, m message, since time.Time) (time.Duration, error) {
	fmt.Fprintf(o.app.Err, "waiting for the test open, at most %s\n", output.Duration(o.timeout))
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, errNotSeen)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		opened, err := w.OpenedMessages(ctx, m.campaign)
		switch {
		case err == nil && opened[m.id]:
			return o.now().Sub(since), nil
		case err != nil && ctx.Err() == nil:
			return 0, err
		}
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-tick.C:
		}
	}
}
