// Package deadletters is `glint log deadletters`: a look at the lines that could
// not be stored, and another try with them.
package deadletters

import (
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/ingest/deadletters"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "deadletters",
		Short: "Look at the lines that could not be stored, or send them again",
		Long: "Ingest keeps lines that it cannot store in $GLINT_HOME/deadletters, with the reason. Their files take 1 GiB at most,\n" +
			"of which each sender has a share. Further lines are not kept: ingest's log, glint audit and the metric\n" +
			"glint_dead_letters_not_kept_total give their number. Send them again once the reason is gone, or delete files.",
		Example: "  glint log deadletters list",
	}, newListCmd(a, runList), newShowCmd(a, runShow), newRetryCmd(a, runRetry))
}

// open opens the home's folder; nil if it does not exist yet.
func open(a *app.App) (*deadletters.Folder, error) {
	dir := a.Home.DeadLetterDir()
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return deadletters.Open(dir, 0)
}

// filesOf returns the folder's files; none of no folder.
func filesOf(f *deadletters.Folder) ([]deadletters.File, error) {
	if f == nil {
		return nil, nil
	}
	return f.Files()
}

// each hands the letters of a file to do. A file that is gone meanwhile has
// none.
func each(f *deadletters.Folder, name string, do func(deadletters.Letter) error) error {
	for letter, err := range f.Letters(name) {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			err = do(letter)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
