package home

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"

	"glint/ingest/feed"
	"glint/ingest/host/atomicfile"
	"glint/ingest/host/reload"
)

// WebhookDir returns the folder of the webhook's position and of events that it did not accept.
func (h Home) WebhookDir() string { return h.path("webhook") }

// WebhookSecretFile returns the file with the secrets that sign the webhook's requests,
// the current one first. Only its owner can read it.
func (h Home) WebhookSecretFile() string { return h.path("webhook.secret") }

// WebhookSecrets returns the secrets, and creates one if the file is missing.
func (h Home) WebhookSecrets() ([]feed.Secret, error) {
	all, err := h.readWebhookSecrets()
	if !errors.Is(err, fs.ErrNotExist) {
		return all, err
	}
	return h.keepWebhookSecrets(feed.NewSecret())
}

// NewWebhookSecret adds a new current secret. The previous one also signs until the next
// call; older ones are dropped.
func (h Home) NewWebhookSecret() ([]feed.Secret, error) {
	before, err := h.WebhookSecrets()
	if err != nil {
		return nil, err
	}
	return h.keepWebhookSecrets(feed.NewSecret(), before[0])
}

func (h Home) readWebhookSecrets() ([]feed.Secret, error) {
	text, err := readPrivate(h.WebhookSecretFile())
	if err != nil {
		return nil, fmt.Errorf("read the webhook's secret: %w", err)
	}
	all, err := feed.ParseSecrets(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", h.WebhookSecretFile(), err)
	}
	return all, nil
}

func (h Home) keepWebhookSecrets(all ...feed.Secret) ([]feed.Secret, error) {
	if err := h.Make(); err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString("# Both sign the webhook's requests. The first is the current secret, the second the previous one.\n")
	for _, s := range all {
		b.WriteString(s.String() + "\n")
	}
	if err := atomicfile.WriteFile(h.WebhookSecretFile(), []byte(b.String())); err != nil {
		return nil, fmt.Errorf("keep the webhook's secret: %w", err)
	}
	return all, nil
}

// FollowWebhookSecrets returns a function that returns the secrets in the file at the time
// of the call. If the file is faulty, it logs that and returns the previous secrets.
func (h Home) FollowWebhookSecrets(logger *slog.Logger) (func() ([]feed.Secret, error), error) {
	value, err := reload.Open(reload.Options{
		Fault: func(err error) {
			logger.Error("the webhook's secret is faulty, the previous one stays in use", "error", err)
		},
	}, h.readWebhookSecrets, h.WebhookSecretFile())
	if err != nil {
		return nil, err
	}
	return func() ([]feed.Secret, error) { return value.Get(), nil }, nil
}
