// Package recipients is `glint recipients`: it lists all recipients of a campaign, with
// the state of their messages.
package recipients

import (
	"context"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/listing"
	"glint/ingest/warehouse"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	o := &listing.Options{App: a, List: warehouse.AllMessages}
	return listing.Complete(&cobra.Command{
		Use:   "recipients CAMPAIGN",
		Short: "List the recipients of a campaign with the state of their messages",
		Long: "Lists every registered message with its recipient, the columns that were kept at registration, and its state: opened\n" +
			"(by a person), confirmed (a click, reply or conversion, but no open), masked (Apple Mail fetched it, which may hide a\n" +
			"person), unknown (a client of unknown kind fetched it), machine (only scanners and other machines did), not_fetched,\n" +
			"bounced, not_measured (not tracked individually) or test. It changes nothing, and needs the warehouse's own user: the\n" +
			"read-only user sees no recipients.\n" +
			"In CSV, a cell that a spreadsheet would run as a formula gets a leading apostrophe.",
		Example: "  glint recipients spring\n  glint recipients spring --format csv",
	}, o, Run)
}

// Run prints the list.
func Run(ctx context.Context, o *listing.Options) error {
	return listing.Print(ctx, o, listing.MessageID, listing.State, listing.Tracking, listing.SentAt, listing.Opens,
		listing.FirstOpenAt, listing.LastOpenAt, listing.FirstReliableOpenAt, listing.LastReliableOpenAt)
}
