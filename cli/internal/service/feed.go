package service

import (
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/ingest/feed"
)

// feedFlags adds the flags of the webhook.
func (s *Service) feedFlags(cmd *cobra.Command) {
	f, c := cmd.Flags(), &s.Config.Feed
	f.StringVar(&c.URL, "webhook", "", "URL that gets each event as a signed POST, see glint webhook; a secret one is better in $GLINT_WEBHOOK (default: none)")
	s.events = app.ChoiceFlag(cmd, "webhook-events", "what the webhook gets: the first open by a person of each message, the first by anybody, clicks, or all events",
		string(feed.Reliable), string(feed.First), string(feed.Click), string(feed.All))
	f.BoolVar(&c.Recipient, "webhook-recipient", false, "let the webhook get recipients, too")
	f.BoolVar(&c.AllowPrivate, "webhook-allow-private", false, "let the webhook be in a private network, or on this machine, also by http")
	f.DurationVar(&c.GiveUp, "webhook-give-up", c.GiveUp, "age at which an event that the webhook does not take goes to $GLINT_HOME/webhook/dead.jsonl; at most 20h")
}

// fillFeed completes what the webhook needs. Its secret is made once there is a webhook.
func (s *Service) fillFeed() error {
	c, h := &s.Config.Feed, s.App.Home
	c.Events, c.Dir = feed.Events(s.events.String()), h.WebhookDir()
	if c.URL == "" {
		return nil
	}
	if _, err := h.WebhookSecrets(); err != nil {
		return err
	}
	secrets, err := h.FollowWebhookSecrets(s.Config.Logger)
	c.Secrets = secrets
	return err
}
