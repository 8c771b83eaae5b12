// Package replay is `glint replay`: it feeds archived log files to ingest, whose
// replay lane stores them beside the live lines without delaying those.
//
// Files are read in one goroutine, put together to bodies, and posted by a few
// others. How far each file was taken is kept in $GLINT_HOME/replay, so that the
// same command goes on where it ended. Loading a line twice changes no number:
// the marks save time only.
package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"glint/cli/internal/app"
	"glint/cli/internal/delivery"
	"glint/cli/internal/output"
	"glint/ingest/archive"
	"glint/ingest/logstream"
)

// inFlight is how many bodies are posted at once: one is compressed or on its
// way while ingest writes another to its disk.
const inFlight = 3

type options struct {
	app      *app.App
	paths    []string
	ingest   app.IngestAt
	restart  bool
	noWait   bool
	dryRun   bool
	patience time.Duration
}

// NewCmd returns the command. Run is nil but in tests.
func NewCmd(a *app.App, run func(context.Context, *options) error) *cobra.Command {
	if run == nil {
		run = runReplay
	}
	o := &options{app: a}
	cmd := &cobra.Command{
		Use:   "replay FILE|DIR...",
		Short: "Send archived log files to ingest again",
		Long: `Reads log files as Fastly leaves them in a bucket, plain or compressed by gzip, zstd or snappy (told by their content),
and posts their lines to ingest. Folders are read with all below them, in the order of names; hidden and empty files
are left out; - is stdin. Lines that are stored already change no number.

It may be stopped at any moment: the same command goes on from there, and sends only what is new in files that have
grown or come since; a file is known by all of its bytes. At the end it waits until it is known what became of the
lines, and says how many were stored, repeated, unregistered, had a bad token or are dead letters (glint log
deadletters). The exit code is 1 if a file could not be read whole or none of its lines is an event; the others are
sent all the same.`,
		Example: "  glint replay archive\n" +
			"  glint replay --dry-run archive/2026-11-21T13:00:00.000-AbCdEf.log.gz\n" +
			"  zcat archive/*.gz | glint replay -",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return app.UsageOf(cmd, errors.New("want files or folders of logs"))
			}
			return nil
		},
	}
	f := cmd.Flags()
	app.IngestFlags(cmd, &o.ingest)
	f.BoolVar(&o.restart, "restart", false, "send all again, also what an earlier replay has sent")
	f.BoolVar(&o.noWait, "no-wait", false, "end when ingest has the lines on disk, before it is known what becomes of them")
	f.BoolVar(&o.dryRun, "dry-run", false, "only list what would be sent")
	f.DurationVar(&o.patience, "patience", 15*time.Minute, "give up when ingest took nothing for so long")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if o.patience <= 0 {
			return app.UsageOf(cmd, errors.New("--patience must be above zero"))
		}
		o.paths = args
		return run(cmd.Context(), o)
	}
	return cmd
}

func runReplay(ctx context.Context, o *options) error {
	r := &replay{options: o}
	if err := r.find(); err != nil {
		return err
	}
	if o.dryRun {
		return r.list(ctx)
	}
	ingest, err := o.app.Ingest(o.ingest)
	if err != nil {
		return err
	}
	if err := o.app.Home.Make(); err != nil {
		return err
	}
	if err := r.marks.save(); err != nil { // of --restart, before anything can stop it
		return err
	}
	if err := r.connect(ctx, ingest); err != nil {
		return err
	}
	if err := r.send(ctx); err != nil {
		return err
	}
	return r.conclude(ctx)
}

// conclude says what became of the lines, and all that is wrong.
func (r *replay) conclude(ctx context.Context) error {
	for _, note := range r.noEvents {
		fmt.Fprintln(r.app.Err, "note:", output.Safe(note))
	}
	var faults []error
	if n := len(r.faults); n > 0 {
		faults = append(faults, app.Try(fmt.Errorf("%s could not be read whole; all else was sent", output.Plural(n, "file", "files")),
			"fetch them again, then run the same command: it sends what is missing"))
	}
	if r.noWait {
		if r.taken.lines > 0 {
			fmt.Fprintln(r.app.Err, "ingest has them on disk; glint audit says what becomes of them")
		}
	} else if err := r.delivery.Report(ctx); err != nil {
		faults = append(faults, err)
	}
	if n := len(r.noEvents); n > 0 {
		faults = append(faults, app.Try(errors.New(output.Plural(n, "file", "files")+" gave no event"),
			"glint log deadletters show, or leave them out"))
	}
	return errors.Join(faults...)
}

// replay is one run.
type replay struct {
	*options
	files  []archive.File
	marks  *marks
	faults []error // of files, told already
	taken  *taken

	post     func(ctx context.Context, lines []byte) error
	delivery delivery.Delivery
	noEvents []string // files, with the reason
}

