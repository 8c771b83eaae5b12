package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/consent"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// textFlags identify the text that was shown to the recipient.
type textFlags struct{ file, hash, version, method, purpose string }

func (f *textFlags) add(cmd *cobra.Command, method string) {
	cmd.Flags().StringVar(&f.method, "method", method, "way in which the choice was made, such as form, phone or mail")
	cmd.Flags().StringVar(&f.file, "text", "", "file of the text that was shown; only its hash is stored")
	cmd.Flags().StringVar(&f.hash, "text-hash", "", "SHA-256 of that text in hex, instead of the file")
	cmd.Flags().StringVar(&f.version, "text-version", "", "your name for the version of that text")
	cmd.Flags().StringVar(&f.purpose, "purpose", consent.PurposeOpens, "purpose of the choice; only opens has an effect")
}

// change returns a change with the values of the flags.
func (f *textFlags) change() (c consent.Change, err error) {
	c = consent.Change{Purpose: f.purpose, Method: f.method, TextHash: f.hash, TextVersion: f.version}
	if f.file == "" {
		return c, nil
	}
	if f.hash != "" {
		return c, app.Usage(errors.New("--text and --text-hash exclude each other"))
	}
	text, err := os.ReadFile(f.file)
	if err != nil {
		return c, fmt.Errorf("read the text that was shown: %w", err)
	}
	sum := sha256.Sum256(text)
	c.TextHash = hex.EncodeToString(sum[:])
	return c, nil
}

func newSetCmd(a *app.App) *cobra.Command {
	var choice, at, dsn string
	var text textFlags
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "set RECIPIENT [CHOICE]",
		Short: "Record a recipient's choice",
		Long: "Records one choice: agreed, refused, withdrawn or unknown. A refusal or withdrawal takes effect at once, also for mail\n" +
			"that was already sent: later opens belong to no message, and --withdrawn of glint up and glint serve applies to earlier\n" +
			"ones. A later agreement applies only to mail that is sent after it. The choice with the latest --at is in force, in\n" +
			"whatever order choices are recorded. A refusal cannot become unknown for six months.",
		Example: "  glint consent set ann@example.com agreed --method form --text notice.txt --text-version 2026-07\n" +
			"  glint consent set ann@example.com withdrawn --at 2026-11-28T10:00:00Z",
		Args: cobra.ArbitraryArgs,
	}
	f := cmd.Flags()
	f.StringVar(&choice, "choice", "", "the choice: "+warehouse.Choices)
	f.StringVar(&at, "at", "", "time of the choice, RFC 3339 (default: now)")
	f.BoolVar(&dryRun, "dry-run", false, "check the choice, record nothing")
	text.add(cmd, "operator")
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 2 && choice == "" {
			choice, args = args[1], args[:1]
		}
		if len(args) != 1 || choice == "" {
			return app.UsageOf(cmd, errors.New("want a recipient and a choice"))
		}
		c, err := text.change()
		if err != nil {
			return err
		}
		if c.Choice, err = warehouse.ParseChoice(choice); err != nil {
			return app.UsageOf(cmd, fmt.Errorf("unknown choice; want one of %s", warehouse.Choices))
		}
		now := time.Now()
		c.DecidedAt = now
		if at != "" {
			t, err := sends.ParseTime(at, nil)
			if err != nil {
				return app.UsageOf(cmd, errors.New(sends.TimeFault("--at", err)))
			}
			c.DecidedAt = t.Time
		}
		if _, err := sends.Normalize(args[0]); err != nil {
			return app.UsageOf(cmd, err)
		}
		if err := c.Check(now); err != nil {
			return app.UsageOf(cmd, err)
		}
		if dryRun {
			fmt.Fprintf(a.Err, "%s could be recorded; nothing was changed (--dry-run)\n", output.Plural(1, "choice", "choices"))
			return nil
		}
		s, err := open(cmd.Context(), a, dsn)
		if err != nil {
			return err
		}
		defer s.close()
		key, err := s.key(args[0])
		if err != nil {
			return err
		}
		c.Recipient = *key
		return s.record(cmd.Context(), a, []consent.Change{c})
	}
	return cmd
}
