package service

import (
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/ingest/feed"
)

// feedFlags adds the flags of the webhook.
func (s *Service) feedFlags(cmd *cobra.Command) {
	f, c := cmd.Flags(), &s.Config.Feed
	f.StringVar(&c.URL, "webhook", "", "URL that receives each event as a signed POST, see glint webhook; put a secret URL into $GLINT_WEBHOOK (default: none)")
	s.events = app.ChoiceFlag(cmd, "webhook-events", "events for the webhook: each message's first open by a person, its first open by any client, clicks, or all events",
		string(feed.Reliable), string(feed.First), string(feed.Click), string(feed.All))
	f.BoolVar(&c.Recipient, "webhook-recipient", false, "send recipients to the webhook, too")
	f.BoolVar(&c.AllowPrivate, "webhook-allow-private", false, "allow a webhook in a private network or on this machine, also over http")
	f.DurationVar(&c.GiveUp, "webhook-give-up", c.GiveUp, "age at which an event that the webhook does not accept goes to $GLINT_HOME/webhook/dead.jsonl; at most 20h")
}

// fillFeed completes the configuration of the webhook. If there is one, it makes a missing secret.
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
