package listing

import (
	"context"
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // the zones of --tz, for systems without a zone database

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/ingest/warehouse"
)

// Numbers configures a list of a campaign's numbers.
type Numbers struct {
	App      *app.App
	Campaign string
	Of       string // the bucket or the dimension
	Zone     *time.Location
	Format   string
	DSN      string
	Fresh    bool // compute the numbers now
}

// FreshFlag adds --fresh to a command that shows numbers of a campaign.
func FreshFlag(cmd *cobra.Command, fresh *bool) {
	cmd.Flags().BoolVar(fresh, "fresh", false, "compute the numbers now, even if those stored are only seconds old")
}

// ZoneFlag adds --tz to a list, and returns a function that reads it.
func ZoneFlag(cmd *cobra.Command) func() (*time.Location, error) {
	name := cmd.Flags().String("tz", "UTC", "time zone in which hours and days begin, such as Europe/Berlin")
	return func() (*time.Location, error) {
		zone, err := time.LoadLocation(*name)
		if err != nil || *name == "" || *name == "Local" {
			return nil, app.UsageOf(cmd, fmt.Errorf("unknown time zone %q; want one such as Europe/Berlin", *name))
		}
		return zone, nil
	}
}

// Open connects as a reader and finds the campaign.
func (n *Numbers) Open(ctx context.Context) (*warehouse.Warehouse, uint64, error) {
	w, err := n.App.OpenWarehouse(ctx, n.DSN, app.ReadViews)
	if err != nil {
		return nil, 0, err
	}
	id, err := w.CampaignID(ctx, n.Campaign)
	if errors.Is(err, warehouse.ErrNoCampaign) {
		err = n.App.NoCampaign(ctx, w, n.Campaign)
	}
	if err != nil {
		_ = w.Close()
		return nil, 0, err
	}
	return w, id, nil
}
