package app

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

// NoCampaign returns the error for a campaign that is not in w, with the
// campaigns of similar names.
func (a *App) NoCampaign(ctx context.Context, w *warehouse.Warehouse, name string) error {
	err := fmt.Errorf("there is no campaign %s", strconv.Quote(output.Safe(name)))
	near, lookUpErr := w.NearCampaigns(ctx, name)
	if lookUpErr != nil || len(near) == 0 {
		return Try(err, "glint send register --campaign NAME --file recipients.csv --output urls.csv")
	}
	names := make([]string, len(near))
	for i, c := range near {
		names[i] = strconv.Quote(output.Safe(c.Name))
	}
	return Try(err, "glint report "+oneOf(names))
}

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
