package send

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/ingest/sends"
	"glint/ingest/sheet"
	"glint/ingest/warehouse"
)

type registerOptions struct {
	app              *app.App
	campaign         string
	subject          string
	variant          string
	file             string
	read             sends.ReadOptions
	output           string
	skipped          string         // "": skipped.csv beside output
	base             *sends.BaseURL // nil: the running glint's
	preferences      *sends.BaseURL // of the preferences pages; nil: no links to them
	allowPrivateHost bool
	style            sends.Style
	tracking         warehouse.Tracking
	strataBy         string
	consent          *app.ConsentFlags
	sentAt           time.Time
	dryRun           bool
	dsn              string
	now              func() time.Time
}

// registerFlags are the flags that must be checked before they become options.
type registerFlags struct {
	sendAt, timeZone            string
	baseURL, preferencesURL     string
	style, duplicates, tracking *app.Choice
	faulty                      *app.Choice
	format                      *app.Choice
}

func newRegisterCmd(a *app.App, run func(context.Context, *registerOptions) error) *cobra.Command {
	o := &registerOptions{app: a, now: time.Now}
	cmd := &cobra.Command{
		Use:   "register",
		Short: "Register a campaign's recipients and write their pixel URLs",
		Long: `Reads a table with a header row, registers one message per row, and writes the same columns plus message_id and pixel_url.
The column recipient contains addresses or your own ids; --recipient-column names another column. The columns sent_at and
delivered_at (times with a zone), tracking and test (true, false) are used if present.

The table is CSV, with commas, semicolons or tabs, in UTF-8, UTF-16 or Windows-1252, or JSON objects, one per line or as a
list, whose fields are the columns. Lines above the header row and rows without text are skipped. The whole file is checked
first: a faulty file registers nothing and writes nothing. --faulty skip skips the faulty rows, --duplicates first skips a
recipient's later rows; both go to skipped.csv with their line number and the reason. A campaign that does not exist is
created. Programs register over HTTP: glint help sends.

The tracking mode of a message is the lowest of --tracking, the column tracking, and the recipient's choice (glint consent)
or, without a choice, the policy (--consent): identified, pseudonymous, last_open, aggregate, off. Aggregate messages share
one pixel URL for the campaign, or for each stratum (--strata); off ones have none. The mode of a registered message can only
be lowered, and its new URL has the lower mode. The lower mode also applies to mail that was already sent: to its stored opens
and to its later ones. With --preferences-url each row also gets the URL of a page for the footer of the mail, on which the
recipient sees what is measured and can refuse.

A registration counts completely or not at all. After an interruption, repeat the command to complete it. A known message
keeps its values for columns that the file lacks: only new and changed rows are written, and the same file again gives the
same output.`,
		Example: "  glint send register --campaign spring --file recipients.csv --output urls.csv --pixel-base-url https://pixel.example.com\n" +
			"  glint send register --campaign spring --file - --output - <recipients.csv\n" +
			"  glint send register --campaign spring --file recipients.jsonl --output urls.csv --duplicates first",
		Args: app.NoArgs,
	}
	f := cmd.Flags()
	var flags registerFlags
	f.StringVar(&o.campaign, "campaign", "", "name of the campaign (required)")
	f.StringVar(&o.subject, "subject", "", "subject of the mail, stored with the campaign")
	f.StringVar(&o.variant, "variant", "", "name of the campaign's variant, stored with the campaign")
	f.StringVar(&o.file, "file", "", "table of recipients; - is stdin (required)")
	f.StringVar(&o.read.Encoding, "encoding", "", "encoding of the file, like UTF-8, UTF-16LE or Windows-1251 (default: detected)")
	f.StringVar(&o.read.RecipientColumn, "recipient-column", "", "name of the column of recipients (default recipient)")
	f.StringSliceVar(&o.read.KeepColumns, "keep-columns", nil, "columns to store with the messages, as attributes")
	f.StringVar(&o.skipped, "skipped", "", "CSV file for the skipped rows (default: skipped.csv beside --output, if there are any)")
	flags.format = app.ChoiceFlag(cmd, "format", "format of the file: detected, CSV, or JSON objects", "auto", string(sends.FormatCSV), string(sends.FormatJSON))
	flags.duplicates = app.ChoiceFlag(cmd, "duplicates", "treatment of a recipient's second row: an error, or skip it and use the first", "error", "first")
	flags.faulty = app.ChoiceFlag(cmd, "faulty", "treatment of a faulty row: an error that refuses the file, or skip it", "error", "skip")
	f.StringVar(&o.output, "output", "", "CSV file to write; - is stdout (required)")
	f.StringVar(&flags.baseURL, "pixel-base-url", "", "URL of the pixel, such as https://pixel.example.com (default: the running glint's)")
	f.StringVar(&flags.preferencesURL, "preferences-url", "", "URL at which recipients reach ingest, such as https://prefs.example.com: adds the column preferences_url, the page on which each recipient chooses")
	f.BoolVar(&o.allowPrivateHost, "allow-private-host", false, "allow a --pixel-base-url that is only reachable in a local network")
	f.StringVar(&flags.sendAt, "send-at", "", "time of sending for rows without sent_at, RFC 3339")
	f.StringVar(&flags.timeZone, "time-zone", "", "time zone of times without one, such as Europe/Berlin (default: such times are refused)")
	flags.tracking = app.ChoiceFlag(cmd, "tracking", "highest tracking mode of the campaign's messages", strings.Split(warehouse.TrackingModes, ", ")...)
	f.StringVar(&o.strataBy, "strata", "", "provider or a column's name: recipients who are not measured individually share one pixel URL for each of its values (default: one for the campaign)")
	o.consent = app.AddConsentFlags(cmd, false)
	f.BoolVar(&o.read.Test, "test", false, "register test messages, which are stored but never counted")
	f.BoolVar(&o.dryRun, "dry-run", false, "check the file, and register and write nothing")
	flags.style = app.ChoiceFlag(cmd, "url-style", "form of the URLs; query is for a static image on any CDN whose logs glint import reads", sends.Styles...)
	app.WarehouseFlag(cmd, &o.dsn)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := errors.Join(o.require(), o.take(&flags)); err != nil {
			return app.UsageOf(cmd, err)
		}
		return run(cmd.Context(), o)
	}
	return cmd
}

