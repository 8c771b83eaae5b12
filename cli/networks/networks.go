// Package networks is `glint networks`: it updates and lists the lists that map an
// address to its network, for a pixel without a CDN.
package networks

import (
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "networks",
		Short: "Update the lists that map an address to its network",
		Long: `The standalone pixel and glint classify have no CDN that names a client's network. They read Apple's list of the addresses
of iCloud Private Relay and Mail Privacy Protection, and a list of AS numbers, from $GLINT_HOME/networks. "update" fetches
the lists; with --networks-update a running glint fetches them itself. The operator's file, --networks, takes precedence,
and a database, --asn-db, replaces the list of AS numbers. A running pixel applies changed lists; each open stores the date
of the list that decided. Without lists, opens are stored and classified all the same, and "list" shows what is unknown.`,
		Example: "  glint networks update\n  glint networks list",
	}, newUpdateCmd(a, runUpdate), newListCmd(a, runList))
}
