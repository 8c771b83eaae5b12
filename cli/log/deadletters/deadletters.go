// Package deadletters is `glint log deadletters`: it lists, prints and resends the lines that could
// not be stored.
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
		Short: "List, print or resend the lines that could not be stored",
		Long: "Ingest keeps lines that it cannot store in $GLINT_HOME/deadletters, with the reason. The files use at most 1 GiB, and\n" +
			"each sender has a share of it. Lines beyond that are only counted, in ingest's log, in glint audit and in the metric\n" +
			"glint_dead_letters_not_kept_total. Resend the lines once the reason is gone, or delete the files.",
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

// filesOf returns the folder's files; nil if the folder does not exist.
func filesOf(f *deadletters.Folder) ([]deadletters.File, error) {
	if f == nil {
		return nil, nil
	}
	return f.Files()
}

// each calls do for each letter of a file. A file that was deleted meanwhile has
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
