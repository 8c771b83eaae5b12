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

	"glint/cli/app"
	"glint/cli/output"
	"glint/ingest/archive"
	"glint/ingest/logstream"
)

// inFlight is how many bodies are posted at once: one is compressed or on its
// way while ingest writes another to its disk.
const inFlight = 3

type options struct {
	app       *app.App
	paths     []string
	ingestURL string
	restart   bool
	noWait    bool
	dryRun    bool
	patience  time.Duration
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
grown or come since. At the end it waits until the running glint's warehouse has all lines. A file that cannot be read
whole is reported, and the others are sent; the exit code is 1 then. Lines that cannot be stored: glint log deadletters.`,
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
	app.IngestFlag(cmd, &o.ingestURL)
	f.BoolVar(&o.restart, "restart", false, "send all again, also what an earlier replay has sent")
	f.BoolVar(&o.noWait, "no-wait", false, "end when ingest has the lines, before the warehouse has")
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
		return r.list()
	}
	ingest, err := o.app.Ingest(o.ingestURL)
	if err != nil {
		return err
	}
	if err := o.app.Home.Make(); err != nil {
		return err
	}
	if err := r.marks.save(); err != nil { // of --restart, before anything can stop it
		return err
	}
	post, err := connect(ctx, o, ingest)
	if err != nil {
		return err
	}
	if err := r.send(ctx, post); err != nil {
		return err
	}
	if !o.noWait && ingest.Running && len(r.files) > 0 {
		if err := waitForWarehouse(ctx, o); err != nil {
			return err
		}
	}
	if n := len(r.faults); n > 0 {
		return app.Try(fmt.Errorf("%s could not be read whole; all else was sent", output.Plural(n, "file", "files")),
			"fetch them again, then run the same command: it sends what is missing")
	}
	return nil
}

// replay is one run.
type replay struct {
	*options
	files  []archive.File
	marks  *marks
	faults []error // of files, told already
	taken  *taken
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
	r.marks, err = openMarks(marksFile(r.app.Home.ReplayDir(), r.ingestURL, paths), r.restart)
	return err
}

// fault tells of a file that could not be read whole.
func (r *replay) fault(err error) {
	r.faults = append(r.faults, err)
	fmt.Fprintln(r.app.Err, "note:", output.Safe(err.Error()))
}

// connect finds out whether ingest answers and takes the token, before
// anything is read.
func connect(ctx context.Context, o *options, ingest app.Ingest) (logstream.Send, error) {
	poster := logstream.NewPoster(ingest.URL, ingest.Token, "lane=replay")
	err := poster.Send(ctx, nil)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if status, ok := errors.AsType[*logstream.StatusError](err); err != nil && (!ok || !logstream.RetryablePost(status)) {
		return nil, app.Try(err, "check that glint runs there and that $GLINT_INGEST_TOKEN is its ingest token")
	}
	patient := &logstream.Patient{Send: poster.Send, Patience: o.patience, Note: func(err error) {
		fmt.Fprintln(o.app.Err, "waiting:", output.Safe(err.Error()))
	}}
	return patient.Post, nil
}

// send reads and posts all files.
func (r *replay) send(ctx context.Context, post logstream.Send) error {
	began := time.Now()
	f := &feeder{out: make(chan *body), marks: r.marks, fault: r.fault, stdin: r.app.In}
	f.leaveOutDone(r.files)
	r.taken = &taken{marks: r.marks, progress: output.NewProgress(r.app.Err, "kB replayed:", int(f.totalBytes/1000))}
	g, running := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(f.out)
		return f.run(running)
	})
	for range inFlight {
		g.Go(func() error {
			for b := range f.out {
				if b.count > 0 {
					if err := post(running, b.lines); err != nil {
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
func (r *replay) list() error {
	t := output.NewTable("FILE", "BYTES", "STATE").AlignRight(1)
	files, bytes := 0, int64(0)
	for _, file := range r.files {
		state := "new"
		if file.Regular {
			mark, err := r.marks.resume(file)
			switch {
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
