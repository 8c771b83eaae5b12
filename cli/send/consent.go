package send

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/output"
	"glint/ingest/consent"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// consentRule returns the rule that decides the tracking mode of each message.
func (o *registerOptions) consentRule(ctx context.Context, w *warehouse.Warehouse, s *home.ConsentSettings) (*sends.Consent, error) {
	choices, err := w.CurrentChoices(ctx, consent.PurposeOpens)
	if err != nil {
		return nil, err
	}
	hasher, err := w.RecipientHasher(ctx)
	if err != nil {
		return nil, err
	}
	return &sends.Consent{Policy: s.Policy, No: s.Fate(), Choices: choices, KeyOf: hasher.Key}, nil
}

// decide sets the tracking mode of each message. Before anything is written, it refuses modes that
// the URLs or the edge cannot honour.
func (o *registerOptions) decide(ctx context.Context, w *warehouse.Warehouse, b *sends.Batch, rule *sends.Consent, s *home.ConsentSettings) error {
	if o.strataBy != "" && o.strataBy != sends.StrataProvider {
		column := slices.IndexFunc(b.Recipients.Header, func(name string) bool {
			return strings.EqualFold(strings.TrimSpace(name), strings.TrimSpace(o.strataBy))
		})
		if column < 0 {
			return app.UsageTry(fmt.Errorf("--strata: the file has no column %q", output.Safe(o.strataBy)), "--strata provider, or the name of a column")
		}
		b.Strata.Column = column
	}
	b.Strata.By = o.strataBy
	campaign, err := w.CampaignNamed(ctx, o.campaign)
	if err != nil && !errors.Is(err, warehouse.ErrNoCampaign) {
		return err
	}
	b.Campaign = campaign
	b.Campaign.Tracking = max(campaign.Tracking, o.tracking)
	err = o.decideAtMost(ctx, w, b, rule)
	if errors.Is(err, sends.ErrStyle) {
		return app.UsageTry(err, "--url-style token, whose URLs carry the mode to the edge")
	}
	if err != nil {
		return err
	}
	counts := map[warehouse.Tracking]int{}
	for i := range b.Recipients.Rows {
		counts[b.Tracking(i)]++
	}
	if counts[warehouse.Identified] < len(b.Recipients.Rows) {
		var parts []string
		for t := warehouse.Identified; t <= warehouse.Off; t++ {
			if counts[t] > 0 {
				parts = append(parts, fmt.Sprintf("%s %s", output.Count(uint64(counts[t])), t))
			}
		}
		o.note("tracking: %s", strings.Join(parts, ", "))
	}
	if b.NeedsModes() && !o.edgeKnowsModes(s) {
		return app.Try(fmt.Errorf("some messages may not be measured individually, and it is unknown whether the edge at %s honours that", o.base.URL),
			"glint doctor "+o.base.URL+", which checks it and records the result")
	}
	return nil
}

// decideAtMost decides the tracking mode of each message. The mode of a registered message
// never rises. A campaign without id does not exist yet.
func (o *registerOptions) decideAtMost(ctx context.Context, w *warehouse.Warehouse, b *sends.Batch, rule *sends.Consent) error {
	if err := b.Decide(rule); err != nil || b.Campaign.ID == 0 {
		return err
	}
	if err := b.Derive(); err != nil {
		return err
	}
	lesser, err := w.LesserSends(ctx, b.Campaign.ID, b.MostTracked()) // nearly always none; Register reads all messages
	if err != nil {
		return err
	}
	return b.Heed(lesser)
}

// edgeKnowsModes reports whether the server of the pixel omits from its lines the data that
// a privacy mode forbids: the running glint's own pixel does.
func (o *registerOptions) edgeKnowsModes(s *home.ConsentSettings) bool {
	if !s.Edges[o.base.URL].IsZero() {
		return true
	}
	running, err := o.app.Running()
	return err == nil && running.Pixel == o.base.URL && running.PixelModes
}
