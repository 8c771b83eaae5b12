// Package openers is `glint openers`: it lists the recipients who opened a campaign.
package openers

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
		Use:   "openers CAMPAIGN",
		Short: "List the recipients who opened a campaign",
		Long: "Lists the recipients of measured messages by the certainty that they opened them, with the columns that were kept at\n" +
			"registration. It changes nothing, and needs the warehouse's own user: the read-only user sees no recipients.\n\n" +
			"--certain (the default): a person opened the message, clicked, replied or converted. --likely: also messages that a\n" +
			"client of unknown kind fetched. --cannot-tell: messages that only Apple Mail fetched, which may hide a person.\n" +
			"In CSV, a cell that a spreadsheet would run as a formula gets a leading apostrophe.",
		Example: "  glint openers spring\n  glint openers spring --likely --format csv",
	}, o, Run, warehouse.OpenersCertain, warehouse.OpenersLikely, warehouse.OpenersCannotTell)
}

// Run prints the list.
func Run(ctx context.Context, o *listing.Options) error {
	return listing.Print(ctx, o, listing.MessageID, listing.Opens, listing.FirstOpenAt, listing.LastOpenAt,
		listing.FirstReliableOpenAt, listing.LastReliableOpenAt)
}
