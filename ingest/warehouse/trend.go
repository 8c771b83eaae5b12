package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// TrendPoint is one campaign of a trend.
type TrendPoint struct {
	CampaignID          uint64
	Campaign            string
	StartsAt            time.Time // first known time of sending, otherwise when it was created
	Delivered           uint64
	Measured            uint64
	ReliableUniqueOpens uint64
	Clicked             uint64
	Rate, Low, High     *float64 // the overall estimate; nil if unknown
}

// Trend returns the campaigns that began at or after since and before until,
// ordered by their start.
func (w *Warehouse) Trend(ctx context.Context, since, until time.Time) ([]TrendPoint, error) {
	fail := func(err error) ([]TrendPoint, error) { return nil, fmt.Errorf("read trend: %w", err) }
	ids, starts, err := w.campaignsSince(ctx, since, until)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	var n uint64
	var found []uint64
	var names []string
	var delivered, measured, reliable, clicked []uint64
	var rates, lows, highs []*float64
	err = w.ask(ctx, "trend", []any{clickhouse.Named("campaign_ids", ids)},
		&n, &found, &names, &delivered, &measured, &reliable, &clicked, &rates, &lows, &highs)
	if err != nil {
		return fail(err)
	}
	at := make(map[uint64]int, len(found))
	for i, id := range found {
		at[id] = i
	}
	var points []TrendPoint
	for i, id := range ids {
		if k, ok := at[id]; ok {
			points = append(points, TrendPoint{
				id, names[k], time.UnixMilli(starts[i]).UTC(), delivered[k], measured[k], reliable[k], clicked[k], rates[k], lows[k], highs[k],
			})
		}
	}
	return points, nil
}

// CampaignsSince returns the ids of the campaigns that began at or after since and
// before until, ordered by their start.
func (w *Warehouse) CampaignsSince(ctx context.Context, since, until time.Time) ([]uint64, error) {
	ids, _, err := w.campaignsSince(ctx, since, until)
	return ids, err
}

// campaignsSince also returns their starts in Unix milliseconds.
func (w *Warehouse) campaignsSince(ctx context.Context, since, until time.Time) (ids []uint64, starts []int64, err error) {
	var n uint64
	err = w.ask(ctx, "campaigns_since", []any{clickhouse.Named("since_ms", since.UnixMilli()), clickhouse.Named("until_ms", until.UnixMilli())},
		&n, &ids, &starts)
	if err != nil {
		return nil, nil, fmt.Errorf("list campaigns since %s: %w", since.UTC().Format(time.RFC3339), err)
	}
	return ids, starts, nil
}

// Cohort is a group of recipients whose last open by a person lies in one range
// of time.
type Cohort struct {
	Name       string // "7 days", …, "longer", "never"
	WithinDays uint64 // 0: without an end
	Recipients uint64
}

// Recency returns the cohorts, the latest first; together they contain all
// recipients of measured messages.
func (w *Warehouse) Recency(ctx context.Context) ([]Cohort, error) {
	var n uint64
	var names []string
	var days, recipients []uint64
	if err := w.ask(ctx, "recency", nil, &n, &names, &days, &recipients); err != nil {
		return nil, fmt.Errorf("read recency: %w", err)
	}
	cohorts := make([]Cohort, len(names))
	for i := range names {
		cohorts[i] = Cohort{names[i], days[i], recipients[i]}
	}
	return cohorts, nil
}
