// Package privacy is `glint privacy`: the papers that a controller needs, written from
// the settings as they are.
//
// A paper states what glint does, by settings that the command has read, and nothing of
// campaigns and people. What it cannot know it marks: […] is for the operator to fill
// in, and a setting of a glint that does not run is named as unknown. None of it is
// legal advice; texts/law.md says what is law's, by which source and date, and what is
// glint's own choice.
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
		Long: `Writes papers on data protection from the settings of this home and of the running glint as they are: how consent is asked
for, how long what is kept, what privacy signals leave, who receives data. […] marks what only you know, and a list at the
end repeats it. Without a running glint its flags are named as unknown. The texts are drafts and no legal advice.`,
		Example: "  glint privacy record --output record.md\n  glint privacy notice\n  glint privacy assessment",
	}, newRecordCmd(a), newNoticeCmd(a), newAssessmentCmd(a))
}

func newRecordCmd(a *app.App) *cobra.Command {
	return paper(a, "record", &cobra.Command{
		Use:   "record",
		Short: "Write the record of processing (GDPR article 30)",
		Long: "Writes the record of processing activities: purposes, data by tracking mode, how long what is kept, who receives it, and\n" +
			"the security measures that glint has. It changes nothing.",
		Example: "  glint privacy record\n  glint privacy record --output record.md",
	})
}

func newNoticeCmd(a *app.App) *cobra.Command {
	return paper(a, "notice", &cobra.Command{
		Use:   "notice",
		Short: "Write a notice for recipients in plain words",
		Long: "Writes what a recipient has to be told (GDPR article 13), from the same facts as the record, to be put into your own\n" +
			"notice. It changes nothing.",
		Example: "  glint privacy notice\n  glint privacy notice --output notice.md",
	})
}

// errMarketing is why there is no assessment for marketing.
var errMarketing = errors.New("no legitimate interest is assessed for marketing mail: for opens of single recipients the CNIL (deliberation 2026-042 of 12 March 2026) " +
	"and the Garante (decision 284/2026 of 17 April 2026) ask for consent beforehand, and an assessment does not replace it")

func newAssessmentCmd(a *app.App) *cobra.Command {
	cmd := paper(a, "assessment", &cobra.Command{
		Use:   "assessment",
		Short: "Write a legitimate-interest assessment as a form, for transactional mail",
		Long: "Writes a form by which you assess a legitimate interest (GDPR article 6(1)(f)) in measuring transactional mail: what a\n" +
			"customer has asked for or must get. There is none for marketing, which needs consent. It changes nothing.",
		Example: "  glint privacy assessment\n  glint privacy assessment --output assessment.md",
	})
	mail := app.ChoiceFlag(cmd, "mail", "kind of mail that is assessed; marketing is refused", "transactional", "marketing")
	write := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if mail.String() == "marketing" {
			return app.UsageTry(errMarketing, "glint up --consent required, which counts who has not agreed without a person; glint help tracking")
		}
		return write(cmd, args)
	}
	return cmd
}

// paper completes a command that writes one of the texts.
func paper(a *app.App, name string, cmd *cobra.Command) *cobra.Command {
	var path string
	cmd.Args = app.NoArgs
	cmd.Flags().StringVar(&path, "output", "-", "file to write; - is stdout")
	app.ChoiceFlag(cmd, "format", "form of the text", "markdown")
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
		fmt.Fprintf(a.Err, "%s written; the list at its end says what you have to fill in\n", name)
		return nil
	}
	return cmd
}