// require returns an error for each missing option.
func (o *registerOptions) require() (err error) {
	for _, f := range []struct{ name, value string }{
		{"campaign", o.campaign}, {"file", o.file}, {"output", o.output},
	} {
		if f.value == "" && (f.name != "output" || !o.dryRun) {
			err = errors.Join(err, fmt.Errorf("--%s is missing", f.name))
		}
	}
	return err
}

// take converts the flags to options, and returns all faults at once.
func (o *registerOptions) take(f *registerFlags) error {
	var faults []error
	fault := func(flag string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("--%s %w", flag, err))
		}
	}
	if o.campaign != "" {
		name, err := warehouse.CampaignName(o.campaign)
		fault("campaign", err)
		o.campaign = name
	}
	fault("subject", sends.CheckText(o.subject))
	fault("variant", sends.CheckText(o.variant))
	if o.read.Encoding != "" && sheet.CheckEncoding(o.read.Encoding) != nil {
		fault("encoding", errors.New("is not one of "+strings.Join(sheet.Encodings(), ", ")))
	}
	if f.timeZone != "" {
		var err error
		if o.read.Zone, err = time.LoadLocation(f.timeZone); err != nil || f.timeZone == "Local" {
			fault("time-zone", errors.New("is no zone like Europe/Berlin"))
		}
	}
	if f.sendAt != "" {
		at, err := sends.ParseTime(f.sendAt, o.read.Zone)
		if err != nil {
			faults = append(faults, errors.New(sends.TimeFault("--send-at", err)))
		}
		o.sentAt = at.Time
	}
	o.style = sends.Style(f.style.String())
	if f.baseURL != "" {
		var err error
		o.base, err = sends.ParseBaseURL(f.baseURL, o.style)
		fault("pixel-base-url", err)
	} else if o.style == sends.StyleQuery {
		fault("url-style", errors.New("query needs --pixel-base-url, the URL of the static image"))
	}
	if f.format.String() != "auto" {
		o.read.Format = sends.Format(f.format.String())
	}
	if f.preferencesURL != "" {
		var err error
		o.preferences, err = sends.CheckBaseURL(f.preferencesURL)
		fault("preferences-url", err)
	}
	o.read.SkipDuplicates = f.duplicates.String() == "first"
	o.read.SkipFaulty = f.faulty.String() == "skip"
	o.tracking, _ = warehouse.ParseTracking(f.tracking.String()) // the flag accepts no other names
	if o.style != sends.StyleToken && o.tracking != warehouse.Identified && o.tracking != warehouse.Off {
		fault("tracking", fmt.Errorf("%s needs --url-style token: only a token carries the mode to the edge", o.tracking))
	}
	return errors.Join(faults...)
}
