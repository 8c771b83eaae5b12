package deadletters

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/deadletters"
)

type listOptions struct {
	app    *app.App
	files  bool
	format string
}

func newListCmd(a *app.App, run func(*listOptions) error) *cobra.Command {
	o := &listOptions{app: a}
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Count the lines that could not be stored, by reason",
		Long:    "Prints a row for each reason: the number of files and lines, and the time of the first and the last line.",
		Example: "  glint log deadletters list\n  glint log deadletters list --files --format json",
		Args:    app.NoArgs,
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json", "csv")
	cmd.Flags().BoolVar(&o.files, "files", false, "print a row for each file and reason")
	cmd.RunE = func(*cobra.Command, []string) error {
		o.format = format.String()
		return run(o)
	}
	return cmd
}

// row is the output row of a reason or, with --files, of a reason in a file.
type row struct {
	Reason          string    `json:"reason"`
	File            string    `json:"file,omitempty"`
	Files           int       `json:"files"`
	Lines           int       `json:"lines"`
	LineBytes       int64     `json:"line_bytes" table:"BYTES"`
	FirstReceivedAt time.Time `json:"first_received_at"`
	LastReceivedAt  time.Time `json:"last_received_at"`
}

func (r *row) add(l *deadletters.Letter) {
	if r.Lines == 0 || l.ReceivedAt.Before(r.FirstReceivedAt) {
		r.FirstReceivedAt = l.ReceivedAt
	}
	if r.Lines == 0 || l.ReceivedAt.After(r.LastReceivedAt) {
		r.LastReceivedAt = l.ReceivedAt
	}
	r.Lines++
	r.LineBytes += int64(len(l.Line))
}

func runList(o *listOptions) error {
	rows, err := count(o)
	if err != nil {
		return err
	}
	without := "file"
	if o.files {
		without = "files"
	}
	return output.WriteRows(o.app.Out, o.format, rows, without)
}

// count reads all files and returns the rows, sorted by reason, then by file.
func count(o *listOptions) ([]row, error) {
	f, err := open(o.app)
	if err != nil {
		return nil, err
	}
	files, err := filesOf(f)
	if err != nil {
		return nil, err
	}
	type key struct{ reason, file string }
	rows := map[key]*row{}
	for _, file := range files {
		seen := map[string]bool{} // reasons in this file
		err := each(f, file.Name, func(l deadletters.Letter) error {
			k := key{reason: l.Reason}
			if o.files {
				k.file = file.Name
			}
			r := rows[k]
			if r == nil {
				r = &row{Reason: l.Reason, File: k.file}
				rows[k] = r
			}
			if !seen[l.Reason] {
				seen[l.Reason] = true
				r.Files++
			}
			r.add(&l)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	sorted := make([]row, 0, len(rows))
	for _, r := range rows {
		sorted = append(sorted, *r)
	}
	slices.SortFunc(sorted, func(a, b row) int {
		return cmp.Or(strings.Compare(a.Reason, b.Reason), a.FirstReceivedAt.Compare(b.FirstReceivedAt), strings.Compare(a.File, b.File))
	})
	return sorted, nil
}
