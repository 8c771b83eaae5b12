// Package networks is `glint networks`: the lists that tell whose network an
// address is in, where no CDN tells it.
package networks

import (
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "networks",
		Short: "Keep the lists that tell whose network an address is in",
		Long: `The standalone pixel and "glint classify" have no CDN that tells them about a client's network. They read Apple's list
of the addresses of iCloud Private Relay and Mail Privacy Protection from $GLINT_HOME/networks, where "update" puts it.
The operator's own file, --networks, goes before it, and a database, --asn-db, tells AS numbers and countries. A running
pixel follows all three when they change; the date of the one that decided is kept with the open. Without any of them
opens are kept and judged all the same, and "list" says what nobody can tell then.`,
		Example: "  glint networks update\n  glint networks list",
	}, newUpdateCmd(a, runUpdate), newListCmd(a, runList))
}
