package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"glint/cli/app"
	"glint/cli/output"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// maxNameBytes bounds the name of a campaign.
const maxNameBytes = 200

type registerOptions struct {
	app      *app.App
	campaign string
	file     string
	output   string
	baseURL  string
	style    sends.Style
	sentAt   time.Time
	dryRun   bool
	dsn      string
}

func newRegisterCmd(a *app.App, run func(context.Context, *registerOptions) error) *cobra.Command {
	o := &registerOptions{app: a}
	var sendAt string
	cmd := &cobra.Command{
		Use:   "register",
		Short: "Register a campaign's recipients and write their pixel URLs",
		Long: `Reads a CSV file with a header row that has a column recipient, registers one message per row, and writes the same
columns plus message_id and pixel_url. The columns sent_at and delivered_at (RFC 3339) are understood.

The whole file is checked first: a faulty one registers nothing and writes nothing. The same file again gives the same
output and changes nothing. A campaign that does not exist yet is created.`,
		Example: "  glint send register --campaign spring --file recipients.csv --output urls.csv --pixel-base-url https://pixel.example.com\n" +
			"  glint send register --campaign spring --file - --output - <recipients.csv",
		Args: app.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&o.campaign, "campaign", "", "name of the campaign (required)")
	f.StringVar(&o.file, "file", "", "CSV file of recipients; - is stdin (required)")
	f.StringVar(&o.output, "output", "", "CSV file to write; - is stdout (required)")
	f.StringVar(&o.baseURL, "pixel-base-url", "", "where the pixel answers, like https://pixel.example.com (default: the running glint's)")
	f.StringVar(&sendAt, "send-at", "", "when the mail goes out, RFC 3339; for rows without sent_at")
	f.BoolVar(&o.dryRun, "dry-run", false, "check the file, register and write nothing")
	style := app.ChoiceFlag(cmd, "url-style", "form of the URLs", string(sends.StyleToken), string(sends.StyleUUID))
	app.WarehouseFlag(cmd, &o.dsn)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.style = sends.Style(style.String())
		if err := o.check(sendAt); err != nil {
			return app.UsageOf(cmd, err)
		}
		return run(cmd.Context(), o)
	}
	return cmd
}

func (o *registerOptions) check(sendAt string) (err error) {
	for _, f := range []struct{ name, value string }{
		{"campaign", o.campaign}, {"file", o.file}, {"output", o.output},
	} {
		if f.value == "" && (f.name != "output" || !o.dryRun) {
			err = errors.Join(err, fmt.Errorf("--%s is missing", f.name))
		}
	}
	if output.Safe(o.campaign) != o.campaign || len(o.campaign) > maxNameBytes {
		err = errors.Join(err, fmt.Errorf("--campaign has control characters or more than %d bytes", maxNameBytes))
	}
	if sendAt != "" {
		var parseErr error
		if o.sentAt, parseErr = time.Parse(time.RFC3339, sendAt); parseErr != nil {
			err = errors.Join(err, errors.New("--send-at is not a time like 2026-11-21T09:30:00Z"))
		}
	}
	if o.baseURL != "" {
		var urlErr error
		if o.baseURL, urlErr = sends.CheckBaseURL(o.baseURL); urlErr != nil {
			err = errors.Join(err, errors.New("--pixel-base-url is not like https://pixel.example.com, without a path"))
		}
	}
	return err
}

func runRegister(ctx context.Context, o *registerOptions) error {
	recipients, err := o.read(ctx)
	if err != nil {
		return err
	}
	if o.dryRun {
		fmt.Fprintf(o.app.Err, "%s could be registered; nothing was changed (--dry-run)\n",
			output.Plural(len(recipients.Rows), "recipient", "recipients"))
		return nil
	}
	if o.baseURL == "" {
		if o.baseURL, err = o.runningPixel(); err != nil {
			return err
		}
	}
	ring, err := o.app.Ring()
	if err != nil {
		return err
	}
	to, err := openDestination(o.output, o.file, o.app.Out)
	if err != nil {
		return err
	}
	defer to.close()
	w, err := o.app.OpenWarehouse(ctx, o.dsn, app.OwnDatabase)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	campaign, err := w.EnsureCampaign(ctx, o.campaign)
	if err != nil {
		return err
	}
	b := &sends.Batch{
		Recipients: recipients, Campaign: campaign, SentAt: o.sentAt, BaseURL: o.baseURL, Style: o.style, Ring: ring,
	}
	if err := b.Derive(); err != nil {
		return err
	}
	return o.register(ctx, w, b, to)
}

func (o *registerOptions) read(ctx context.Context) (*sends.Recipients, error) {
	var in io.Reader
	if o.file == "-" {
		in = app.Interruptible(ctx, o.app.In)
	} else {
		f, err := os.Open(o.file)
		if err != nil {
			return nil, fmt.Errorf("open recipients: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	recipients, err := sends.ReadRecipients(in)
	if errors.Is(err, sends.ErrFile) && o.file != "-" {
		return nil, fmt.Errorf("%s: %w", o.file, err)
	}
	return recipients, err
}

func (o *registerOptions) runningPixel() (string, error) {
	state, err := o.app.Running()
	if err == nil && state.Pixel == "" {
		err = errors.New("the running glint serves no pixel")
	}
	if err != nil {
		return "", app.Try(err, "--pixel-base-url https://pixel.example.com, where your pixel answers")
	}
	if u, err := url.Parse(state.Pixel); err == nil && u.Hostname() == "127.0.0.1" {
		fmt.Fprintf(o.app.Err, "note: the pixel URLs begin with %s, which only this machine can open; --pixel-base-url gives others\n", state.Pixel)
	}
	return state.Pixel, nil
}

// register tells the warehouse of the messages while it writes their URLs.
func (o *registerOptions) register(ctx context.Context, w *warehouse.Warehouse, b *sends.Batch, to *destination) error {
	n := len(b.Recipients.Rows)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return to.early(b) })
	g.Go(func() error {
		p := output.NewProgress(o.app.Err, "registered", n)
		defer p.End()
		if err := b.Register(ctx, w, p.Add); err != nil {
			return app.Try(err, "the same command again: what is registered already stays as it is")
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return err
	}
	if err := to.finish(b); err != nil {
		return err
	}
	fmt.Fprintf(o.app.Err, "registered %s in campaign %q\n", output.Plural(n, "message", "messages"), o.campaign)
	return nil
}
