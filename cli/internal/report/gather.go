package report

import (
	"context"
	"slices"
	"time"

	"glint/edge/classify"
	"glint/ingest/warehouse"
)

// The campaigns that a report compares with: how many, and how far back.
const (
	earlierCount = 5
	earlierSpan  = 180 * 24 * time.Hour
)

// Numbers reads the numbers of the campaign of that name or id, which are all that
// the JSON form has. With fresh they are computed now. It returns
// warehouse.ErrNoCampaign if there is none.
func Numbers(ctx context.Context, w *warehouse.Warehouse, campaign string, zone *time.Location, fresh bool) (*Data, error) {
	read := w.ReportOf
	if fresh {
		read = w.FreshReportOf
	}
	numbers, err := read(ctx, campaign)
	if err != nil {
		return nil, err
	}
	return &Data{Numbers: numbers, Ruleset: int(classify.RulesetVersion), Zone: zone}, nil
}

// Gather reads all that a report says of the campaign, with the times of that zone.
// Its other arguments and its error are as for Numbers.
func Gather(ctx context.Context, w *warehouse.Warehouse, campaign string, zone *time.Location, fresh bool) (*Data, error) {
	d, err := Numbers(ctx, w, campaign, zone, fresh)
	if err != nil {
		return nil, err
	}
	return d, d.gather(ctx, w)
}

// GatherID is Gather for the campaign of that id, which must exist.
func GatherID(ctx context.Context, w *warehouse.Warehouse, id uint64, zone *time.Location) (*Data, error) {
	numbers, err := w.ReportOfID(ctx, id, false)
	if err != nil {
		return nil, err
	}
	d := &Data{Numbers: numbers, Ruleset: int(classify.RulesetVersion), Zone: zone}
	return d, d.gather(ctx, w)
}

// gather reads what the numbers do not have.
func (d *Data) gather(ctx context.Context, w *warehouse.Warehouse) error {
	if d.Numbers.Sends == 0 {
		return nil
	}
	id := d.Numbers.CampaignID
	timeline, err := w.Timeline(ctx, id)
	if err != nil {
		return err
	}
	for day, hours := range timeline.ByWeekdayAndHour(d.zone()) {
		for hour, n := range hours {
			d.Week[(day+6)%7][hour] = n.ReliableUniqueOpens
		}
	}
	if d.Opened, err = w.TimeToOpen(ctx, id); err != nil {
		return err
	}
	for dimension, into := range map[string]*[]warehouse.ValueCount{
		"provider": &d.Providers, "client": &d.Clients, "country": &d.Countries, "reason": &d.Reasons,
	} {
		if *into, err = w.Breakdown(ctx, id, dimension, d.zone()); err != nil {
			return err
		}
	}
	return d.gatherEarlier(ctx, w, timeline)
}

// gatherEarlier reads the campaigns before this one; one of unknown time of
// sending is compared with none.
func (d *Data) gatherEarlier(ctx context.Context, w *warehouse.Warehouse, timeline *warehouse.Timeline) error {
	if timeline.SentAt == nil {
		return nil
	}
	trend, err := w.Trend(ctx, timeline.SentAt.Add(-earlierSpan), *timeline.SentAt)
	if err != nil {
		return err
	}
	for _, p := range slices.Backward(trend) {
		if p.CampaignID == d.Numbers.CampaignID || p.Measured == 0 || p.Campaign == DoctorCampaign || p.Campaign == DemoCampaign {
			continue
		}
		e := Earlier{Campaign: p.Campaign, Measured: p.Measured, Rate: p.Rate, Low: p.Low, High: p.High}
		if e.Opened, err = w.TimeToOpen(ctx, p.CampaignID); err != nil {
			return err
		}
		if d.Earlier = append(d.Earlier, e); len(d.Earlier) == earlierCount {
			break
		}
	}
	return nil
}
