package warehouse

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Dimensions lists the dimensions of a breakdown.
var Dimensions = []string{"client", "vendor", "os", "device", "country", "provider", "class", "reason", "hour_of_day", "weekday"}

// CannotBeTold is the country of opens through a proxy or by a machine.
const CannotBeTold = "cannot be told"

// ValueCount is the number of messages with a value of a dimension. A message
// counts once in each number: by its first open, and by its first open by a
// person.
type ValueCount struct {
	Value               string
	UniqueOpens         uint64
	ReliableUniqueOpens uint64
}

// Breakdown returns the opened messages of a campaign by one of Dimensions, the
// most frequent value first. Hours and weekdays are complete and in order, by
// clocks in the zone; messages without a possible time count as unknown. The
// sums are unique_opens and reliable_unique_opens of the report. Those of a large campaign
// may have been computed some seconds ago, unless fresh is set.
func (w *Warehouse) Breakdown(ctx context.Context, campaignID uint64, dimension string, zone *time.Location, fresh bool) ([]ValueCount, error) {
	if dimension == "hour_of_day" || dimension == "weekday" {
		t, err := w.Timeline(ctx, campaignID, fresh)
		if err != nil {
			return nil, err
		}
		return t.breakdown(dimension, zone), nil
	}
	counts, err := w.Breakdowns(ctx, campaignID, fresh, dimension)
	return counts[dimension], err
}

// Breakdowns returns Breakdown for several dimensions at once, of those without a zone:
// the engine takes longer to plan the query than to answer it.
func (w *Warehouse) Breakdowns(ctx context.Context, campaignID uint64, fresh bool, dimensions ...string) (map[string][]ValueCount, error) {
	if !fresh {
		if counts, err := w.storedBreakdowns(ctx, campaignID, dimensions); counts != nil || err != nil {
			return counts, err
		}
	}
	var n uint64
	var of, values []string
	var unique, reliable []uint64
	err := w.ask(ctx, "breakdown", []any{clickhouse.Named("campaign_id", campaignID), clickhouse.Named("dimensions", dimensions)},
		&n, &of, &values, &unique, &reliable)
	if err != nil {
		return nil, fmt.Errorf("read opens by %s: %w", strings.Join(dimensions, ", "), err)
	}
	counts := make(map[string][]ValueCount, len(dimensions))
	for i, dimension := range of {
		counts[dimension] = append(counts[dimension], ValueCount{values[i], unique[i], reliable[i]})
	}
	return counts, nil
}

func (t *Timeline) breakdown(dimension string, zone *time.Location) []ValueCount {
	var counts []ValueCount
	add := func(value string, c TimeCount) {
		counts = append(counts, ValueCount{value, c.UniqueOpens, c.ReliableUniqueOpens})
	}
	var unknown TimeCount
	if dimension == "weekday" {
		var days [7]TimeCount
		days, unknown = t.ByWeekday(zone)
		for i := range days {
			day := time.Weekday((i + 1) % 7) // weeks begin on Monday (ISO 8601)
			add(day.String(), days[day])
		}
	} else {
		var hours [24]TimeCount
		hours, unknown = t.ByHour(zone)
		for hour, c := range hours {
			add(strconv.Itoa(hour), c)
		}
	}
	if unknown.UniqueOpens+unknown.ReliableUniqueOpens > 0 {
		add("unknown", unknown)
	}
	return counts
}
