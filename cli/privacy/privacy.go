// Package privacy is `glint privacy`: it writes the documents that a controller needs from
// the current settings.
//
// A document states what glint does according to these settings, and contains no data of
// campaigns or people. Unknown facts are marked: […] is for the operator to fill in, and
// the settings of a glint that does not run are named as unknown. It is not legal advice;
// texts/law.md distinguishes the law's requirements, with source and date, from glint's
// own choices.
package privacy

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/ingest/host/atomicfile"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "privacy",
		Short: "Write the record of processing, a notice, or an assessment",
		Long: `Writes data protection documents from the current settings of this home and of the running glint: how consent is obtained,
retention periods, the effect of privacy signals, and the recipients of data. […] marks facts that only you know, and a list
at the end repeats them. Without a running glint, its flags are named as unknown. The texts are drafts, not legal advice.`,
		Example: "  glint privacy record --output record.md\n  glint privacy notice\n  glint privacy assessment",
	}, newRecordCmd(a), newNoticeCmd(a), newAssessmentCmd(a))
}

func newRecordCmd(a *app.App) *cobra.Command {
	return paper(a, "record", &cobra.Command{
		Use:   "record",
		Short: "Write the record of processing (GDPR article 30)",
		Long: "Writes the record of processing activities: purposes, data by tracking mode, retention periods, recipients of the data,\n" +
			"and glint's security measures. It changes nothing.",
		Example: "  glint privacy record\n  glint privacy record --output record.md",
	})
}

func newNoticeCmd(a *app.App) *cobra.Command {
	return paper(a, "notice", &cobra.Command{
		Use:   "notice",
		Short: "Write a notice for recipients in plain words",
		Long: "Writes the information that recipients must receive (GDPR article 13), from the same facts as the record. Copy it into\n" +
			"your own notice. It changes nothing.",
		Example: "  glint privacy notice\n  glint privacy notice --output notice.md",
	})
}

// errMarketing is returned for --mail marketing.
var errMarketing = errors.New("no legitimate interest is assessed for marketing mail: for opens of single recipients the CNIL (deliberation 2026-042 of 12 March 2026) " +
	"and the Garante (decision 284/2026 of 17 April 2026) ask for consent beforehand, and an assessment does not replace it")

func newAssessmentCmd(a *app.App) *cobra.Command {
	cmd := paper(a, "assessment", &cobra.Command{
		Use:   "assessment",
		Short: "Write a legitimate-interest assessment as a form, for transactional mail",
		Long: "Writes a form for the assessment of a legitimate interest (GDPR article 6(1)(f)) in measuring transactional mail: mail\n" +
			"that a customer requested or must receive. There is no form for marketing, which needs consent. It changes nothing.",
		Example: "  glint privacy assessment\n  glint privacy assessment --output assessment.md",
	})
	mail := app.ChoiceFlag(cmd, "mail", "kind of mail to assess; marketing is refused", "transactional", "marketing")
	write := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if mail.String() == "marketing" {
			return app.UsageTry(errMarketing, "glint up --consent required, which counts recipients without an agreement only in total; glint help tracking")
		}
		return write(cmd, args)
	}
	return cmd
}

// paper adds the flags and the body to a command that writes the text name.
func paper(a *app.App, name string, cmd *cobra.Command) *cobra.Command {
	var path string
	cmd.Args = app.NoArgs
	cmd.Flags().StringVar(&path, "output", "-", "file to write; - is stdout")
	app.ChoiceFlag(cmd, "format", "format of the text", "markdown")
	cmd.RunE = func(*cobra.Command, []string) error {
		f, err := gather(a.Home, a.Version, time.Now())
		if err != nil {
			return err
		}
		text, err := f.render(name)
		if err != nil {
			return err
		}
		if path == "-" {
			_, err := io.WriteString(a.Out, text)
			return err
		}
		if err := atomicfile.WriteFile(path, []byte(text)); err != nil {
			return fmt.Errorf("write the %s: %w", name, err)
		}
		fmt.Fprintf(a.Err, "%s written; the list at its end names what you have to fill in\n", name)
		return nil
	}
	return cmd
}
