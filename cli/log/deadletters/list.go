package deadletters

import (
	"cmp"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
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
		Long:    "Prints a row for each reason: in how many files such lines are, how many they are, and when the first and the last came.",
		Example: "  glint log deadletters list\n  glint log deadletters list --files --format json",
		Args:    app.NoArgs,
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json", "csv")
	cmd.Flags().BoolVar(&o.files, "files", false, "a row for each file and reason")
	cmd.RunE = func(*cobra.Command, []string) error {
		o.format = format.String()
		return run(o)
	}
	return cmd
}

// row is what is printed of a reason, or of a reason in a file.
type row struct {
	Reason          string    `json:"reason"`
	File            string    `json:"file,omitempty"`
	Files           int       `json:"files"`
	Lines           int       `json:"lines"`
	LineBytes       int64     `json:"line_bytes"`
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
	switch o.format {
	case "json":
		e := output.NewJSON(o.app.Out)
		e.SetIndent("", "  ")
		return e.Encode(rows)
	case "csv":
		return writeCSV(o.app.Out, rows)
	}
	return table(o, rows).Write(o.app.Out)
}

// count reads all files. The rows are sorted by reason, then by file.
func count(o *listOptions) ([]*row, error) {
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
	sorted := []*row{}
	for _, r := range rows {
		sorted = append(sorted, r)
	}
	slices.SortFunc(sorted, func(a, b *row) int {
		return cmp.Or(strings.Compare(a.Reason, b.Reason), a.FirstReceivedAt.Compare(b.FirstReceivedAt), strings.Compare(a.File, b.File))
	})
	return sorted, nil
}

func table(o *listOptions, rows []*row) *output.Table {
	header := []string{"REASON", "FILES", "LINES", "BYTES", "FIRST RECEIVED AT", "LAST RECEIVED AT"}
	if o.files {
		header[1] = "FILE"
	}
	t := output.NewTable(header...).AlignRight(2, 3)
	if !o.files {
		t.AlignRight(1)
	}
	for _, r := range rows {
		files := output.Count(uint64(r.Files))
		if o.files {
			files = r.File
		}
		t.Row(r.Reason, files, output.Count(uint64(r.Lines)), output.Count(uint64(r.LineBytes)),
			output.Time(&r.FirstReceivedAt), output.Time(&r.LastReceivedAt))
	}
	return t
}

// writeCSV writes the fields of the JSON form. No field can be a formula of a
// spreadsheet: reasons and file names are words of ours.
func writeCSV(w io.Writer, rows []*row) error {
	c := csv.NewWriter(w)
	_ = c.Write([]string{"reason", "file", "files", "lines", "line_bytes", "first_received_at", "last_received_at"}) // Error has it
	for _, r := range rows {
		_ = c.Write([]string{
			r.Reason, r.File, strconv.Itoa(r.Files), strconv.Itoa(r.Lines), strconv.FormatInt(r.LineBytes, 10),
			r.FirstReceivedAt.Format(time.RFC3339Nano), r.LastReceivedAt.Format(time.RFC3339Nano),
		})
	}
	c.Flush()
	return c.Error()
}