// find looks for the files and for what is known of them.
func (r *replay) find() (err error) {
	var paths []string
	for _, path := range r.paths {
		if path == stdin {
			r.files = append(r.files, archive.File{Path: stdin})
		} else {
			paths = append(paths, path)
		}
	}
	found, faults := archive.Find(paths)
	for _, err := range faults {
		r.fault(err)
	}
	r.files = append(r.files, found...)
	if r.marks, err = openMarks(marksFile(r.app.Home.ReplayDir(), r.ingest.URL, paths), r.restart); err != nil {
		return err
	}
	for _, file := range found {
		r.marks.keep(file)
	}
	return nil
}

// fault reports a file that could not be read whole.
func (r *replay) fault(err error) {
	r.faults = append(r.faults, err)
	fmt.Fprintln(r.app.Err, "note:", output.Safe(err.Error()))
}

// connect finds out whether ingest answers and takes the token, before
// anything is read.
func (r *replay) connect(ctx context.Context, ingest app.Ingest) error {
	poster := ingest.Poster("lane=replay")
	err := poster.Send(ctx, nil)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if strange, ok := errors.AsType[*logstream.AnswerError](err); ok {
		return app.Try(err, strange.Hint())
	}
	if status, ok := errors.AsType[*logstream.StatusError](err); err != nil && (!ok || !logstream.RetryablePost(status)) {
		return app.Try(err, "check that glint runs there and that $GLINT_INGEST_TOKEN is its ingest token")
	}
	patient := &logstream.Patient{Patience: r.patience, Note: func(err error) {
		fmt.Fprintln(r.app.Err, "waiting:", output.Safe(err.Error()))
	}}
	r.post = func(ctx context.Context, lines []byte) error {
		return patient.Do(ctx, func(ctx context.Context) error {
			answer, err := poster.Post(ctx, lines)
			if err == nil {
				r.delivery.Taken(answer)
			}
			return err
		})
	}
	r.delivery.Poster = func() (*logstream.Poster, error) {
		if !ingest.Running {
			return poster, nil
		}
		again, err := r.app.Ingest(r.ingest) // it may have been started again, elsewhere
		if err != nil || again == ingest {
			return poster, err
		}
		return again.Poster("lane=replay"), nil
	}
	r.delivery.Patience, r.delivery.Notes = r.patience, r.app.Err
	return nil
}

// send reads and posts all files.
func (r *replay) send(ctx context.Context) error {
	began := time.Now()
	totalBytes := int64(0)
	for _, file := range r.files {
		totalBytes += file.Size
	}
	r.taken = &taken{marks: r.marks, progress: output.NewProgress(r.app.Err, "kB replayed:", int(totalBytes/1000))}
	f := &feeder{out: make(chan *body), order: &r.taken.order, marks: r.marks, fault: r.fault, stdin: r.app.In}
	g, running := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(f.out)
		return f.run(running, r.files)
	})
	for range inFlight {
		g.Go(func() error {
			for b := range f.out {
				if b.count > 0 {
					if err := r.post(running, b.lines); err != nil {
						return err
					}
				}
				if err := r.taken.add(b); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait()
	r.taken.progress.End()
	err = errors.Join(err, r.marks.save())
	r.noEvents = f.noEvents
	r.summary(f, time.Since(began), err != nil)
	if errors.Is(err, logstream.ErrImpatient) {
		return app.Try(err, "the same command later; it goes on from here")
	}
	return err
}

func (r *replay) summary(f *feeder, took time.Duration, stopped bool) {
	w := r.app.Err
	if f.skipped > 0 {
		fmt.Fprintln(w, output.Plural(f.skipped, "file was", "files were")+" replayed before; --restart sends all again")
	}
	n := r.taken
	if n.lines == 0 {
		fmt.Fprintln(w, "no lines to send")
	} else {
		rate := float64(n.lines) / max(took.Seconds(), 0.001)
		fmt.Fprintf(w, "replayed %s: %s, %s in %s (%s lines/s)\n", output.Plural(n.files, "file", "files"), output.Plural(n.lines, "line", "lines"),
			output.Plural(n.bytes, "byte", "bytes"), output.Duration(took), output.Count(uint64(rate)))
	}
	if stopped {
		fmt.Fprintln(w, "stopped; the same command goes on from there")
	}
}

// list prints what would be sent.
func (r *replay) list(ctx context.Context) error {
	t := output.NewTable("FILE", "BYTES", "STATE").AlignRight(1)
	files, bytes := 0, int64(0)
	for _, file := range r.files {
		state := "new"
		if file.Regular {
			mark, err := r.marks.resume(ctx, file)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				r.fault(err)
				continue
			case mark.Done:
				state = "done"
			case mark.Offset > 0:
				state = "begun"
			}
		}
		if state != "done" {
			files++
			bytes += file.Size
		}
		t.Row(file.Path, output.Count(uint64(file.Size)), state)
	}
	fmt.Fprintf(r.app.Err, "%s of %s would be sent; nothing was sent\n", output.Plural(files, "file", "files"), output.Plural(int(bytes), "byte", "bytes"))
	return t.Write(r.app.Out)
}
