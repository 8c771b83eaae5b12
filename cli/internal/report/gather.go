package report

import (
	"context"

	"glint/edge/classify"
	"glint/ingest/warehouse"
)

// Gather reads what a report says of the campaign of that name or id. It returns
// warehouse.ErrNoCampaign if there is none.
func Gather(ctx context.Context, w *warehouse.Warehouse, campaign string) (*Data, error) {
	numbers, err := w.ReportOf(ctx, campaign)
	if err != nil {
		return nil, err
	}
	return &Data{Numbers: numbers, Ruleset: int(classify.RulesetVersion)}, nil
}
