package report

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"glint/edge/classify"
	"glint/ingest/warehouse"
)

// Limits of the earlier campaigns for comparison: their number and age.
const (
	earlierCount = 5
	earlierSpan  = 180 * 24 * time.Hour
)

// Numbers reads the numbers of the campaign with that name or id, which are the content
// of the JSON form. With fresh they are computed now. It returns
// warehouse.ErrNoCampaign if there is no such campaign.
func Numbers(ctx context.Context, w *warehouse.Warehouse, campaign string, zone *time.Location, fresh bool) (*Data, error) {
	read := w.ReportOf
	if fresh {
		read = w.FreshReportOf
	}
	numbers, err := read(ctx, campaign)
	if err != nil {
		return nil, err
	}
	return &Data{Numbers: numbers, Ruleset: int(classify.RulesetVersion), Zone: zone, Fresh: fresh}, nil
}

// Gather reads the complete data of a report, with times in that zone. Its other
// arguments and its errors equal Numbers'.
func Gather(ctx context.Context, w *warehouse.Warehouse, campaign string, zone *time.Location, fresh bool) (*Data, error) {
	d, err := Numbers(ctx, w, campaign, zone, fresh)
	if err != nil {
		return nil, err
	}
	return d, d.Gather(ctx, w)
}

// NumbersID is Numbers for the campaign with that id, which must exist.
func NumbersID(ctx context.Context, w *warehouse.Warehouse, id uint64, zone *time.Location) (*Data, error) {
	numbers, err := w.ReportOfID(ctx, id, false)
	if err != nil {
		return nil, err
	}
	return &Data{Numbers: numbers, Ruleset: int(classify.RulesetVersion), Zone: zone}, nil
}

// Gather reads the data beyond the numbers.
func (d *Data) Gather(ctx context.Context, w *warehouse.Warehouse) error {
	if d.Numbers.Sends == 0 || slices.ContainsFunc(d.Numbers.Late, func(l warehouse.Late) bool { return l.Away }) {
		return nil // the rest is read from all shards
	}
	id := d.Numbers.CampaignID
	parent := ctx
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		timeline, err := w.Timeline(ctx, id, d.Fresh)
		if err != nil {
			return err
		}
		for day, hours := range timeline.ByWeekdayAndHour(d.zone()) {
			for hour, n := range hours {
				d.Week[(day+6)%7][hour] = n.ReliableUniqueOpens
			}
		}
		return d.gatherEarlier(ctx, w, timeline.SentAt)
	})
	g.Go(func() (err error) {
		d.Opened, err = w.TimeToOpen(ctx, id, d.Fresh)
		return err
	})
	g.Go(func() error {
		counts, err := w.Breakdowns(ctx, id, d.Fresh, "provider", "client", "country", "reason")
		d.Providers, d.Clients, d.Countries, d.Reasons = counts["provider"], counts["client"], counts["country"], counts["reason"]
		return err
	})
	return w.ShardAway(parent, g.Wait())
}

// gatherEarlier reads the latest campaigns before this one. It reads none if the time of
// sending is unknown.
func (d *Data) gatherEarlier(ctx context.Context, w *warehouse.Warehouse, sentAt *time.Time) error {
	if sentAt == nil {
		return nil
	}
	ids, err := w.CampaignsSince(ctx, sentAt.Add(-earlierSpan), *sentAt)
	if err != nil {
		return err
	}
	lines, err := w.CampaignLines(ctx, ids)
	if err != nil {
		return err
	}
	var chosen []uint64
	for _, id := range slices.Backward(ids) {
		if id == d.Numbers.CampaignID {
			continue
		}
		line, ok := lines[id]
		if !ok { // its report has not been computed yet
			if line, err = lineOf(ctx, w, id); err != nil {
				return err
			}
		}
		if line.Measured == 0 || line.Campaign == DoctorCampaign || line.Campaign == DemoCampaign {
			continue
		}
		d.Earlier = append(d.Earlier, Earlier{Campaign: line.Campaign, Measured: line.Measured, Rate: line.Rate, Low: line.Low, High: line.High})
		if chosen = append(chosen, id); len(chosen) == earlierCount {
			break
		}
	}
	if len(chosen) == 0 {
		return nil
	}
	opened, err := w.TimesToOpen(ctx, d.Fresh, chosen...)
	for i, id := range chosen {
		d.Earlier[i].Opened = opened[id]
	}
	return err
}
