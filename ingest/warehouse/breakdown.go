package warehouse

import (
	"context"
	"fmt"
	"strconv"
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
// sums are unique_opens and reliable_unique_opens of the report.
func (w *Warehouse) Breakdown(ctx context.Context, campaignID uint64, dimension string, zone *time.Location) ([]ValueCount, error) {
	if dimension == "hour_of_day" || dimension == "weekday" {
		t, err := w.Timeline(ctx, campaignID)
		if err != nil {
			return nil, err
		}
		return t.breakdown(dimension, zone), nil
	}
	var n uint64
	var values []string
	var unique, reliable []uint64
	err := w.ask(ctx, "breakdown", []any{clickhouse.Named("campaign_id", campaignID), clickhouse.Named("dimension", dimension)},
		&n, &values, &unique, &reliable)
	if err != nil {
		return nil, fmt.Errorf("read opens by %s: %w", dimension, err)
	}
	counts := make([]ValueCount, len(values))
	for i := range values {
		counts[i] = ValueCount{values[i], unique[i], reliable[i]}
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
