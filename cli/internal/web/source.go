package web

import (
	"context"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"glint/cli/internal/listing"
	"glint/cli/internal/report"
	"glint/ingest/warehouse"
)

// Source provides the numbers of the pages.
type Source interface {
	// Campaigns returns all campaigns, the latest first.
	Campaigns(ctx context.Context) ([]warehouse.Campaign, error)
	// Lines returns the last computed counts of each of the campaigns.
	Lines(ctx context.Context, campaigns []warehouse.Campaign) ([]report.Line, error)
	// Numbers returns the numbers of a campaign's report; warehouse.ErrNoCampaign if
	// it does not exist.
	Numbers(ctx context.Context, id uint64) (*report.Data, error)
	// Gather adds the rest of the report.
	Gather(ctx context.Context, d *report.Data) error
	// Recipients returns a page of a list: it skips the first messages, and returns at
	// most that many.
	Recipients(ctx context.Context, id uint64, list warehouse.List, skip, most int) (*Recipients, error)

	Names(ctx context.Context) (map[uint64]string, error)
	LiveCounts(ctx context.Context, since, receivedBefore time.Time) ([]warehouse.MinuteCount, error)
	LivePages(ctx context.Context, since, receivedBefore time.Time) (map[warehouse.LivePage]uint64, error)
	LiveReferrers(ctx context.Context, since, receivedBefore time.Time) (map[warehouse.LivePage]uint64, error)
	Addressees(ctx context.Context, messages []warehouse.MessageKey) (map[uuid.UUID]warehouse.Addressee, error)
}

// Recipients is a page of a list of messages with their recipients.
type Recipients struct {
	Kept     []string // names of the columns that were kept at registration
	Messages []warehouse.ListedMessage
	More     bool
}

// warehouseSource reads a warehouse: data for every role as its reader, the rest as its
// own user.
type warehouseSource struct{ reader, owner *warehouse.Warehouse }

// NewSource returns the source of a warehouse that is connected as the reader and as
// the owner; both may be the same.
func NewSource(reader, owner *warehouse.Warehouse) Source { return warehouseSource{reader, owner} }

// maxCampaigns is the maximum number of listed campaigns.
const maxCampaigns = 10_000

// parallelLines is the number of campaigns that are computed at once.
const parallelLines = 4

func (s warehouseSource) Campaigns(ctx context.Context) ([]warehouse.Campaign, error) {
	return s.reader.Campaigns(ctx, maxCampaigns)
}

// Lines reads the last computed counts, and computes the counts of new campaigns.
func (s warehouseSource) Lines(ctx context.Context, campaigns []warehouse.Campaign) ([]report.Line, error) {
	ids := make([]uint64, len(campaigns))
	for i := range campaigns {
		ids[i] = campaigns[i].ID
	}
	found, err := s.reader.CampaignLines(ctx, ids)
	if err != nil {
		return nil, err
	}
	lines := make([]report.Line, len(campaigns))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelLines)
	for i, c := range campaigns {
		if f, ok := found[c.ID]; ok {
			lines[i] = report.NewLine(&c, &f)
			continue
		}
		g.Go(func() error {
			one, err := report.Overview(ctx, s.reader, campaigns[i:i+1])
			if err == nil {
				lines[i] = one[0]
			}
			return err
		})
	}
	return lines, g.Wait()
}

func (s warehouseSource) Numbers(ctx context.Context, id uint64) (*report.Data, error) {
	names, err := s.reader.CampaignNames(ctx)
	if err != nil {
		return nil, err
	}
	if _, known := names[id]; !known {
		return nil, warehouse.ErrNoCampaign
	}
	return report.NumbersID(ctx, s.reader, id, time.UTC)
}

func (s warehouseSource) Gather(ctx context.Context, d *report.Data) error {
	return d.Gather(ctx, s.reader)
}

func (s warehouseSource) Recipients(ctx context.Context, id uint64, list warehouse.List, skip, most int) (*Recipients, error) {
	page := &Recipients{}
	begin := func(names []string) error {
		page.Kept = names
		return nil
	}
	n := 0
	err := s.owner.FirstMessages(ctx, id, list, skip+most+1, begin, func(m *warehouse.ListedMessage) error {
		n++
		switch {
		case n <= skip:
			return nil
		case len(page.Messages) == most:
			page.More = true
			return nil
		}
		one := *m
		one.Kept = append([]string(nil), m.Kept...)
		listing.Part(&one, list)
		page.Messages = append(page.Messages, one)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

func (s warehouseSource) Names(ctx context.Context) (map[uint64]string, error) {
	return s.reader.CampaignNames(ctx)
}

func (s warehouseSource) LiveCounts(ctx context.Context, since, receivedBefore time.Time) ([]warehouse.MinuteCount, error) {
	return s.owner.LiveCounts(ctx, since, receivedBefore)
}

func (s warehouseSource) LivePages(ctx context.Context, since, receivedBefore time.Time) (map[warehouse.LivePage]uint64, error) {
	return s.owner.LivePages(ctx, since, receivedBefore)
}

func (s warehouseSource) LiveReferrers(ctx context.Context, since, receivedBefore time.Time) (map[warehouse.LivePage]uint64, error) {
	return s.owner.LiveReferrers(ctx, since, receivedBefore)
}

func (s warehouseSource) Addressees(ctx context.Context, messages []warehouse.MessageKey) (map[uuid.UUID]warehouse.Addressee, error) {
	return s.owner.Addressees(ctx, messages)
}
