package app

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

// noCampaign is the error for a campaign that does not exist; its value is the name.
type noCampaign string

func (n noCampaign) Error() string {
	return "there is no campaign " + strconv.Quote(output.Safe(string(n)))
}

// Unwrap returns warehouse.ErrNoCampaign.
func (n noCampaign) Unwrap() error { return warehouse.ErrNoCampaign }

// NoCampaign returns the error for a campaign that is not in w, around
// warehouse.ErrNoCampaign. It suggests campaigns with a similar name, or else the latest ones.
func (a *App) NoCampaign(ctx context.Context, w *warehouse.Warehouse, name string) error {
	var names []string
	near, err := w.NearCampaigns(ctx, name)
	for _, c := range near {
		names = append(names, strconv.Quote(output.Safe(c.Name)))
	}
	if len(names) > 0 {
		return Try(noCampaign(name), "glint report "+oneOf(names))
	}
	latest, latestErr := w.Campaigns(ctx, latestNamed)
	if err != nil || latestErr != nil || len(latest) == 0 {
		return Try(noCampaign(name), "glint send register --campaign NAME --file recipients.csv --output urls.csv")
	}
	for _, c := range latest {
		names = append(names, strconv.Quote(output.Safe(c.Name)))
	}
	return Try(noCampaign(name), "glint report "+oneOf(names)+"; glint campaign list --all has them all")
}

// latestNamed is the number of suggestions if no campaign has a similar name.
const latestNamed = 3

// CompleteCampaigns completes the name of a campaign, for shells.
func (a *App) CompleteCampaigns(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp
	dsn := a.Getenv("GLINT_WAREHOUSE")
	if flag := cmd.Flag("warehouse"); flag != nil && flag.Changed {
		dsn = flag.Value.String()
	}
	w, err := a.OpenWarehouse(cmd.Context(), dsn, ReadViews)
	if err != nil {
		return nil, directive
	}
	defer func() { _ = w.Close() }()
	campaigns, err := w.Campaigns(cmd.Context(), completions)
	if err != nil {
		return nil, directive
	}
	var names []string
	for _, c := range campaigns {
		if strings.HasPrefix(c.Name, begun) && !slices.Contains(args, c.Name) && c.Name == output.Safe(c.Name) {
			names = append(names, c.Name)
		}
	}
	return names, directive
}

// completions is the number of names that completion considers.
const completions = 1000
