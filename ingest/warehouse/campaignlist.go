package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Campaigns returns the campaigns without their keys, the latest first, at most
// limit of them.
func (w *Warehouse) Campaigns(ctx context.Context, limit int) ([]Campaign, error) {
	var n uint64
	var ids []uint64
	var names, subjects, variants []string
	var archived []uint8
	var createdAt []int64
	err := w.ask(ctx, "campaigns", []any{clickhouse.Named("limit", uint64(limit))}, &n, &ids, &names, &subjects, &variants, &archived, &createdAt)
	if err != nil {
		return nil, fmt.Errorf("list campaigns: %w", err)
	}
	var campaigns []Campaign
	for i, id := range ids {
		campaigns = append(campaigns, Campaign{
			ID: id, Name: names[i], Subject: subjects[i], Variant: variants[i], Archived: archived[i] == 1, CreatedAt: time.UnixMilli(createdAt[i]).UTC(),
		})
	}
	return campaigns, nil
}
