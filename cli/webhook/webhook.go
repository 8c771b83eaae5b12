// Package webhook is `glint webhook`: what receives the events of --webhook has to know.
package webhook

import (
	"fmt"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/ingest/feed"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "webhook",
		Short: "Show by which secret the webhook's requests are signed",
		Long: `glint up --webhook URL posts each event there within seconds, as one JSON object:

  id            the same at each try: keep it, and leave out what comes again
  campaign, campaign_id, message_id, kind, at (RFC 3339), class, reason, test
  recipient     with --webhook-recipient, and only of an identified message

Its class is that of the rules on the request alone; glint judge may change it later. Any 2xx within 15 s means taken,
410 stops the webhook until glint starts again, all else is tried again until --webhook-give-up. Events come in any order.

Each request has the headers of https://www.standardwebhooks.com, whose libraries check them: webhook-id, webhook-timestamp
(Unix seconds) and webhook-signature. To check by yourself: cut "whsec_" off the secret and decode the rest as base64;
compute HMAC-SHA256 with it over "ID.TIMESTAMP.BODY", the body as it came; it must equal, as base64, what stands behind
"v1," in one of the parts of webhook-signature, which blanks separate. Refuse a timestamp that is minutes away.`,
		Example: "  glint webhook secret",
	}, newSecretCmd(a))
}

func newSecretCmd(a *app.App) *cobra.Command {
	var renew, dryRun bool
	cmd := &cobra.Command{
		Use:   "secret",
		Short: "Print the secret by which the webhook's requests are signed",
		Long: `Prints the secret for now, and creates it if missing. It is kept in $GLINT_HOME/webhook.secret, for its owner only.

With --new it makes another one, from which on each request is signed by both: give the new one to the receiver, which
accepts either meanwhile. The old one ends with the next --new. A running glint takes it within seconds.`,
		Example: "  glint webhook secret\n  glint webhook secret --new",
		Args:    app.NoArgs,
	}
	cmd.Flags().BoolVar(&renew, "new", false, "make a new secret; the one before signs as well")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "with --new: say what would be done, and change nothing")
	cmd.RunE = func(*cobra.Command, []string) error {
		if renew && dryRun {
			fmt.Fprintln(a.Err, "a new secret would be made; nothing was changed (--dry-run)")
			return nil
		}
		secrets, err := secretsOf(a.Home, renew)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(a.Out, secrets[0])
		return err
	}
	return cmd
}

func secretsOf(h home.Home, renew bool) ([]feed.Secret, error) {
	if renew {
		return h.NewWebhookSecret()
	}
	return h.WebhookSecrets()
}
