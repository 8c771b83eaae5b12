package person

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/cli/internal/service"
	"glint/edge/token"
	"glint/ingest"
	"glint/ingest/erasure"
	"glint/ingest/host/backoff"
	"glint/ingest/warehouse"
)

type eraseOptions struct {
	app         *app.App
	file, dsn   string
	yes, dryRun bool
	format      string
	archive     archiveFlags
}

func newEraseCmd(a *app.App) *cobra.Command {
	o := &eraseOptions{app: a}
	cmd := &cobra.Command{
		Use:   "erase ADDRESS...",
		Short: "Erase all data of persons",
		Long: `Deletes all data of the addresses: rows and the table parts that contained them, lines of the log and of the archive,
events of receipts, dead letters, and events that the webhook has not accepted. The running glint does the work, and resumes
it after a kill. If no glint runs, this command does it, and needs --archive if there is an archive. It returns when nothing
is left, and prints a receipt without names; $GLINT_HOME/erasures keeps a copy.

Two things stay. The refusal: the keyed hash of the address in the ledger of choices, so that an address that is registered
again is not measured. And a hash of each message, by which its later opens are dropped. A message leaves its campaign's
numbers together with its events, so every rate is that of the other messages.

Copies outside glint stay: backups, earlier versions in a bucket, your own files of pixel URLs.`,
		Example: "  glint person erase ann@example.com --yes\n  glint person erase --file gone.csv --yes",
	}
	f := cmd.Flags()
	f.StringVar(&o.file, "file", "", "table of further addresses, with a column recipient; - is stdin")
	f.BoolVar(&o.yes, "yes", false, "erase without a confirmation")
	f.BoolVar(&o.dryRun, "dry-run", false, "print how many persons would be erased, and erase nothing")
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	o.archive.add(cmd)
	app.WarehouseFlag(cmd, &o.dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.format = format.String()
		if o.file != "" {
			more, err := readAddresses(cmd.Context(), a, o.file)
			if err != nil {
				return err
			}
			args = append(args, more...)
		}
		recipients, err := normalized(cmd, args)
		if err != nil {
			return err
		}
		if o.dryRun {
			if o.format == "json" {
				return writeJSON(a.Out, map[string]int{"persons": len(recipients)})
			}
			fmt.Fprintf(a.Err, "%s would be erased; nothing was changed (--dry-run)\n", output.Plural(len(recipients), "person", "persons"))
			return nil
		}
		if err := o.confirm(cmd, len(recipients)); err != nil {
			return err
		}
		return o.run(cmd.Context(), recipients)
	}
	return cmd
}

// confirm asks for a confirmation unless --yes is given.
func (o *eraseOptions) confirm(cmd *cobra.Command, persons int) error {
	if o.yes {
		return nil
	}
	if o.file == "-" {
		return app.UsageOf(cmd, errors.New("--file - uses stdin, which leaves none for the confirmation; use --yes"))
	}
	fmt.Fprintf(o.app.Err, "Erase %s from everywhere, for good? Type yes: ", output.Plural(persons, "person", "persons"))
	answer, _ := bufio.NewReader(app.Interruptible(cmd.Context(), o.app.In)).ReadString('\n') // the end of the input is no yes
	if answer == "" {
		fmt.Fprintln(o.app.Err)
	}
	if strings.TrimSpace(answer) != "yes" {
		return app.Try(errors.New("nothing was erased"), "--yes, without a terminal")
	}
	return nil
}

func (o *eraseOptions) run(ctx context.Context, recipients []string) error {
	folder := erasure.Folder(o.app.Home.ErasureDir())
	if _, err := o.app.Running(); err == nil {
		id, err := folder.Place(recipients, time.Now())
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		go o.watch(ctx, cancel)
		return o.await(ctx, folder, id)
	}
	return o.alone(ctx, folder, recipients)
}

