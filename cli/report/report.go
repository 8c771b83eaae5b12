// Package report is `glint report`: it prints the numbers of campaigns.
package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/listing"
	"glint/cli/internal/output"
	"glint/cli/internal/report"
	"glint/ingest/host/atomicfile"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// Options are the parsed arguments and flags of the command.
type Options struct {
	App      *app.App
	Campaign string        // "": list the last campaigns
	Other    string        // the campaign to compare with
	Since    time.Duration // of a trend
	Recency  bool
	Explain  bool
	Format   string
	Output   string // file; "": stdout
	Open     bool   // show the page in a browser
	Zone     *time.Location
	Fresh    bool // compute the numbers now, ignore snapshots
	DSN      string
}

// NewCmd returns the command, which calls run with the parsed options; a nil run
// stands for the real one.
func NewCmd(a *app.App, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = Run
	}
	o := &Options{App: a}
	cmd := &cobra.Command{
		Use:   "report [CAMPAIGN [OTHER]]",
		Short: "Print a campaign's opens and open rates, or compare it with another",
		Long: `Prints the numbers of the campaign with that name or id, computed from its current opens; those of a large campaign
or account may be seconds old (computed_at, --fresh). Without an argument it prints a line for each of the last ten
campaigns. It changes nothing. The README defines each number, cli/JSON.md each field.

For two campaigns it prints the difference of their open rates among the recipients who got both and whose opens are
visible; for this it signs in as the warehouse's own user. --explain prints each definition with the campaign's numbers
filled in and its SQL. --since prints the campaigns of a period, --recency the time since recipients last opened.

The same numbers are available as text, Markdown, CSV, JSON, or a page in one file that loads nothing and runs no script:
--format html --output FILE writes the page, --open shows it in your browser.`,
		Example: "  glint report spring\n  glint report spring --format json\n  glint report spring --format html --output report.html\n" +
			"  glint report spring --explain\n  glint report spring summer\n  glint report --since 90d\n  glint report --recency",
		Args: arguments,
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json", "csv", "markdown", "html")
	f := cmd.Flags()
	f.StringVar(&o.Output, "output", "", "file to write, instead of stdout")
	f.BoolVar(&o.Open, "open", false, "write the page to --output, or a temporary file, and show it in the browser")
	listing.FreshFlag(cmd, &o.Fresh)
	zone := app.ZoneFlag(cmd)
	app.WarehouseFlag(cmd, &o.DSN)
	f.Var((*period)(&o.Since), "since", "print the campaigns that began in the last days or weeks, such as 90d or 12w")
	f.BoolVar(&o.Recency, "recency", false, "print the time since the recipients of all campaigns last opened a message")
	f.BoolVar(&o.Explain, "explain", false, "print each definition with the campaign's numbers filled in, and its SQL")
	cmd.ValidArgsFunction = a.CompleteCampaigns
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.Format, o.Zone = format.String(), zone.Location
		if len(args) > 0 {
			o.Campaign = args[0]
		}
		if len(args) > 1 {
			o.Other = args[1]
		}
		if o.Open {
			if cmd.Flags().Changed("format") && o.Format != "html" {
				return app.UsageOf(cmd, errors.New("--open shows the form html only"))
			}
			o.Format = "html"
		}
		if o.Campaign == "" && (o.Open || o.Format == "html" || o.Format == "markdown") {
			return app.UsageOf(cmd, fmt.Errorf("--format %s wants one argument, the campaign's name or id", o.Format))
		}
		if o.Other != "" && o.Format != "table" && o.Format != "json" {
			return app.UsageOf(cmd, errors.New("a comparison has the forms table and json"))
		}
		return run(cmd.Context(), o)
	}
	return cmd
}

