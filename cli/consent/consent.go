// Package consent is `glint consent`: recipients' choices about being measured, and
// the proof of them.
package consent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/consent"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "consent",
		Short: "Record, list and prove recipients' choices",
		Long: "A recipient can agree to be measured, refuse, or withdraw an agreement. The choices are in an append-only ledger.\n" +
			"glint send register applies them. A refusal also applies to mail that was already sent: its later opens belong to no\n" +
			"message. Recipients without a choice fall under the home's policy: --consent of glint up and glint serve.",
		Example: "  glint consent set ann@example.com withdrawn --method phone\n  glint consent list",
	}, newSetCmd(a), newImportCmd(a), newListCmd(a), newLinkCmd(a), newTextCmd(a), newExportCmd(a), newVerifyCmd(a))
}

// session is an open warehouse with the ledger of choices.
type session struct {
	*warehouse.Warehouse
	hasher   *warehouse.RecipientHasher
	recorder consent.Recorder
}

func open(ctx context.Context, a *app.App, dsn string) (*session, error) {
	settings, err := a.Home.ConsentSettings()
	if err != nil {
		return nil, err
	}
	w, err := a.OpenWarehouse(ctx, dsn, app.OwnDatabase)
	if err != nil {
		return nil, err
	}
	hasher, err := w.RecipientHasher(ctx)
	if err != nil {
		_ = w.Close() // only closes sockets
		return nil, err
	}
	return &session{w, hasher, consent.Recorder{Warehouse: w, Book: a.Home, Fate: settings.Fate()}}, nil
}

func (s *session) close() { _ = s.Close() } // only closes sockets

// key returns the recipient's key; nil for "".
func (s *session) key(recipient string) (*warehouse.RecipientKey, error) {
	if recipient == "" {
		return nil, nil
	}
	normal, err := sends.Normalize(recipient)
	if err != nil {
		return nil, app.Usage(err)
	}
	key := s.hasher.Key(normal)
	return &key, nil
}

// record records the changes and prints the outcome on stderr.
func (s *session) record(ctx context.Context, a *app.App, changes []consent.Change) error {
	o, err := s.recorder.Record(ctx, changes)
	if errors.Is(err, consent.ErrChange) {
		return app.Usage(err)
	}
	if err != nil {
		return app.Try(err, "repeat the command; it records nothing twice")
	}
	text := fmt.Sprintf("recorded %s", output.Plural(o.Recorded, "choice", "choices"))
	if o.Known > 0 {
		text += fmt.Sprintf(", %s known", output.Count(uint64(o.Known)))
	}
	if o.Older > 0 {
		text += fmt.Sprintf(", %s older than the choice that holds", output.Count(uint64(o.Older)))
	}
	if o.Withdrawn > 0 {
		text += fmt.Sprintf("; %s not measured from now on", output.Plural(o.Withdrawn, "recipient is", "recipients are"))
	}
	if o.Swept.Opens+o.Swept.Messages > 0 {
		text += fmt.Sprintf("; %s taken from %s", output.Plural(int(o.Swept.Opens), "open", "opens"), output.Plural(int(o.Swept.Messages), "message", "messages"))
	}
	fmt.Fprintln(a.Err, text)
	return nil
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
