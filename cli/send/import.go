package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/edge/pixel"
	"glint/ingest/deliveries"
	"glint/ingest/networks"
	"glint/ingest/sheet"
	"glint/ingest/warehouse"
)

type importOptions struct {
	app       *app.App
	file      string
	read      deliveries.Options
	precision pixel.Precision
	files     networks.Files
	json      bool
	dryRun    bool
	dsn       string
	now       func() time.Time
}

func newImportCmd(a *app.App, run func(context.Context, *importOptions) error) *cobra.Command {
	o := &importOptions{app: a, now: time.Now, files: networks.Files{Home: string(a.Home)}}
	cmd := &cobra.Command{
		Use:   "import FILE|-",
		Short: "Import deliveries, bounces, clicks and other events of messages",
		Long: `Reads a sender's events of messages and stores them: sent, delivered, deferred, bounced, complained, clicked, unsubscribed,
replied, converted. The formats are

  csv, jsonl   event, at (RFC 3339) and message_id, or campaign and recipient; optional url, user_agent, ip, bounce_type, automatic
  ses          Amazon SES by SNS, EventBridge or plain           sendgrid, postmark, mailgun, sparkpost   bodies of webhooks
  listmonk     bounces, and exports of clicks                    postfix, exim                            logs of mail servers

JSON may be an array, one object per line, or any sequence of both. Without --format, the format is detected. glint send
snippet --headers shows how a mail carries its message id through each sender.

Message, kind, time and link identify an event: importing the same file again, shuffled or split, changes nothing. An event
of a message that is not registered yet is stored and waits for 30 days. The sender's own opens are counted here but never
stored. A transient bounce, such as an out-of-office reply at Amazon, is a deferral. A click is classified like an open.

Valid rows are stored even if others are faulty; the exit code is 1 if a row is faulty or the file contains no event. Log
times without a zone are in this machine's zone; those without a year are in the latest year that fits.`,
		Example: "  glint send import events.csv\n  glint send import --campaign spring --format sendgrid events.json\n" +
			"  glint send import - <events.csv",
		Args: app.OneArg("file, or - for stdin"),
	}
	f := cmd.Flags()
	formats := []string{"auto"}
	for _, format := range deliveries.Formats {
		formats = append(formats, string(format))
	}
	var zone string
	format := app.ChoiceFlag(cmd, "format", "format of the file", formats...)
	f.StringVar(&o.read.Campaign, "campaign", "", "campaign of events that have a recipient but no campaign")
	f.StringVar(&o.read.Encoding, "encoding", "", "encoding of the file, like UTF-8, UTF-16LE or Windows-1251 (default: detected)")
	f.StringVar(&zone, "time-zone", "", "time zone of times without one, such as Europe/Berlin (default: such times are refused, except in logs)")
	precision := app.ChoiceFlag(cmd, "ip-precision", "precision of the stored address of a click", "truncated", "full", "none")
	f.StringVar(&o.files.Operator, "networks", "", "CSV file of networks, as for glint up, for the addresses of clicks")
	f.StringVar(&o.files.ASNs, "asn-db", "", "database of AS numbers in MaxMind's format, for the addresses of clicks")
	summary := app.ChoiceFlag(cmd, "summary", "form of the summary: a sentence on stderr, or JSON on stdout", "text", "json")
	f.BoolVar(&o.dryRun, "dry-run", false, "check the file, and store nothing")
	app.WarehouseFlag(cmd, &o.dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.file, o.json = args[0], summary.String() == "json"
		if o.read.Format = deliveries.Format(format.String()); o.read.Format == "auto" {
			o.read.Format = deliveries.Auto
		}
		o.precision, _ = pixel.ParsePrecision(precision.String()) // the flag accepts no other names
		if err := o.check(zone); err != nil {
			return app.UsageOf(cmd, err)
		}
		return run(cmd.Context(), o)
	}
	return cmd
}

