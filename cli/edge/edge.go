// Package edge is `glint edge`: it prepares a Fastly service for the edge program.
//
// It creates stores, keys and log endpoints. It does not build or deploy the program:
// `fastly compute publish` does. It never activates a version; the owner of the service
// decides that.
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
		Long: "The edge program answers the pixel on Fastly Compute. glint edge creates the rest of its service: stores, keys and log\n" +
			"endpoints. It also keeps withdrawals in step.",
		Example: "  glint edge setup --service-id SU1Z0isxPaozGVKXdv0eY --ingest-url https://ingest.example.com",
	}, newSetupCmd(a, runSetup), newSyncCmd(a, runSync))
}
