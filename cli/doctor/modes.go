package doctor

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/edge/token"
	"glint/ingest/sends"
)

const (
	modesCheck  = "edge privacy modes"
	policyCheck = "consent policy"
)

// checkPolicy reports the policy for recipients without a choice.
func (o *options) checkPolicy(r *chart) {
	s, err := o.app.Home.ConsentSettings()
	switch {
	case err != nil:
		r.add(fail, policyCheck, "%v", err)
	case s.Policy == sends.PolicyUnset:
		r.add(warn, policyCheck, "none is set, so all recipients are measured; glint up --consent none, or --consent required")
	default:
		r.add(ok, policyCheck, "%s", s.Policy)
	}
}

// checkModes checks that the edge omits from its lines the data that a privacy mode
// forbids, and records the result in the home. It fetches an aggregate pixel of a stratum
// that only this run uses.
func (o *options) checkModes(ctx context.Context, r *chart) {
	byEdge, err := o.modeOpen(ctx)
	switch {
	case errors.Is(err, errNotSeen):
		r.add(warn, modesCheck, "an aggregate open is not in the warehouse after %s", output.Duration(o.timeout))
	case err != nil:
		r.add(warn, modesCheck, "%v%s", err, advice(err))
	case !byEdge:
		r.add(warn, modesCheck, "it logs address and user agent of recipients who may not be measured; publish the edge program of this glint")
	default:
		if err := o.app.Home.NoteEdge(o.pixel.String(), o.now()); err != nil {
			r.add(warn, modesCheck, "%v", err)
			return
		}
		r.add(ok, modesCheck, "it logs no more than the mode of a token allows")
	}
}

// modeOpen fetches an aggregate pixel, and reports whether the edge reduced its line.
func (o *options) modeOpen(ctx context.Context) (byEdge bool, err error) {
	ring, err := o.app.Ring()
	if err != nil {
		return false, err
	}
	w, err := o.app.OpenWarehouse(ctx, o.dsn, app.OwnDatabase)
	if err != nil {
		return false, err
	}
	defer func() { _ = w.Close() }()
	campaign, err := w.EnsureCampaign(ctx, o.campaign)
	if err != nil {
		return false, err
	}
	stratum := uuid.New()
	text, err := ring.Sign(token.Token{
		Campaign: token.CampaignID(campaign.ID), Message: token.MessageID(stratum), Mode: token.Aggregate, IssuedAt: uint32(campaign.CreatedAt.Unix()),
	})
	if err != nil {
		return false, err
	}
	c, done := o.newClient(o.pixel)
	defer done()
	x, err := c.do(ctx, http.MethodGet, "/o/"+text+".gif")
	if err == nil {
		err = x.status(http.StatusOK)
	}
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, errNotSeen)
	defer cancel()
	for {
		opens, reduced, err := w.StratumOpens(ctx, campaign.ID, stratum)
		switch {
		case err == nil && opens > 0:
			return reduced > 0, nil
		case err != nil && ctx.Err() == nil:
			return false, err
		}
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-time.After(pollEvery):
		}
	}
}