func (o *importOptions) check(zone string) (err error) {
	var faults []error
	if o.read.Campaign != "" {
		if o.read.Campaign, err = warehouse.CampaignName(o.read.Campaign); err != nil {
			faults = append(faults, fmt.Errorf("--campaign %w", err))
		}
	}
	if o.read.Encoding != "" && sheet.CheckEncoding(o.read.Encoding) != nil {
		faults = append(faults, errors.New("--encoding is not one of "+strings.Join(sheet.Encodings(), ", ")))
	}
	if zone != "" {
		if o.read.Zone, err = time.LoadLocation(zone); err != nil || zone == "Local" {
			faults = append(faults, errors.New("--time-zone is no zone like Europe/Berlin"))
		}
	}
	return errors.Join(faults...)
}

func runImport(ctx context.Context, o *importOptions) error {
	in, closeFile, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer closeFile()
	var to deliveries.Adder = dryAdder{}
	if !o.dryRun {
		w, err := o.app.OpenWarehouse(ctx, o.dsn, app.OwnDatabase)
		if err != nil {
			return err
		}
		defer func() { _ = w.Close() }()
		if err := o.noteNewCampaign(ctx, w); err != nil {
			return err
		}
		store := &deliveries.Store{Warehouse: w, Now: o.now}
		if store.Judge, err = o.judge(); err != nil {
			return err
		}
		to = store
	}
	progress := output.NewProgress(o.app.Err, "imported", 0)
	outcome, err := deliveries.Import(ctx, to, in, o.read, progress.Add)
	progress.End()
	if err != nil {
		return o.failed(ctx, err, &outcome)
	}
	if err := o.report(&outcome); err != nil {
		return err
	}
	return o.verdict(&outcome)
}

// noteNewCampaign prints a note if --campaign names no campaign, which may be a
// mistyped one.
func (o *importOptions) noteNewCampaign(ctx context.Context, w *warehouse.Warehouse) error {
	if o.read.Campaign == "" {
		return nil
	}
	_, err := w.CampaignNamed(ctx, o.read.Campaign)
	if errors.Is(err, warehouse.ErrNoCampaign) {
		fmt.Fprintf(o.app.Err, "note: there is no campaign %q yet; its events wait until its messages are registered\n", o.read.Campaign)
		return nil
	}
	return err
}

// open opens the file, and records its modification time, for the years of a log's
// lines.
func (o *importOptions) open(ctx context.Context) (io.Reader, func(), error) {
	o.read.Now, o.read.LogZone = o.now(), time.Local
	if o.file == "-" {
		return app.Interruptible(ctx, o.app.In), func() {}, nil
	}
	f, err := os.Open(o.file)
	if err != nil {
		return nil, nil, fmt.Errorf("open events: %w", err)
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		o.read.WrittenAt = info.ModTime()
	}
	return f, func() { _ = f.Close() }, nil
}

// judge returns the classifier of clicks, with the lists of the home.
func (o *importOptions) judge() (j deliveries.Judge, err error) {
	sources, err := networks.OpenSources(o.files, nil, nil)
	if err != nil {
		return j, err
	}
	own, err := o.app.Home.ReadIgnored()
	if err != nil {
		return j, err
	}
	return deliveries.Judge{Lookup: sources.Lookup, Precision: o.precision, Ignore: own.Match}, nil
}

// dryAdder accepts events and stores nothing.
type dryAdder struct{}

func (dryAdder) Add(_ context.Context, events []deliveries.Event) ([]deliveries.Fate, error) {
	return slices.Repeat([]deliveries.Fate{deliveries.Stored}, len(events)), nil
}

// failed returns err with the number of events that are known to be stored.
func (o *importOptions) failed(ctx context.Context, err error, outcome *deliveries.Outcome) error {
	switch {
	case errors.Is(err, deliveries.ErrEmpty):
		return errors.New(o.name() + " is empty: nothing was stored")
	case errors.Is(err, deliveries.ErrFormat):
		return app.Try(errors.New(o.name()+" is in no known format: nothing was stored"), "--format csv, or another one of glint send import --help")
	case errors.Is(err, sheet.ErrNotText), errors.Is(err, syscall.EISDIR):
		return fmt.Errorf("%s: nothing was stored: %w", o.name(), err)
	case errors.Is(err, sheet.ErrEncoding):
		return app.Try(fmt.Errorf("%s: nothing was stored: %w", o.name(), err), "save it as UTF-8, or name its encoding by --encoding")
	case errors.Is(err, deliveries.ErrColumns):
		return app.Try(fmt.Errorf("%s: the header row needs the columns event and at, and message_id or campaign and recipient: nothing was stored", o.name()), "glint send import --help")
	}
	failed := &app.ExitError{Code: app.ExitFailed, Try: "repeat the command: events that are already stored change nothing"}
	if ctx.Err() != nil {
		failed.Code, err = app.ExitInterrupted, errors.New("interrupted")
	}
	failed.Err = fmt.Errorf("%s known to be stored: %w", output.Plural(outcome.Events(), "event is", "events are"), err)
	return failed
}

