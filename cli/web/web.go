// Package web is `glint web`: it prints a one-time link to the web pages.
package web

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/web"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "web",
		Short: "Print a one-time link to the web pages of the running glint",
		Long: "Prints a link that signs one browser in to the pages: campaigns and their reports, recipients, and opens, page views and\n" +
			"events as they arrive. The link can be used once, within 10 minutes; the session lasts 12 hours, or until 2 hours pass\n" +
			"without a request. A viewer sees no recipients. The command changes nothing and opens no browser. Anyone with the link\n" +
			"can use it, so keep it secret. All sessions and links end with the running glint.",
		Example: "  glint web\n  glint web --role viewer",
		Args:    app.NoArgs,
	}
	role := app.ChoiceFlag(cmd, "role", "role of the session", "owner", "viewer")
	cmd.RunE = func(*cobra.Command, []string) error {
		asked := web.Owner
		if role.String() == "viewer" {
			asked = web.Viewer
		}
		return run(a, asked)
	}
	return cmd
}

func run(a *app.App, role web.Role) error {
	address, key, err := a.Pages()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.Out, web.NewLink(address, key, role, time.Now()))
	return err
}
