package app

import (
	"context"
	"fmt"
	"strconv"

	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

// NoCampaign returns the error for a campaign that is not in w. It names the
// ones with a name like it.
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