func (o *importOptions) name() string {
	if o.file == "-" {
		return "stdin"
	}
	return o.file
}

// report prints the outcome.
func (o *importOptions) report(outcome *deliveries.Outcome) error {
	if o.json {
		return output.NewJSON(o.app.Out).Encode(outcome)
	}
	if o.dryRun {
		fmt.Fprintf(o.app.Err, "%s could be stored, %s; nothing was changed (--dry-run)\n",
			output.Plural(outcome.Events(), "event", "events"), o.rest(outcome))
		return nil
	}
	fmt.Fprintf(o.app.Err, "stored %s, %s repeated, %s waiting for the registration of their messages, %s\n",
		output.Plural(outcome.Stored, "event", "events"), output.Count(uint64(outcome.Repeated)),
		output.Count(uint64(outcome.Waiting)), o.rest(outcome))
	return nil
}

func (o *importOptions) rest(outcome *deliveries.Outcome) string {
	text := output.Count(uint64(outcome.Faulty)) + " faulty"
	var left []string
	if outcome.Opens > 0 {
		left = append(left, output.Plural(outcome.Opens, "open", "opens")+" of the sender's own")
	}
	if outcome.Others > 0 {
		left = append(left, output.Plural(outcome.Others, "row", "rows")+" about other things")
	}
	if len(left) > 0 {
		text += "; left out " + strings.Join(left, " and ")
	}
	return text + " (read as " + string(outcome.Format) + ")"
}

// verdict returns an error if a row is faulty, or if the file contains no event.
func (o *importOptions) verdict(outcome *deliveries.Outcome) error {
	if outcome.Faulty == 0 {
		if outcome.Nothing() {
			return errors.New("nothing in " + o.name() + " is an event")
		}
		if unnamed(outcome) {
			return app.Try(fmt.Errorf("nothing was stored: %s a recipient and no campaign", output.Plural(outcome.Unnamed, "row has", "rows have")), nameCampaign)
		}
		return nil
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s faulty", output.Plural(outcome.Faulty, "row is", "rows are"))
	if outcome.Nothing() {
		text.WriteString(", and none is an event")
	}
	text.WriteString(":")
	for _, f := range outcome.Faults {
		fmt.Fprintf(&text, "\n  line %d: %s", f.Line, f.Reason)
	}
	if more := outcome.Faulty - len(outcome.Faults); more > 0 {
		fmt.Fprintf(&text, "\n  … and %d more, by reason:", more)
		for _, reason := range mostFrequent(outcome.Reasons) {
			fmt.Fprintf(&text, "\n  %d × %s", outcome.Reasons[reason], reason)
		}
	}
	if lacksMessages(outcome) || unnamed(outcome) {
		return app.Try(errors.New(text.String()), nameCampaign)
	}
	return errors.New(text.String())
}

const nameCampaign = "--campaign NAME, or see glint send snippet --headers"

// unnamed reports whether a log has rows of recipients, and none that names its message.
func unnamed(outcome *deliveries.Outcome) bool {
	return outcome.Events() == 0 && outcome.Unnamed > 0
}

// lacksMessages reports whether most faulty rows lack a message.
func lacksMessages(outcome *deliveries.Outcome) bool {
	return 2*outcome.Reasons[deliveries.NoMessage] > outcome.Faulty
}

// mostFrequent returns the reasons in order of frequency, the most frequent first.
func mostFrequent(reasons map[string]int) []string {
	var all []string
	for reason := range reasons {
		all = append(all, reason)
	}
	slices.SortFunc(all, func(a, b string) int {
		if reasons[a] != reasons[b] {
			return reasons[b] - reasons[a]
		}
		return strings.Compare(a, b)
	})
	return all[:min(len(all), 10)]
}
