package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Step is the width of the buckets of a timeline.
type Step int

// The steps. A day is a calendar day of the chosen zone.
const (
	QuarterHour Step = iota
	Hour
	Day
)

// Timeline holds the opens of a campaign by quarter of an hour, in order. The
// sums of its columns are the report's numbers.
type Timeline struct {
	SentAt   *time.Time // first known time of sending; nil: unknown
	Quarters []TimeCount
}

// TimeCount holds the counts of one time interval.
type TimeCount struct {
	Start               time.Time // zero: opens without a possible time
	Opens               uint64    // events
	UniqueOpens         uint64    // messages whose first open is in it
	ReliableUniqueOpens uint64    // measured messages whose first open by a person is in it
}

// Timeline returns the opens of a campaign over time. Those of a large campaign may have been
// computed some seconds ago, unless fresh is set.
func (w *Warehouse) Timeline(ctx context.Context, campaignID uint64, fresh bool) (*Timeline, error) {
	if !fresh {
		if t, err := w.storedTimeline(ctx, campaignID); t != nil || err != nil {
			return t, err
		}
	}
	var n uint64
	var sent int64
	var quarters []uint32
	var opens, unique, reliable []uint64
	err := w.ask(ctx, "timeline", []any{clickhouse.Named("campaign_id", campaignID)}, &sent, &n, &quarters, &opens, &unique, &reliable)
	if err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	t := &Timeline{Quarters: make([]TimeCount, len(quarters))}
	if sent != 0 {
		at := time.UnixMilli(sent).UTC()
		t.SentAt = &at
	}
	for i, quarter := range quarters {
		t.Quarters[i] = TimeCount{Opens: opens[i], UniqueOpens: unique[i], ReliableUniqueOpens: reliable[i]}
		if quarter != 0 {
			t.Quarters[i].Start = time.Unix(int64(quarter), 0).UTC()
		}
	}
	return t, nil
}

// In returns the buckets of a step with at least one open, in order. The first
// has no start if there are opens without a possible time. Hours and days begin
// by clocks in the zone.
func (t *Timeline) In(step Step, zone *time.Location) []TimeCount {
	var buckets []TimeCount
	for _, q := range t.Quarters {
		var start time.Time
		if !q.Start.IsZero() {
			start = step.start(q.Start, zone)
		}
		if last := len(buckets) - 1; last >= 0 && buckets[last].Start.Equal(start) {
			buckets[last].add(q)
			continue
		}
		q.Start = start
		buckets = append(buckets, q)
	}
	return buckets
}

// SinceSend returns the hours from the bucket of the campaign's send time to
// the bucket that begins at start; nil if either is unknown.
func (t *Timeline) SinceSend(start time.Time, step Step, zone *time.Location) *float64 {
	if t.SentAt == nil || start.IsZero() {
		return nil
	}
	hours := start.Sub(step.start(*t.SentAt, zone)).Hours()
	return &hours
}

// ByHour returns the counts by hour of the day, 0 to 23, in which opens began;
// unknown counts messages without a possible time.
func (t *Timeline) ByHour(zone *time.Location) (hours [24]TimeCount, unknown TimeCount) {
	for _, q := range t.Quarters {
		if q.Start.IsZero() {
			unknown.add(q)
		} else {
			hours[q.Start.In(zone).Hour()].add(q)
		}
	}
	return hours, unknown
}

// ByWeekday returns the counts by day of the week, as time.Weekday numbers them.
func (t *Timeline) ByWeekday(zone *time.Location) (days [7]TimeCount, unknown TimeCount) {
	for _, q := range t.Quarters {
		if q.Start.IsZero() {
			unknown.add(q)
		} else {
			days[q.Start.In(zone).Weekday()].add(q)
		}
	}
	return days, unknown
}

// ByWeekdayAndHour returns the counts by day of the week and hour of the day.
func (t *Timeline) ByWeekdayAndHour(zone *time.Location) (table [7][24]TimeCount) {
	for _, q := range t.Quarters {
		if !q.Start.IsZero() {
			local := q.Start.In(zone)
			table[local.Weekday()][local.Hour()].add(q)
		}
	}
	return table
}

func (c *TimeCount) add(q TimeCount) {
	c.Opens += q.Opens
	c.UniqueOpens += q.UniqueOpens
	c.ReliableUniqueOpens += q.ReliableUniqueOpens
}

// start returns the begin of the bucket that holds at, in the zone.
func (s Step) start(at time.Time, zone *time.Location) time.Time {
	local := at.In(zone)
	switch s {
	case Day:
		return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, zone)
	case Hour:
		return local.Add(-time.Duration(local.Minute())*time.Minute - sinceMinute(local))
	}
	return local.Add(-time.Duration(local.Minute()%15)*time.Minute - sinceMinute(local))
}

func sinceMinute(t time.Time) time.Duration {
	return time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond())
}
