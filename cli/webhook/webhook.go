// Package webhook is `glint webhook`: it prints the secret that signs the requests of --webhook.
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
		Short: "Show the secret that signs the webhook's requests",
		Long: `glint up --webhook URL posts each event there within seconds, as one JSON object:

  id            the same at each try: remember it, and ignore repeats
  campaign, campaign_id, message_id, kind, at (RFC 3339), class, reason, test
  recipient     with --webhook-recipient, and only of an identified message

The class is that of the request alone; glint judge may change it later. A 2xx within 15 s accepts the event, 410 stops the
webhook until glint starts again, and any other outcome is retried until --webhook-give-up. Events arrive in any order.

Each request has the headers of https://www.standardwebhooks.com, whose libraries verify them: webhook-id, webhook-timestamp
(Unix seconds) and webhook-signature. To verify a request yourself: remove "whsec_" from the secret and decode the rest as
base64; compute with it the HMAC-SHA256 of "ID.TIMESTAMP.BODY", with the unchanged body; encode the result as base64. It
must equal the text after "v1," in one of the space-separated parts of webhook-signature. Refuse a timestamp that differs
by minutes from the current time.`,
		Example: "  glint webhook secret",
	}, newSecretCmd(a))
}

func newSecretCmd(a *app.App) *cobra.Command {
	var renew, dryRun bool
	cmd := &cobra.Command{
		Use:   "secret",
		Short: "Print the secret that signs the webhook's requests",
		Long: `Prints the current secret, and creates it if it is missing. It is in $GLINT_HOME/webhook.secret, readable by its owner only.

--new makes a further secret. From then on both secrets sign each request, so the receiver can switch at any time: give it
the new one. The next --new ends the old one. A running glint uses the new secret within seconds.`,
		Example: "  glint webhook secret\n  glint webhook secret --new",
		Args:    app.NoArgs,
	}
	cmd.Flags().BoolVar(&renew, "new", false, "make a new secret; the previous one signs as well")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "with --new: print what would be done, and change nothing")
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
