// Package audit is `glint audit`: where every accepted event is.
package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/edge/token"
	"glint/ingest/archive"
	"glint/ingest/audit"
)

// Options are what the command was asked.
type Options struct {
	App     *app.App
	Since   time.Time // zero: from the first receipt on
	Until   time.Time // zero: until now
	Archive []string  // files and folders
	Mirrors []string  // addresses of warehouses that are to be equal
	Format  string
	DSN     string
}

// NewCmd returns the command. run is called with what was parsed; nil is the
// real one.
func NewCmd(a *app.App, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = Run
	}
	o := &Options{App: a}
	var since, until string
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Account for every accepted event; exit code 3 if one is missing",
		Long: `Accounts for every line that ingest answered by 2xx, per hour of receipt (UTC) and source: repeats, in opens,
unresolved (the message is not registered yet), bad tokens, dead letters, over the cap of unresolved opens, waiting in
the log, missing. It compares the receipts that ingest keeps in $GLINT_HOME/log with the tables, event by event. It
changes nothing and may run beside glint; beside a stopped one with --warehouse. The exit code is 3 if an event is
missing, or if damage keeps it from knowing.

With --archive it also estimates what the live stream lost between edge and ingest: how many events of the archive
never came as live lines. With --mirror it also compares each mirror with the warehouse. Receipts are kept for 7 days at most; it prints the time from which on they are complete.`,
		Example: "  glint audit\n  glint audit --since 24h --format json\n  glint audit --archive archive/2026-11-21\n  GLINT_MIRROR=$(cat other-warehouse) glint audit",
		Args:    app.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&since, "since", "", "begin of the time of receipt: RFC 3339, a date, or how long ago, like 24h (default: all that is known)")
	f.StringVar(&until, "until", "", "end of it, excluded (default: now)")
	f.StringArrayVar(&o.Archive, "archive", nil, "file or folder of archived lines, plain or compressed; repeatable")
	f.StringSliceVar(&o.Mirrors, "mirror", nil, "mirror to compare with the warehouse, table by table, as glint up and glint serve take it; better in $GLINT_MIRROR; repeatable")
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json", "csv")
	app.WarehouseFlag(cmd, &o.DSN)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.Format = format.String()
		if err := o.parseTimes(since, until, time.Now()); err != nil {
			return app.UsageOf(cmd, err)
		}
		return run(cmd.Context(), o)
	}
	return cmd
}

func (o *Options) parseTimes(since, until string, now time.Time) error {
	var errs [2]error
	if o.Since, errs[0] = moment(since, now); errs[0] != nil {
		errs[0] = fmt.Errorf("--since: %w", errs[0])
	}
	if o.Until, errs[1] = moment(until, now); errs[1] != nil {
		errs[1] = fmt.Errorf("--until: %w", errs[1])
	}
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	if !o.Until.IsZero() && !o.Since.Before(o.Until) {
		return errors.New("--since is not before --until")
	}
	return nil
}

// moment reads a time: RFC 3339, a date in UTC, or how long before now.
func moment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Truncate(time.Millisecond), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago).UTC().Truncate(time.Millisecond), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time; want one like 2026-11-21T09:30:00Z, 2026-11-21 or 24h", text)
}

// Run audits and prints what was found.
func Run(ctx context.Context, o *Options) error {
	files, ring, err := o.archive()
	if err != nil {
		return err
	}
	w, err := o.App.OpenWarehouse(ctx, o.DSN, app.OwnDatabase)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	progress := progress{o: o}
	r, err := audit.Run(ctx, audit.Options{
		LogDir: o.App.Home.LogDir(), Warehouse: w, Since: o.Since, Until: o.Until,
		Archive: files, Ring: ring, Progress: progress.begin,
	})
	progress.end()
	switch {
	case errors.Is(err, audit.ErrNoReceipts):
		return app.Try(err, "start glint, which keeps receipts from then on; or set $GLINT_HOME to its folder")
	case errors.Is(err, archive.ErrDamaged), errors.Is(err, archive.ErrNotText):
		return app.Try(err, "fetch the file again, or leave it out")
	case errors.Is(err, audit.ErrOutrun):
		return app.Try(err, "glint audit --since 10m")
	case err != nil:
		return err
	}
	compared, err := o.mirrors(ctx, w, time.Now())
	if err != nil {
		return err
	}
	if err := o.write(r, compared); err != nil {
		return err
	}
	if !r.Accounted() {
		return app.Problem(errors.New("not every accepted event is accounted for"), o.advice(r))
	}
	if slices.ContainsFunc(compared, func(m Mirror) bool { return !m.Equal }) {
		return app.Problem(errors.New("a mirror differs from the warehouse"), "glint status, which says whether the mirror follows; then the same again")
	}
	return nil
}

// archive returns the archive's files and the keys that judge their tokens.
func (o *Options) archive() ([]archive.File, *token.Ring, error) {
	if len(o.Archive) == 0 {
		return nil, nil, nil
	}
	files, faults := archive.Find(o.Archive)
	if len(faults) > 0 {
		return nil, nil, app.Try(errors.Join(faults...), "name folders and files that can be read; an archive with holes proves nothing")
	}
	keys, err := o.App.Home.ReadKeys()
	if err != nil {
		return nil, nil, err
	}
	if len(keys) == 0 {
		return nil, nil, app.Try(fmt.Errorf("there are no pixel keys in %s, which judge the archive's tokens", o.App.Home.KeysDir()),
			"set $GLINT_HOME to the folder of the glint that took the lines")
	}
	ring, err := token.NewRing(keys...)
	return files, ring, err
}

// advice says what to do about a difference.
func (o *Options) advice(r *audit.Result) string {
	if r.Total.Missing == r.Total.Unexplained {
		return "glint log verify " + o.App.Home.LogDir()
	}
	return "glint replay ARCHIVE, with the lines of those hours; lines that are stored already change no number"
}

// progress is of the stages of an audit, one after the other.
type progress struct {
	o    *Options
	last *output.Progress
}

func (p *progress) begin(verb string, total int) func(int) {
	p.end()
	p.last = output.NewProgress(p.o.App.Err, verb, total)
	return p.last.Add
}

func (p *progress) end() {
	if p.last != nil {
		p.last.End()
	}
}
