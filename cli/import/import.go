// Package imports is `glint import`: it reads access logs of CDNs and web servers,
// converts each request of a pixel to an event line, and posts the lines to ingest's
// replay lane.
package imports

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/logfiles"
	"glint/edge/pixel"
	"glint/ingest/cdnlog"
	"glint/ingest/networks"
)

type options struct {
	app       *app.App
	job       logfiles.Job
	format    cdnlog.Format
	precision pixel.Precision
	files     networks.Files
	recipient string // URL parameter that names the recipient; "": none
	campaign  string
	allowed   []string
	limits    limits
	dsn       string
	follow    bool
	every     time.Duration
}

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	o := &options{app: a, job: logfiles.Job{
		App: a, Past: "imported", Unit: "request", NoUnit: "the --format of the file, or leave it out", AnyOutcome: true,
	}}
	cmd := &cobra.Command{
		Use:   "import FILE|DIR|s3://BUCKET/PREFIX...",
		Short: "Count opens from the logs of a CDN or web server",
		Long: `Reads access logs, plain or compressed, of CloudFront (standard logs, W3C and JSON), S3, Fastly (JSON and combined),
Cloudflare (Logpush http_requests), nginx, Apache and Caddy (combined and JSON). Each GET of an image whose URL contains a
message's token or id is an open, whatever the CDN's status. Folders are read recursively, also in a bucket, whose
key comes from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE; - is stdin.

With --recipient-param and --campaign-param, two parameters of the URL name the message. Campaigns and messages are
registered as they appear, unsigned: the number of sent messages is unknown, and no rate is printed until a file of
recipients is registered for the campaign (glint send register). A + in a parameter is a blank, except in an address.

An event's id comes from the log's request id, or else from the whole line, so importing the same log twice, split, renamed
or compressed differently changes no number. The command can be interrupted at any time; run it again to continue. A line
that cannot be read is counted by reason and does not stop the import. The exit code is 1 if a file could not be read or
contained no request.`,
		Example: "  glint import logs/\n" +
			"  glint import --format cloudfront --recipient-param subscriber --campaign-param category logs/\n" +
			"  zcat access.log.*.gz | glint import --format nginx -",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return app.UsageOf(cmd, errors.New("want files, folders or buckets of logs"))
			}
			return nil
		},
	}
	f := cmd.Flags()
	names := make([]string, len(cdnlog.Formats))
	for i, format := range cdnlog.Formats {
		names[i] = string(format)
	}
	format := app.ChoiceFlag(cmd, "format", "format of the logs", names...)
	f.StringVar(&o.recipient, "recipient-param", "", "URL parameter that names the recipient; needs --campaign-param")
	f.StringVar(&o.campaign, "campaign-param", "", "URL parameter that names the campaign; needs --recipient-param")
	f.StringSliceVar(&o.allowed, "campaigns", nil, "campaigns that the import may register (default: all that appear)")
	f.IntVar(&o.limits.campaigns, "max-campaigns", 1000, "maximum number of campaigns that a run registers")
	f.IntVar(&o.limits.messages, "max-messages", 5_000_000, "maximum number of messages that a run registers")
	precision := f.String("ip-precision", "truncated", "precision of the stored addresses: truncated (/24, /48), full, none")
	f.StringVar(&o.files.Operator, "networks", "", "CSV file of networks, as for glint up")
	f.StringVar(&o.files.ASNs, "asn-db", "", "database of AS numbers and countries in MaxMind's format")
	f.BoolVar(&o.follow, "follow", false, "keep running, and import new lines and files as they appear")
	f.DurationVar(&o.every, "every", 0, "interval at which --follow lists the files (default: 5s, for buckets 1m)")
	app.PlaceFlags(cmd, &o.job.Bucket)
	app.IngestFlags(cmd, &o.job.Ingest)
	f.BoolVar(&o.job.Restart, "restart", false, "read everything again, also lines that an earlier import has sent")
	f.BoolVar(&o.job.NoWait, "no-wait", false, "end when ingest has the lines on disk, without waiting for their outcome")
	f.DurationVar(&o.job.Patience, "patience", 15*time.Minute, "give up if ingest has accepted nothing for this long")
	app.WarehouseFlag(cmd, &o.dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.job.Paths, o.format = args, cdnlog.Format(format.String())
		if !cmd.Flags().Changed("every") {
			o.every = defaultPause(args)
		}
		if err := o.check(*precision); err != nil {
			return app.UsageOf(cmd, err)
		}
		return o.run(cmd.Context())
	}
	return cmd
}

