// Package networks is `glint networks`: the lists that name the network of an
// address, where no CDN does.
package networks

import (
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "networks",
		Short: "Keep the lists that name an address's network",
		Long: `The standalone pixel and "glint classify" have no CDN that names a client's network. They read Apple's list
of the addresses of iCloud Private Relay and Mail Privacy Protection, and a list of AS numbers, from $GLINT_HOME/networks,
where "update" puts them, and a running glint by itself with --networks-update. The operator's own file, --networks, goes
before them, and a database, --asn-db, in place of the list of AS numbers. A running pixel follows all when they change; the date of the one that decided is kept with the open. Without any of them
opens are kept and judged all the same, and "list" says what is unknown then.`,
		Example: "  glint networks update\n  glint networks list",
	}, newUpdateCmd(a, runUpdate), newListCmd(a, runList))
}
