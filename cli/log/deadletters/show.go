package deadletters

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/deadletters"
)

type showOptions struct {
	app    *app.App
	file   string
	reason string
	limit  int
	format string
}

func newShowCmd(a *app.App, run func(*showOptions) error) *cobra.Command {
	o := &showOptions{app: a}
	cmd := &cobra.Command{
		Use:   "show [FILE]",
		Short: "Print lines that could not be stored",
		Long: `Prints the lines of one file, as list --files names it, or of all files, the oldest first. The table shows the beginning
of each line, without control characters; json prints one object per line, with the unchanged line, or with line_base64 if
it is not UTF-8. Lines may contain personal data.`,
		Example: "  glint log deadletters show --reason not_event\n  glint log deadletters show --limit 0 --format json",
		Args:    app.AtMostOneArg("file"),
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	cmd.Flags().StringVar(&o.reason, "reason", "", "only lines with this reason")
	cmd.Flags().IntVar(&o.limit, "limit", 20, "maximum number of lines; 0: all")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if o.limit < 0 {
			return app.UsageOf(cmd, errors.New("--limit must not be below zero"))
		}
		if len(args) > 0 {
			o.file = filepath.Base(args[0])
		}
		o.format = format.String()
		return run(o)
	}
	return cmd
}

// letterDocument is the JSON form of a letter.
type letterDocument struct {
	ReceivedAt time.Time `json:"received_at"`
	Source     *string   `json:"source"`
	Reason     string    `json:"reason"`
	Detail     string    `json:"detail"`
	File       string    `json:"file"`
	Line       *string   `json:"line"`
	LineBase64 []byte    `json:"line_base64,omitempty"`
}

// errEnough stops reading when the limit is reached.
var errEnough = errors.New("enough")

func runShow(o *showOptions) error {
	f, err := open(o.app)
	if err != nil {
		return err
	}
	files, err := filesOf(f)
	if err != nil {
		return err
	}
	if o.file != "" {
		if files, err = one(files, o.file); err != nil {
			return err
		}
	}
	shown, more := 0, false
	write, end := o.writer()
	for _, file := range files {
		err := each(f, file.Name, func(l deadletters.Letter) error {
			if o.reason != "" && l.Reason != o.reason {
				return nil
			}
			if o.limit > 0 && shown == o.limit {
				more = true
				return errEnough
			}
			shown++
			return write(file.Name, &l)
		})
		if errors.Is(err, errEnough) {
			break
		}
		if err != nil {
			return err
		}
	}
	if err := end(); err != nil {
		return err
	}
	if more {
		fmt.Fprintf(o.app.Err, "there are more; --limit 0 prints all\n")
	}
	return nil
}

func one(files []deadletters.File, name string) ([]deadletters.File, error) {
	for _, file := range files {
		if file.Name == name {
			return []deadletters.File{file}, nil
		}
	}
	return nil, app.Try(fmt.Errorf("there is no file %q of dead letters", name), "glint log deadletters list --files")
}

// writer returns a function that prints a letter, and one that ends the output.
func (o *showOptions) writer() (write func(file string, l *deadletters.Letter) error, end func() error) {
	if o.format == "json" {
		e := output.NewJSON(o.app.Out)
		return func(file string, l *deadletters.Letter) error { return e.Encode(document(file, l)) }, func() error { return nil }
	}
	t := output.NewTable("RECEIVED AT", "SOURCE", "REASON", "DETAIL", "LINE")
	return func(_ string, l *deadletters.Letter) error {
		t.Row(output.Time(&l.ReceivedAt), l.Source, l.Reason, l.Detail, beginning(l.Line))
		return nil
	}, func() error { return t.Write(o.app.Out) }
}

// cellBytes is the approximate number of bytes of a line that the table shows.
const cellBytes = 300

// beginning returns the first characters of a line.
func beginning(line string) string {
	if len(line) <= cellBytes {
		return line
	}
	end := cellBytes
	for end > cellBytes-utf8.UTFMax && !utf8.RuneStart(line[end]) {
		end--
	}
	return line[:end] + "…"
}

func document(file string, l *deadletters.Letter) *letterDocument {
	d := &letterDocument{ReceivedAt: l.ReceivedAt, Reason: l.Reason, Detail: l.Detail, File: file}
	if l.Source != "" {
		d.Source = &l.Source
	}
	if utf8.ValidString(l.Line) {
		d.Line = &l.Line
	} else {
		d.LineBase64 = []byte(l.Line)
	}
	return d
}
