// Package send is `glint send`: it registers messages and imports their events.
package send

import (
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "send",
		Short: "Register messages, get their pixel URLs, and import their events",
		Long: "Register a campaign's recipients before you send it: each recipient gets a message id and a pixel URL. Put the URL into\n" +
			"the recipient's mail; glint sends no mail. Afterwards import events of the messages, such as bounces and clicks, from\n" +
			"the sender.",
		Example: "  glint send register --campaign spring --file recipients.csv --output urls.csv\n  glint send import events.csv\n  glint send snippet",
	}, newRegisterCmd(a, runRegister), newTestCmd(a), newImportCmd(a, runImport), newMarkCmd(a, runMark),
		newListCmd(a), newShowCmd(a), newRevokeCmd(a, runRevoke), newSnippetCmd(a))
}
