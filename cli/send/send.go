// Package send is `glint send`: what is told to glint about mail that goes out.
package send

import (
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "send",
		Short: "Register messages, get their pixel URLs, and import what became of them",
		Long: "Before a campaign goes out, its recipients are registered: each gets a message id and a pixel URL of its own. The\n" +
			"URL belongs into the recipient's mail; glint sends no mail. What happened to the messages, such as bounces and clicks,\n" +
			"is imported from the sender.",
		Example: "  glint send register --campaign spring --file recipients.csv --output urls.csv\n  glint send import events.csv\n  glint send snippet",
	}, newRegisterCmd(a, runRegister), newTestCmd(a), newImportCmd(a, runImport), newMarkCmd(a, runMark),
		newListCmd(a), newShowCmd(a), newRevokeCmd(a, runRevoke), newSnippetCmd(a))
}
