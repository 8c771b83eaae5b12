// Package log is `glint log`: it inspects, verifies and repairs the write-ahead log of
// ingest.
package log

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/cli/log/deadletters"
	"glint/ingest/wal"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "log",
		Short: "Inspect, verify or repair the write-ahead log",
		Long: "Ingest appends each accepted body to a log in $GLINT_HOME/log before it answers, and inserts from there. These commands\n" +
			"read the log; only repair changes it. Lines that cannot be inserted become dead letters.",
		Example: "  glint log verify",
	}, newInspectCmd(a), newVerifyCmd(a), newRepairCmd(a), deadletters.NewCmd(a))
}

// options are the parsed arguments and flags of a command.
type options struct {
	app    *app.App
	dir    string
	format string
	dryRun bool
}

// verb completes a command that takes the log's folder; the default is the log of the home.
func verb(a *app.App, cmd *cobra.Command, run func(*options) error) *cobra.Command {
	o := &options{app: a}
	cmd.Args = app.AtMostOneArg("folder of the log")
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	if cmd.Name() == "repair" {
		cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "print what would be repaired, and change nothing")
	}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		o.dir, o.format = a.Home.LogDir(), format.String()
		if len(args) > 0 {
			o.dir = args[0]
		}
		return run(o)
	}
	return cmd
}

func newInspectCmd(a *app.App) *cobra.Command {
	return verb(a, &cobra.Command{
		Use:   "inspect [DIR]",
		Short: "List the segments of a log and their contents",
		Long: "Reads the log in DIR (default: $GLINT_HOME/log), or its lanes live, replay and sends, and prints a row for each segment, a row\n" +
			"for the total, and the number of bytes in quarantine. It changes nothing and may run while glint runs.",
		Example: "  glint log inspect",
	}, runInspect)
}

func runInspect(o *options) error {
	reports, err := reportsOf(o.dir, wal.Inspect)
	if err != nil {
		return err
	}
	for _, r := range reports {
		noteTornEnd(o, r)
		noteQuarantine(o, r)
	}
	if o.format == "json" {
		return output.WriteJSON(o.app.Out, reports)
	}
	return segmentTable(reports).Write(o.app.Out)
}

func newVerifyCmd(a *app.App) *cobra.Command {
	return verb(a, &cobra.Command{
		Use:   "verify [DIR]",
		Short: "Check every byte of a log; exit code 3 if it is damaged",
		Long: "Reads every byte of the log in DIR (default: $GLINT_HOME/log), or of its lanes, and prints a row for each damaged place.\n" +
			"It changes nothing and may run while glint runs. The exit code is 3 if there is damage. An incomplete record at the end,\n" +
			"which was being written when glint stopped, is not damage: it was never acknowledged.",
		Example: "  glint log verify",
	}, runVerify)
}

func runVerify(o *options) error {
	reports, err := reportsOf(o.dir, wal.Inspect)
	if err != nil {
		return err
	}
	if err := writeDamages(o, reports); err != nil {
		return err
	}
	if n := damages(reports); n > 0 {
		return app.Problem(errors.New(output.Plural(n, "damage", "damages")+" found in "+o.dir), "glint log repair "+o.dir)
	}
	fmt.Fprintln(o.app.Err, "no damage in", output.Plural(records(reports), "record", "records"))
	return nil
}

func newRepairCmd(a *app.App) *cobra.Command {
	return verb(a, &cobra.Command{
		Use:   "repair [DIR]",
		Short: "Move damaged bytes of a log to quarantine",
		Long: "Copies damaged bytes of the log in DIR (default: $GLINT_HOME/log), or of its lanes, to the folder quarantine beside the\n" +
			"segments, marks their place in the segments, and prints a row for each. An incomplete record at the end is cut off. All\n" +
			"other records stay. glint must not run. Running the command again changes nothing.",
		Example: "  glint log repair --dry-run",
	}, runRepair)
}

func runRepair(o *options) error {
	repair := func(dir string) (*wal.Report, error) { return wal.Repair(dir, o.app.Logger("warn")) }
	done := "moved to quarantine: "
	if o.dryRun {
		repair, done = wal.Inspect, "to be moved to quarantine: "
	}
	reports, err := reportsOf(o.dir, repair)
	if err != nil {
		return err
	}
	if err := writeDamages(o, reports); err != nil {
		return err
	}
	if n := damages(reports); n > 0 {
		fmt.Fprintln(o.app.Err, done+output.Plural(n, "damage", "damages"))
	} else {
		fmt.Fprintln(o.app.Err, "nothing to put into quarantine")
	}
	return nil
}

// reportsOf returns the report of each log in dir, as made by ask.
func reportsOf(dir string, ask func(string) (*wal.Report, error)) ([]*wal.Report, error) {
	dirs, err := wal.Find(dir)
	if errors.Is(err, wal.ErrNoLog) || errors.Is(err, fs.ErrNotExist) {
		return nil, app.Try(fmt.Errorf("there is no log in %s", dir), "name the folder that holds live, replay and sends, or one of them")
	}
	if err != nil {
		return nil, err
	}
	reports := make([]*wal.Report, 0, len(dirs))
	for _, d := range dirs {
		r, err := ask(d)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

func damages(reports []*wal.Report) (n int) {
	for _, r := range reports {
		n += len(r.Damages)
	}
	return n
}

func records(reports []*wal.Report) (n int) {
	for _, r := range reports {
		n += int(r.Records())
	}
	return n
}

func noteQuarantine(o *options, r *wal.Report) {
	if r.QuarantineFiles > 0 {
		fmt.Fprintf(o.app.Err, "%s: %s with %s in quarantine; they stay until you delete them\n",
			output.Safe(r.Dir), output.Plural(r.QuarantineFiles, "file", "files"), output.Plural(int(r.QuarantineBytes), "byte", "bytes"))
	}
}

func noteTornEnd(o *options, r *wal.Report) {
	if r.TornBytes > 0 {
		fmt.Fprintf(o.app.Err, "%s: %s at the end belong to a record that was never acknowledged\n",
			output.Safe(r.Dir), output.Plural(int(r.TornBytes), "byte", "bytes"))
	}
}