// alone erases without a running glint, by a service without a pixel. It refuses to skip an
// archive or a mirror: a later search could not find the data, since the messages that
// identify it are deleted.
func (o *eraseOptions) alone(ctx context.Context, folder erasure.Folder, recipients []string) error {
	if had, _ := filepath.Glob(filepath.Join(o.app.Home.LogDir(), "archive", "*.json")); o.archive.place == "" && len(had) > 0 {
		return app.UsageTry(errors.New("this glint has written an archive, which must be searched, too"), "--archive DIR or s3://BUCKET/PREFIX; --archive none if it is gone")
	}
	if had, _ := filepath.Glob(filepath.Join(o.app.Home.LogDir(), "mirrors", "*")); len(had) > 0 {
		return app.Try(errors.New("this glint has mirrors, in which the persons must be erased, too"),
			"start glint with its --mirror flags and erase again; delete "+filepath.Join(o.app.Home.LogDir(), "mirrors")+" if they are gone")
	}
	cfg, err := service.Quiet(o.app, o.dsn)
	if err != nil {
		return err
	}
	if o.archive.place != noArchive {
		cfg.Archive.Place, cfg.Archive.Endpoint, cfg.Archive.Region = o.archive.place, o.archive.endpoint, o.archive.region
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	up, ended := make(chan struct{}), make(chan error, 1)
	cfg.Ready = func(ingest.Addresses, *token.Ring) { close(up) }
	if err := cfg.Validate(); err != nil {
		return app.Usage(err)
	}
	fmt.Fprintln(o.app.Err, "glint is not running; its warehouse and log are opened for this")
	go func() { ended <- ingest.Run(running, *cfg) }()
	select {
	case <-ctx.Done():
	case err := <-ended:
		if errors.Is(err, warehouse.ErrDSN) {
			err = app.Usage(err)
		}
		return err
	case <-up:
	}
	var result error
	id, err := folder.Place(recipients, time.Now())
	if result = err; err == nil {
		result = o.await(ctx, folder, id)
	}
	stop()
	return errors.Join(result, <-ended)
}

// restartPatience is the wait for a restart: the glint that executes the order may end, and the next one resumes it.
const restartPatience = 30 * time.Second

var errEnded = errors.New("the running glint has ended")

// watch cancels with errEnded once no glint has run for restartPatience.
func (o *eraseOptions) watch(ctx context.Context, cancel context.CancelCauseFunc) {
	for since := time.Now(); ; {
		if _, err := o.app.Running(); err == nil {
			since = time.Now()
		} else if time.Since(since) > restartPatience {
			cancel(errEnded)
		}
		if backoff.Sleep(ctx, time.Second) != nil {
			return
		}
	}
}

// await waits for the receipt and prints it.
func (o *eraseOptions) await(ctx context.Context, folder erasure.Folder, id string) error {
	var last erasure.State
	since, told := time.Now(), ""
	for {
		r, done, err := folder.Receipt(id)
		if err != nil {
			return err
		}
		if done {
			return o.print(&r)
		}
		if s := folder.State(id); s != last {
			last, since = s, time.Now()
			if s.Fault != "" {
				fmt.Fprintln(o.app.Err, "not erased yet, trying again:", output.Safe(s.Fault))
			}
		}
		if last.Step != "" && last.Step != told && time.Since(since) > slowStep {
			told = last.Step
			fmt.Fprintf(o.app.Err, "step %q takes long; glint status shows whether a mirror or the warehouse lags\n", told)
		}
		select {
		case <-ctx.Done():
			err := errors.New("not erased yet; the order stands")
			if errors.Is(context.Cause(ctx), errEnded) {
				err = fmt.Errorf("%w: %w", errEnded, err)
			}
			return app.Try(err, "glint up, which resumes it")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// slowStep is the time after which the command prints the step that it waits for.
const slowStep = 3 * time.Second

func (o *eraseOptions) print(r *erasure.Receipt) error {
	if o.format == "json" {
		return writeJSON(o.app.Out, r)
	}
	t := output.NewTable("PLACE", "ERASED").AlignRight(1)
	for _, table := range warehouse.ErasedTables {
		t.Row(table, output.Count(r.Rows[table]))
	}
	for _, place := range []struct {
		name string
		n    int
	}{{"log", r.LogLines}, {"archive", r.ArchiveLines}, {"receipts", r.ReceiptEvents}, {"dead letters", r.DeadLetters}, {"webhook", r.WebhookEvents}} {
		t.Row(place.name, output.Count(uint64(place.n)))
	}
	if err := t.Write(o.app.Out); err != nil {
		return err
	}
	for _, note := range r.Notes {
		fmt.Fprintln(o.app.Err, "note:", output.Safe(note))
	}
	if r.None() {
		fmt.Fprintln(o.app.Err, "note: there was no data; is the address spelled as it was registered? The refusal is recorded all the same")
	}
	fmt.Fprintf(o.app.Err, "erased %s with %s; the receipt is %s/%s.json\n",
		output.Plural(len(r.RecipientKeys), "person", "persons"), output.Plural(r.Messages, "message", "messages"), o.app.Home.ErasureDir(), r.ID)
	return nil
}
