package warehouse

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// CampaignLine holds a campaign's counts of messages and its overall estimate,
// as last computed. A nil rate is unknown.
type CampaignLine struct {
	Campaign                                        string
	Sends, Delivered, Measured, ReliableUniqueOpens uint64
	Rate, Low, High                                 *float64
}

// CampaignLines returns the lines of the campaigns, without those whose report
// has not been computed yet.
func (w *Warehouse) CampaignLines(ctx context.Context, campaigns []uint64) (map[uint64]CampaignLine, error) {
	lines := map[uint64]CampaignLine{}
	if len(campaigns) == 0 {
		return lines, nil
	}
	var n uint64
	var ids, sends, delivered, measured, reliable []uint64
	var names []string
	var rates, lows, highs []*float64
	err := w.ask(ctx, "campaign_lines", []any{clickhouse.Named("campaign_ids", campaigns)},
		&n, &ids, &names, &sends, &delivered, &measured, &reliable, &rates, &lows, &highs)
	if err != nil {
		return nil, fmt.Errorf("read campaigns: %w", err)
	}
	for i, id := range ids {
		lines[id] = CampaignLine{names[i], sends[i], delivered[i], measured[i], reliable[i], rates[i], lows[i], highs[i]}
	}
	return lines, nil
}