// defaultPause returns the interval of --follow. It is longer for buckets, since listing a bucket costs money.
func defaultPause(paths []string) time.Duration {
	if slices.ContainsFunc(paths, logfiles.IsBucket) {
		return time.Minute
	}
	return 5 * time.Second
}

func (o *options) check(precision string) (err error) {
	var faults []error
	if o.precision, err = pixel.ParsePrecision(precision); err != nil {
		faults = append(faults, fmt.Errorf("--ip-precision: %w", err))
	}
	if (o.recipient == "") != (o.campaign == "") {
		faults = append(faults, errors.New("--recipient-param and --campaign-param come together"))
	}
	if len(o.allowed) > 0 && o.campaign == "" {
		faults = append(faults, errors.New("--campaigns needs --campaign-param"))
	}
	if o.job.Patience <= 0 || o.every <= 0 {
		faults = append(faults, errors.New("--patience and --every must be above zero"))
	}
	for _, path := range o.job.Paths {
		if strings.Contains(path, "://") && !logfiles.IsBucket(path) {
			faults = append(faults, errors.New("of buckets, those of s3://BUCKET/PREFIX are read; copy other logs to a folder first"))
		} else if path == logfiles.Stdin && o.follow {
			faults = append(faults, errors.New("--follow reads files, not stdin"))
		}
	}
	return errors.Join(faults...)
}

func (o *options) run(ctx context.Context) error {
	o.files.Home = string(o.app.Home)
	sources, err := networks.OpenSources(o.files, nil, nil)
	if err != nil {
		return err
	}
	o.job.MarksDir = o.app.Home.ReplayDir()
	o.job.Meaning = strings.Join([]string{"import", string(o.format), o.recipient, o.campaign, strings.Join(o.allowed, ",")}, "\x00")
	r := &reading{options: o, book: sources.Book, observer: pixel.Observer{Precision: o.precision}, faults: map[error]*fault{}}
	if o.recipient != "" {
		w, err := o.app.OpenWarehouse(ctx, o.dsn, app.OwnDatabase)
		if err != nil {
			return err
		}
		defer func() { _ = w.Close() }()
		r.register = newRegister(ctx, w, o.allowed, o.limits)
	}
	o.job.Reading = r
	for {
		before, _ := o.look(ctx) // files that change during the import are seen by the next look
		err := o.job.Run(ctx)
		r.summary(o.app.Err)
		if !o.follow || err != nil {
			return err
		}
		o.job.Restart = false
		if err := o.wait(ctx, before); err != nil {
			return nil // interrupted between two looks: every line is sent
		}
	}
}

// wait returns when the files differ from before, or an error when ctx ends.
func (o *options) wait(ctx context.Context, before string) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(o.every):
		}
		if now, ok := o.look(ctx); ok && now != before {
			return nil
		}
	}
}

// look returns a description of the files: names, sizes, and times or versions. It reports whether
// all could be listed: a bucket that does not answer counts as unchanged.
func (o *options) look(ctx context.Context) (files string, ok bool) {
	var b strings.Builder
	found, faults := o.job.Find(ctx)
	for _, file := range found {
		if file.Version != "" {
			fmt.Fprintln(&b, file.Path, file.Size, file.Version)
		} else if info, err := os.Stat(file.Path); err == nil {
			fmt.Fprintln(&b, file.Path, info.Size(), info.ModTime().UnixNano())
		}
	}
	return b.String(), len(faults) == 0
}
