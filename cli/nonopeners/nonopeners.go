// Package nonopeners is `glint nonopeners`: it lists the recipients who did not open a
// campaign.
package nonopeners

import (
	"context"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/listing"
	"glint/ingest/warehouse"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	o := &listing.Options{App: a}
	return listing.Complete(&cobra.Command{
		Use:   "nonopeners CAMPAIGN",
		Short: "List the recipients who did not open a campaign",
		Long: "Lists the recipients of measured messages by the certainty that they did not open them, with the columns that were\n" +
			"kept at registration. It changes nothing, and needs the warehouse's own user: the read-only user sees no recipients.\n\n" +
			"--likely (the default): nothing fetched the message, and it has no click, reply or conversion. --certain: the same, but\n" +
			"visible recipients only: they got other measured mail in the 90 days before, none of it fetched by Apple Mail.\n" +
			"--cannot-tell: messages that only Apple Mail or a client of unknown kind fetched. Messages that other machines\n" +
			"fetched, such as scanners, are in no list; glint recipients shows them. An open without images cannot be seen.\n" +
			"In CSV, a cell that a spreadsheet would run as a formula gets a leading apostrophe.",
		Example: "  glint nonopeners spring\n  glint nonopeners spring --certain --format csv",
	}, o, Run, warehouse.NonopenersLikely, warehouse.NonopenersCertain, warehouse.NonopenersCannotTell)
}

// Run prints the list.
func Run(ctx context.Context, o *listing.Options) error {
	return listing.Print(ctx, o, listing.MessageID, listing.SentAt, listing.Opens, listing.FirstOpenAt, listing.LastOpenAt)
}
