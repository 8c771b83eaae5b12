package send

import (
	"context"

	"glint/edge/token"
	"glint/ingest/preferences"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// linkPreferences adds to each row the URL of its recipient's preferences page.
func (o *registerOptions) linkPreferences(ctx context.Context, w *warehouse.Warehouse, b *sends.Batch, ring *token.Ring) error {
	if o.preferences == nil {
		return nil
	}
	for _, text := range o.preferences.Warnings {
		o.note("warning: --preferences-url %s", text)
	}
	base, now := o.preferences.URL+preferences.Path, o.now()
	if _, err := preferences.NewSigner(ring); err != nil {
		return err
	}
	if _, err := w.RecipientHasher(ctx); err != nil {
		return err
	}
	b.Preferences = func() func([]byte, string) []byte {
		signer, _ := preferences.NewSigner(ring) // the ring was checked before
		hasher, _ := w.RecipientHasher(ctx)
		return func(dst []byte, recipient string) []byte {
			return signer.AppendPage(append(dst, base...), hasher.Key(recipient), now)
		}
	}
	return nil
}
