// Package logfiles sends log files to ingest's replay lane, for `glint replay` and
// `glint import`.
//
// One goroutine reads the files in blocks of lines, one per processor parses blocks, one
// packs the results into bodies in the order of the lines, and a few post the bodies:
// reader → parse → feeder → post. The number of blocks and bodies in flight is bounded,
// and so is the memory. The position in each file is stored, so that the same command
// continues where it ended. Loading a line twice changes no number: the positions only
// save time.
package logfiles

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"glint/cli/internal/app"
	"glint/cli/internal/delivery"
	"glint/cli/internal/output"
	"glint/ingest/archive"
	"glint/ingest/logstream"
	"glint/ingest/objects"
)

// InFlight is the number of bodies that are posted at once: one is compressed or sent
// while ingest writes another to its disk.
const InFlight = 3

// Reading converts the files' lines to event lines.
type Reading interface {
	// Open begins a file.
	Open(path string) Lines
	// Settle is called before a body is posted: it stores the data that its lines
	// depend on.
	Settle(ctx context.Context) error
}

// Lines reads the lines of one file.
type Lines interface {
	// Next takes the next lines, in order, and reads only the facts in them that the
	// following lines depend on. The results keep the slice.
	Next(lines []string) Results
	// Stateful reports whether the meaning of a line depends on the lines before it, so
	// that a run that continues in the middle of a file reads it from the beginning.
	Stateful() bool
}

// Results are the results for the lines of one Next.
type Results interface {
	// Parse does the work that needs no other lines. It runs concurrently with Parse of
	// other Results of the same file.
	Parse()
	// Append appends the event line of the next line, with its line feed, to dst, or
	// nothing. An error gives the reason why the line is no event, without values of the
	// line. Append is called once for each line, after Parse and after the previous
	// Results. A line that an earlier run has sent (taken) is read only for the lines
	// after it, and counts nowhere.
	Append(dst []byte, taken bool) ([]byte, error)
}

// Job is one run over log files.
type Job struct {
	App      *app.App
	Paths    []string       // files, folders, s3://BUCKET/PREFIX; Stdin is standard input
	Bucket   objects.Target // endpoint and region of the buckets
	Ingest   app.IngestAt
	MarksDir string
	Meaning  string // settings that change how lines are read; part of the name of the positions' file
	Reading  Reading
	Restart  bool
	NoWait   bool
	Patience time.Duration
	Past     string // the verb in the summary, "replayed"
	Unit     string // the noun for a line, "event"
	NoUnit   string // advice if no line of a file is an event
	// AnyOutcome lets a run succeed even if all lines became bad tokens or dead letters.
	AnyOutcome bool
}

