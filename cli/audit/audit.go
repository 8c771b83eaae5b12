// Package audit is `glint audit`: it accounts for every accepted event.
package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/logfiles"
	"glint/cli/internal/output"
	"glint/edge/token"
	"glint/ingest/archive"
	"glint/ingest/audit"
	"glint/ingest/objects"
)

// Options are the parsed flags of the command.
type Options struct {
	App     *app.App
	Since   time.Time // zero: from the first receipt on
	Until   time.Time // zero: until now
	Archive []string  // files, folders and bucket URLs
	Bucket  objects.Target
	Mirrors []string // addresses of the warehouses that must equal this one
	Nodes   []string // homes of the other ingest nodes of the warehouse
	Repair  bool     // insert missing events first
	Signals string   // value of --privacy-signals for Repair; "": the running glint's
	Format  string
	DSN     string
}

// NewCmd returns the command, which calls run with the parsed options; nil means
// Run.
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
the log, missing. It compares the receipts that ingest keeps in $GLINT_HOME/log with the tables, event by event, and may
run while glint runs; if glint is stopped, give --warehouse. The exit code is 3 if an event is missing, or if damage makes
the answer unknown. Without --repair it changes nothing.

--repair first inserts again the events that are missing in the warehouse, in one of its replicas or in a --mirror. It
takes their lines, as they were received, from the log, which keeps them for --log-retain, or from --archive. It prints
the number of repaired events by hour and source, and the events that it cannot repair. It may be interrupted and
repeated. Erased and withdrawn events do not come back. A running glint does the same, with its own archive, after a
restart of the machine or of a ClickHouse.

--archive also estimates the loss of the live stream between edge and ingest: the number of events in the archive that
never arrived as live lines. It also lists the events of the archive that are in no table, whichever ingest node took
them: with the archive of a lost node, these are its undelivered events, which glint replay brings in. --mirror also
compares each mirror with the warehouse. Receipts are kept for 7 days at most; the time from which they are complete is
printed.

--node also accounts for the events of another ingest node of the same warehouse, whose home is mounted here. A line of
the live stream is then lost only if it arrived at none of the nodes. --repair works on one node: run it on each node.`,
		Example: "  glint audit\n  glint audit --since 24h --format json\n  glint audit --archive archive/2026-11-21\n  glint audit --repair --archive archive\n  GLINT_MIRROR=$(cat other-warehouse) glint audit\n  glint audit --node other",
		Args:    app.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&since, "since", "", "earliest time of receipt: RFC 3339, a date, or an age such as 24h (default: the first receipt)")
	f.StringVar(&until, "until", "", "end of the time of receipt, exclusive (default: now)")
	f.StringArrayVar(&o.Archive, "archive", nil, "file, folder or s3://BUCKET/PREFIX of archived lines, plain or compressed; repeatable")
	app.PlaceFlags(cmd, &o.Bucket)
	f.BoolVar(&o.Repair, "repair", false, "insert missing events again")
	f.StringVar(&o.Signals, "privacy-signals", "", "for --repair, the value that glint up has (default: the running glint's)")
	f.StringSliceVar(&o.Mirrors, "mirror", nil, "mirror to compare with the warehouse, table by table, as for glint up and glint serve; prefer $GLINT_MIRROR; repeatable")
	f.StringArrayVar(&o.Nodes, "node", nil, "home of another ingest node of the same warehouse, mounted on this machine; repeatable")
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json", "csv")
	app.WarehouseFlag(cmd, &o.DSN)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.Format = format.String()
		if err := o.parseTimes(since, until, time.Now()); err != nil {
			return app.UsageOf(cmd, err)
		}
		if o.Repair && len(o.Nodes) > 0 {
			return app.UsageOf(cmd, errors.New("--repair works on one node: run it on each node, without --node"))
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

// moment parses a time: RFC 3339, a date in UTC, or an age such as 24h.
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

// Run audits, after a repair if --repair is set, and prints the result.
func Run(ctx context.Context, o *Options) error {
	nodes, err := o.nodes()
	if err != nil {
		return err
	}
	files, ring, err := o.archive(ctx)
	if err != nil {
		return err
	}
	w, err := o.App.OpenWarehouse(ctx, o.DSN, app.OwnDatabase)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	progress := progress{o: o}
	repaired, err := o.repair(ctx, w, files, progress.begin)
	progress.end()
	if err != nil {
		return err
	}
	r, err := audit.Run(ctx, audit.Options{
		Nodes: nodes, Warehouse: w, Since: o.Since, Until: o.Until,
		Archive: files, Ring: ring, Progress: progress.begin,
	})
	progress.end()
	if err != nil {
		return hinted(err)
	}
	compared, err := o.mirrors(ctx, w, time.Now())
	if err != nil {
		return err
	}
	if err := o.write(r, compared, repaired); err != nil {
		return err
	}
	if !r.Accounted() {
		return app.Problem(errors.New("not every accepted event is accounted for"), o.advice(r))
	}
	if slices.ContainsFunc(compared, func(m Mirror) bool { return !m.Equal }) {
		return app.Problem(errors.New("a mirror differs from the warehouse"), "glint status, which shows whether the mirror keeps up; then repeat the command")
	}
	return nil
}

// hinted adds advice to an error of an audit or a repair.
func hinted(err error) error {
	switch {
	case errors.Is(err, audit.ErrNoReceipts):
		return app.Try(err, "start glint, which keeps receipts from then on; or set $GLINT_HOME to its folder")
	case errors.Is(err, archive.ErrDamaged), errors.Is(err, archive.ErrNotText):
		return app.Try(err, "fetch the file again, or leave it out")
	case errors.Is(err, audit.ErrOutrun):
		return app.Try(err, "glint audit --since 10m")
	}
	return err
}

// archive returns the archive's files and the keys that verify their tokens.
func (o *Options) archive(ctx context.Context) ([]archive.File, *token.Ring, error) {
	if len(o.Archive) == 0 {
		return nil, nil, nil
	}
	files, faults := (&logfiles.Job{App: o.App, Paths: o.Archive, Bucket: o.Bucket}).Find(ctx)
	if len(faults) > 0 {
		return nil, nil, app.Try(errors.Join(faults...), "name folders and files that can be read; an archive with holes proves nothing")
	}
	ring, err := o.ring()
	return files, ring, err
}

// ring returns the keys that verify tokens.
func (o *Options) ring() (*token.Ring, error) {
	keys, err := o.App.Home.ReadKeys()
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, app.Try(fmt.Errorf("there are no pixel keys in %s to verify the tokens of lines", o.App.Home.KeysDir()),
			"set $GLINT_HOME to the folder of the glint that took the lines")
	}
	return token.NewRing(keys...)
}

// progress reports the stages of an audit, one after the other.
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
