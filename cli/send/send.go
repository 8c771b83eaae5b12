// Package send is `glint send`: what is told to glint about mail that goes out.
package send

import (
	"github.com/spf13/cobra"

	"glint/cli/app"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "send",
		Short: "Register messages and get their pixel URLs",
	}, newRegisterCmd(a, runRegister), newSnippetCmd(a))
}