// Run sends the files and prints the outcome of the lines.
func (j *Job) Run(ctx context.Context) error {
	r := &run{Job: j}
	if err := r.find(ctx); err != nil {
		return err
	}
	ingest, err := j.App.Ingest(j.Ingest)
	if err != nil {
		return err
	}
	if err := j.App.Home.Make(); err != nil {
		return err
	}
	if err := r.marks.save(); err != nil { // --restart takes effect even if the run is interrupted
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

// List prints the files that Run would send.
func (j *Job) List(ctx context.Context) error {
	r := &run{Job: j}
	if err := r.find(ctx); err != nil {
		return err
	}
	return r.list(ctx)
}

// conclude prints the outcome of the lines, and returns all faults.
func (r *run) conclude(ctx context.Context) error {
	for _, note := range r.noEvents {
		fmt.Fprintln(r.App.Err, "note:", output.Safe(note))
	}
	var faults []error
	if n := len(r.faults); n > 0 {
		faults = append(faults, app.Try(fmt.Errorf("%s could not be read completely; everything else was sent", output.Plural(n, "file", "files")),
			"fetch the files again, then repeat the command: it sends the missing lines"))
	}
	if r.NoWait {
		if r.taken.lines > 0 {
			fmt.Fprintln(r.App.Err, "ingest has them on disk; glint audit shows their outcome")
		}
	} else if err := r.delivery.Report(ctx); err != nil && (!r.AnyOutcome || !errors.Is(err, delivery.ErrNothingStored)) {
		faults = append(faults, err)
	}
	if n := len(r.noEvents); n > 0 {
		faults = append(faults, app.Try(errors.New(output.Plural(n, "file", "files")+" gave no "+r.Unit), r.NoUnit))
	}
	return errors.Join(faults...)
}

// run is a Job under way.
type run struct {
	*Job
	files  []archive.File
	marks  *marks
	faults []error // of files, already printed
	taken  *taken

	post     func(ctx context.Context, lines []byte) error
	delivery delivery.Delivery
	noEvents []string // files, with the reason
}

// find finds the files and reads their positions.
func (r *run) find(ctx context.Context) (err error) {
	var paths []string
	for _, path := range r.Paths {
		if path == Stdin {
			r.files = append(r.files, archive.File{Path: Stdin})
		} else {
			paths = append(paths, path)
		}
	}
	found, faults := r.Find(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, err := range faults {
		if errors.Is(err, objects.ErrTarget) {
			return app.UsageTry(err, "s3://BUCKET/PREFIX, with the key in the environment")
		}
	}
	r.files = append(r.files, found...)
	if len(r.files) == 0 && len(faults) > 0 {
		return app.Try(errors.Join(faults...), "existing files and folders")
	}
	for _, err := range faults {
		r.fault(err)
	}
	if r.marks, err = openMarks(marksFile(r.MarksDir, r.Ingest.URL, paths, r.Bucket.Endpoint, r.Meaning), r.Restart); err != nil {
		return err
	}
	for _, file := range found {
		r.marks.keep(file)
	}
	return nil
}

// fault prints and records an error of a file that could not be read completely.
func (r *run) fault(err error) {
	r.faults = append(r.faults, err)
	fmt.Fprintln(r.App.Err, "note:", output.Safe(err.Error()))
}

// connect checks that ingest answers and accepts the token, before
// anything is read.
func (r *run) connect(ctx context.Context, ingest app.Ingest) error {
	poster := ingest.Poster("lane=replay")
	poster.Near = ingest.Running
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
	patient := &logstream.Patient{Patience: r.Patience, Note: func(err error) {
		fmt.Fprintln(r.App.Err, "waiting:", output.Safe(err.Error()))
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
		again, err := r.App.Ingest(r.Ingest) // it may have been restarted with another address
		if err != nil || again == ingest {
			return poster, err
		}
		return again.Poster("lane=replay"), nil
	}
	r.delivery.Patience, r.delivery.Notes = r.Patience, r.App.Err
	return nil
}

// send reads and posts all files.
func (r *run) send(ctx context.Context) error {
	began := time.Now()
	totalBytes := int64(0)
	for _, file := range r.files {
		totalBytes += file.Size
	}
	r.taken = &taken{marks: r.marks, progress: output.NewProgress(r.App.Err, "kB "+r.Past+":", int(totalBytes/1000))}
	parsers := runtime.GOMAXPROCS(0)
	inOrder, unparsed, bodies := make(chan *block, parsers), make(chan *block), make(chan *body)
	f := &feeder{out: bodies, order: &r.taken.order, read: r.Reading, unit: r.Unit, fault: r.fault}
	g, running := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(inOrder)
		defer close(unparsed)
		files := &reader{inOrder: inOrder, unparsed: unparsed, marks: r.marks, read: r.Reading, unit: r.Unit, stdin: r.App.In}
		return files.run(running, r.files)
	})
	for range parsers {
		g.Go(func() error { return parse(running, unparsed) })
	}
	g.Go(func() error {
		defer close(bodies)
		return f.run(running, inOrder)
	})
	for range InFlight {
		g.Go(func() error {
			for b := range bodies {
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
		return app.Try(err, "repeat the command later; it continues from here")
	}
	return err
}

func (r *run) summary(f *feeder, took time.Duration, stopped bool) {
	w := r.App.Err
	if f.skipped > 0 {
		fmt.Fprintln(w, output.Plural(f.skipped, "file was", "files were")+" "+r.Past+" before; --restart sends everything again")
	}
	n := r.taken
	if n.lines == 0 {
		fmt.Fprintln(w, "no lines to send")
	} else {
		rate := float64(n.lines) / max(took.Seconds(), 0.001)
		fmt.Fprintf(w, "%s %s: %s, %s in %s (%s lines/s)\n", r.Past, output.Plural(n.files, "file", "files"), output.Plural(n.lines, "line", "lines"),
			output.Plural(n.bytes, "byte", "bytes"), output.Duration(took), output.Count(uint64(rate)))
	}
	if stopped {
		fmt.Fprintln(w, "stopped; repeat the command to continue")
	}
}

// list prints the files that would be sent.
func (r *run) list(ctx context.Context) error {
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
	fmt.Fprintf(r.App.Err, "%s of %s would be sent; nothing was sent\n", output.Plural(files, "file", "files"), output.Plural(int(bytes), "byte", "bytes"))
	return t.Write(r.App.Out)
}
