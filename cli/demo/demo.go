// Package demo is `glint demo`: it removes the campaign of glint up --demo.
package demo

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"glint/cli/campaign"
	"glint/cli/internal/app"
	"glint/cli/internal/demo"
	"glint/ingest/warehouse"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:     "demo",
		Short:   "Remove the demo campaign of glint up --demo",
		Long:    "glint up --demo plays a made-up campaign. It is in no list, and stays after glint stops.",
		Example: "  glint demo remove",
	}, newRemoveCmd(a))
}

func newRemoveCmd(a *app.App) *cobra.Command {
	var dsn string
	var dryRun bool
	cmd := &cobra.Command{
		Use:     "remove",
		Short:   "Delete the demo campaign with all of its data",
		Long:    "Deletes the campaign \"" + demo.Campaign + "\" as glint campaign delete does, but without a confirmation. glint up --demo plays it again.",
		Example: "  glint demo remove --dry-run\n  glint demo remove",
		Args:    app.NoArgs,
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would be deleted, and delete nothing")
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		err := campaign.Delete(cmd.Context(), a, campaign.Deletion{DSN: dsn, Name: demo.Campaign, Yes: true, DryRun: dryRun, Command: cmd.CommandPath()})
		if errors.Is(err, warehouse.ErrNoCampaign) {
			fmt.Fprintln(a.Err, "there is no demo here, so nothing was removed; glint up --demo plays one")
			return nil
		}
		return err
	}
	return cmd
}
