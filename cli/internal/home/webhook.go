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

// WebhookDir holds how far the webhook has come, and events that it did not take.
func (h Home) WebhookDir() string { return h.path("webhook") }

// WebhookSecretFile has the secrets by which the webhook's requests are signed, the one
// for now first, for its owner only.
func (h Home) WebhookSecretFile() string { return h.path("webhook.secret") }

// WebhookSecrets returns the secrets, and creates the first one if there are none.
func (h Home) WebhookSecrets() ([]feed.Secret, error) {
	all, err := h.readWebhookSecrets()
	if !errors.Is(err, fs.ErrNotExist) {
		return all, err
	}
	return h.keepWebhookSecrets(feed.NewSecret())
}

// NewWebhookSecret puts a new secret before the one for now, which signs as well until
// the next new one. Others are dropped.
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
	b.WriteString("# Each signs the webhook's requests. The first one is for now, the other one was before it.\n")
	for _, s := range all {
		b.WriteString(s.String() + "\n")
	}
	if err := atomicfile.WriteFile(h.WebhookSecretFile(), []byte(b.String())); err != nil {
		return nil, fmt.Errorf("keep the webhook's secret: %w", err)
	}
	return all, nil
}

// FollowWebhookSecrets returns the secrets as they are at each call. A faulty file leaves
// those of before in use, and is logged.
func (h Home) FollowWebhookSecrets(logger *slog.Logger) (func() ([]feed.Secret, error), error) {
	value, err := reload.Open(reload.Options{
		Fault: func(err error) {
			logger.Error("the webhook's secret is not taken, that of before stays in use", "error", err)
		},
	}, h.readWebhookSecrets, h.WebhookSecretFile())
	if err != nil {
		return nil, err
	}
	return func() ([]feed.Secret, error) { return value.Get(), nil }, nil
}