// Run prints the report, the comparison or the list that o asks for.
func Run(ctx context.Context, o *Options) error {
	switch {
	case o.Other != "":
		return compare(ctx, o)
	case o.Since > 0:
		return trend(ctx, o)
	case o.Recency:
		return recency(ctx, o)
	}
	w, err := o.App.OpenWarehouse(ctx, o.DSN, app.ReadViews)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	if o.Campaign == "" {
		return o.last(ctx, w)
	}
	gather := report.Gather
	if o.Format == "json" {
		gather = report.Numbers
	}
	d, err := gather(ctx, w, o.Campaign, o.Zone, o.Fresh)
	if errors.Is(err, warehouse.ErrNoCampaign) {
		return o.App.NoCampaign(ctx, w, o.Campaign)
	}
	if err != nil {
		return err
	}
	if o.Explain {
		return writeDefinitions(o.App.Out, d.Numbers)
	}
	settings, err := o.App.Home.ConsentSettings()
	if err != nil {
		return err
	}
	d.Numbers.NoPolicy = settings.Policy == sends.PolicyUnset
	d.Lists = o.lists()
	return o.write(d)
}

// lastCount is the number of campaigns that are listed without an argument.
const lastCount = 10

// last lists the last campaigns.
func (o *Options) last(ctx context.Context, w *warehouse.Warehouse) error {
	all, err := w.Campaigns(ctx, 100)
	if err != nil {
		return err
	}
	listed := report.Listed(all)
	listed = listed[:min(len(listed), lastCount)]
	lines, err := report.Overview(ctx, w, listed)
	if err != nil {
		return err
	}
	if len(listed) == 0 {
		fmt.Fprintln(o.App.Err, "there is no campaign yet; glint send register makes the first one (glint campaign list --all also lists demo, doctor and archived ones)")
	}
	return o.to(func(w io.Writer) error { return output.WriteRows(w, o.Format, lines, report.NotInTables...) })
}

// lists returns the network lists of this home; nil if the warehouse belongs to
// another home.
func (o *Options) lists() []report.List {
	if o.DSN != "" {
		return nil
	}
	return report.ListsOf(string(o.App.Home))
}

// write writes the report in the requested form to the requested place.
func (o *Options) write(d *report.Data) error {
	if o.Open && o.Output == "" {
		dir, err := os.MkdirTemp("", "glint-report-")
		if err != nil {
			return fmt.Errorf("make a folder for the page: %w", err)
		}
		o.Output = filepath.Join(dir, "report.html")
	}
	if err := o.to(func(w io.Writer) error { return o.render(w, d) }); err != nil {
		return err
	}
	if o.Open {
		return show(o.Output)
	}
	return nil
}

// to calls write with --output or stdout. A file appears only when it is complete.
func (o *Options) to(write func(io.Writer) error) error {
	if o.Output == "" || o.Output == "-" {
		return write(o.App.Out)
	}
	file, err := atomicfile.Create(o.Output)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	defer func() { _ = file.Close() }()
	if err := write(file); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := file.Commit(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	fmt.Fprintf(o.App.Err, "wrote %s\n", output.Safe(o.Output))
	return nil
}

func (o *Options) render(w io.Writer, d *report.Data) error {
	switch o.Format {
	case "json":
		return report.WriteJSON(w, d.Numbers)
	case "csv":
		return report.WriteCSV(w, report.Of(d))
	case "markdown":
		return report.WriteMarkdown(w, report.Of(d))
	case "html":
		return report.WriteHTML(w, report.Of(d))
	}
	return report.WriteTable(w, report.Of(d), output.StyleOf(w, o.App.Getenv))
}

// show opens a file in the system's browser.
func show(file string) error {
	opener := "xdg-open"
	if runtime.GOOS == "darwin" {
		opener = "open"
	}
	if err := exec.Command(opener, file).Start(); err != nil { //nolint:gosec // the program of the system, with a file of ours
		return app.Try(fmt.Errorf("show the page: %w", err), "open "+output.Quote(file)+" in a browser")
	}
	return nil
}
