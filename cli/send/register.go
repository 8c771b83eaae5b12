package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

func runRegister(ctx context.Context, o *registerOptions) error {
	recipients, err := o.readFile(ctx)
	if err != nil {
		return err
	}
	settings, err := o.consent.Apply(o.app.Home, !o.dryRun)
	if err != nil {
		return err
	}
	if o.base != nil || !o.dryRun {
		if err := o.findBase(); err != nil {
			return err
		}
	}
	if o.dryRun {
		fmt.Fprintf(o.app.Err, "%s: %s could be registered%s; nothing was changed (--dry-run)\n",
			rowsOf(recipients), output.Count(uint64(len(recipients.Rows))), leftOut(recipients, ""))
		return nil
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
	left, err := o.openSkipped(recipients)
	if err != nil {
		return err
	}
	defer left.close()
	w, err := o.app.OpenWarehouse(ctx, o.dsn, app.OwnDatabase)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	if err := o.app.CheckKeys(ctx, w, ring); err != nil {
		return err
	}
	if err := o.noteNearName(ctx, w); err != nil {
		return err
	}
	rule, err := o.consentRule(ctx, w, &settings)
	if err != nil {
		return err
	}
	b := &sends.Batch{Recipients: recipients, SentAt: o.sentAt, BaseURL: o.base.URL, Style: o.style, Ring: ring}
	if err := o.linkPreferences(ctx, w, b, ring); err != nil {
		return err
	}
	if err := o.decide(ctx, w, b, rule, &settings); err != nil {
		return err
	}
	campaign, err := w.EnsureCampaign(ctx, o.campaign)
	if err != nil {
		return err
	}
	if b.Campaign, err = w.DescribeCampaign(ctx, campaign, o.subject, o.variant, o.tracking); err != nil {
		return err
	}
	if err := b.Decide(rule); err != nil {
		return err
	}
	if err := b.Derive(); err != nil {
		return err
	}
	if err := b.RegisterStrata(ctx, w); err != nil {
		return err
	}
	return o.register(ctx, w, b, to, left)
}

// readFile reads the file, and prints a note for each guess.
func (o *registerOptions) readFile(ctx context.Context) (*sends.Recipients, error) {
	var in io.Reader
	if o.file == "-" {
		o.app.NoteWaiting("recipients")
		in = app.Interruptible(ctx, o.app.In)
	} else {
		f, err := os.Open(o.file)
		if err != nil {
			return nil, fmt.Errorf("open recipients: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	recipients, err := sends.ReadRecipients(in, o.read)
	if errors.Is(err, sends.ErrFile) && o.file != "-" {
		return nil, fmt.Errorf("%s: %w", o.file, err)
	}
	if err != nil {
		return nil, err
	}
	if recipients.Guessed != "" {
		o.note("note: the recipients are those of the column %s; --recipient-column names another", strconv.Quote(output.Safe(recipients.Guessed)))
	}
	if e := recipients.Encoding; e.Guessed {
		o.note("note: the file is not UTF-8 and is read as %s; --encoding names another", e.Name)
	} else if e.Name != "UTF-8" {
		o.note("note: the file is read as %s", e.Name)
	}
	if n := recipients.Title; n > 0 {
		o.note("note: %s above the header %s skipped", output.Plural(n, "row", "rows"), map[bool]string{true: "is", false: "are"}[n == 1])
	}
	for _, text := range recipients.Warnings(o.now(), sends.SecondsOf(o.sentAt)) {
		o.note("warning: %s", text)
	}
	return recipients, nil
}

// findBase sets the base of the pixel URLs, and prints a note for each problem with it.
func (o *registerOptions) findBase() error {
	running, err := o.app.Running()
	if o.base == nil {
		if err == nil && running.Pixel == "" {
			err = errors.New("the running glint serves no pixel")
		}
		if err != nil {
			return app.Try(err, "--pixel-base-url https://pixel.example.com, the URL of your pixel")
		}
		if o.base, err = sends.CheckBaseURL(running.Pixel); err != nil {
			return fmt.Errorf("the pixel URL of the running glint %w", err)
		}
	}
	own := err == nil && o.base.URL == running.Pixel
	switch {
	case o.base.Loopback:
		o.note("note: the pixel URLs begin with %s, which only this machine can open; --pixel-base-url gives others", o.base.URL)
	case o.base.Private != "" && !own && !o.allowPrivateHost:
		return app.UsageTry(fmt.Errorf("--pixel-base-url %s", o.base.Private), "a host that recipients reach, or --allow-private-host")
	case o.base.Private != "":
		o.note("note: the pixel URLs begin with %s, which recipients elsewhere cannot open", o.base.URL)
	}
	for _, text := range o.base.Warnings {
		o.note("warning: --pixel-base-url %s", text)
	}
	return nil
}

func (o *registerOptions) note(format string, args ...any) {
	fmt.Fprintln(o.app.Err, output.Safe(fmt.Sprintf(format, args...)))
}

// noteNearName prints a note, before a campaign is created, if one exists whose name
// differs in letter case only.
func (o *registerOptions) noteNearName(ctx context.Context, w *warehouse.Warehouse) error {
	_, err := w.CampaignNamed(ctx, o.campaign)
	if !errors.Is(err, warehouse.ErrNoCampaign) {
		return err
	}
	near, err := w.NearCampaigns(ctx, o.campaign)
	if err != nil {
		return err
	}
	for _, c := range near {
		if c.Distance == 0 {
			o.note("note: the campaign %s exists already; %s is another one", strconv.Quote(output.Safe(c.Name)), strconv.Quote(o.campaign))
		}
	}
	return nil
}

// register stores the messages in the warehouse while it writes their URLs.
func (o *registerOptions) register(ctx context.Context, w *warehouse.Warehouse, b *sends.Batch, to *destination, left *skippedFile) error {
	n := len(b.Recipients.Rows)
	var outcome sends.Outcome
	g, registering := errgroup.WithContext(ctx)
	g.Go(func() error { return to.early(b) })
	g.Go(func() (err error) {
		p := output.NewProgress(o.app.Err, "registered", n)
		defer p.End()
		outcome, err = b.Register(registering, w, p.Add)
		return err
	})
	if err := g.Wait(); err != nil {
		return cutOff(ctx, err)
	}
	if err := to.finish(b); err != nil {
		return err
	}
	name, err := left.finish()
	if err != nil {
		return err
	}
	fmt.Fprintf(o.app.Err, "%s: %s registered in campaign %q (%s new, %s known, %s changed)%s\n",
		rowsOf(b.Recipients), output.Count(uint64(n)), b.Campaign.Name, output.Count(uint64(outcome.New)),
		output.Count(uint64(outcome.Known)), output.Count(uint64(outcome.Changed)), leftOut(b.Recipients, name))
	if o.sentAt.IsZero() && !slices.ContainsFunc(b.Recipients.Rows, func(r sends.Row) bool { return r.SentAt != 0 || r.DeliveredAt != 0 }) {
		o.note("note: no time of sending is given, so reports have no hours since the send, and later campaigns no history; " +
			"--send-at TIME or a column sent_at adds it, now or when you repeat the command")
	}
	return nil
}

// cutOff returns err with the progress of the registration, and with advice.
func cutOff(ctx context.Context, err error) error {
	e, ok := errors.AsType[*sends.CutOffError](err)
	if !ok {
		return err
	}
	failed := &app.ExitError{Code: app.ExitFailed, Err: e, Try: "repeat the command, which completes the registration"}
	if ctx.Err() != nil {
		failed.Code = app.ExitInterrupted
		e.Err = errors.New("interrupted")
	}
	return failed
}

// rowsOf returns the number of rows in a file as text, skipped rows included.
func rowsOf(r *sends.Recipients) string {
	return output.Plural(len(r.Rows)+len(r.Skipped)+r.Blank, "row", "rows")
}

// leftOut returns a text about the skipped rows, with the file that contains them.
func leftOut(r *sends.Recipients, file string) (text string) {
	faulty := r.Faulty()
	if faulty > 0 {
		text += ", " + output.Plural(faulty, "faulty row skipped", "faulty rows skipped")
	}
	if n := len(r.Skipped) - faulty; n > 0 {
		text += ", " + output.Plural(n, "duplicate", "duplicates")
	}
	if r.Blank > 0 {
		text += ", " + output.Plural(r.Blank, "blank row", "blank rows")
	}
	if file != "" {
		text += ", see " + output.Quote(file)
	}
	return text
}
