// Package edge is `glint edge`: it prepares a Fastly service for the edge program.
//
// It makes stores, keys and log endpoints. It does not build or deploy the program,
// which is the work of `fastly compute publish`, and it makes nothing live: activating
// a version stays a decision of its owner.
package edge

import (
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "edge",
		Short: "Prepare a Fastly service for the edge program",
		Long: "The edge program answers the pixel on Fastly Compute. glint edge makes the rest of its service: stores, keys and log\n" +
			"endpoints, and brings withdrawals to it.",
		Example: "  glint edge setup --service-id SU1Z0isxPaozGVKXdv0eY --ingest-url https://ingest.example.com",
	}, newSetupCmd(a, runSetup), newSyncCmd(a, runSync))
}
