// Package logfiles sends log files to ingest's replay lane, for `glint replay` and
// `glint import`.
//
// One goroutine reads the files in blocks of lines, as many as there are processors
// parse the blocks, one puts the results together to bodies in the order of the
// lines, and a few post those: reader → parse → feeder → post. The blocks and bodies
// on the way are bounded, and so is the memory. How far each file was taken is kept in
// a file, so that the same command goes on where it ended. Loading a line twice
// changes no number: the marks save time only.
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

// InFlight is how many bodies are posted at once: one is compressed or on its
// way while ingest writes another to its disk.
const InFlight = 3

// Reading is what becomes of the files' lines.
type Reading interface {
	// Open begins a file.
	Open(path string) Lines
	// Settle is called before a body of lines goes out: it stores what the lines need
	// beside themselves.
	Settle(ctx context.Context) error
}

// Lines reads the lines of one file.
type Lines interface {
	// Next takes the next lines, in their order, without reading more of them than
	// what they say of the lines behind them. The results keep the slice.
	Next(lines []string) Results
	// Stateful reports whether a line is read by what the lines before it say, so
	// that a run that goes on in the middle of a file reads it from its begin.
	Stateful() bool
}

// Results are what becomes of the lines of one Next.
type Results interface {
	// Parse does all of the work that needs no other lines. It runs beside that of other
	// Results of the same file.
	Parse()
	// Append appends the event line of the next of the lines with its line feed to
	// dst, or nothing. An error says why the line is no event; it holds no value of
	// it. It is called once for each line, after Parse and after the Results before. A line
	// that an earlier run has taken is read for those behind it alone, and counts nowhere.
	Append(dst []byte, taken bool) ([]byte, error)
}

// Job is one run over log files.
type Job struct {
	App      *app.App
	Paths    []string       // files, folders, s3://BUCKET/PREFIX; Stdin is standard input
	Bucket   objects.Target // endpoint and region of the buckets
	Ingest   app.IngestAt
	MarksDir string
	Meaning  string // how lines are read, where that is by settings; see Reading
	Reading  Reading
	Restart  bool
	NoWait   bool
	Patience time.Duration
	Past     string // what is done to the files, "replayed"
	Unit     string // what a line should be, "event"
	NoUnit   string // advice where no line of a file is one
	// AnyOutcome lets a run succeed whose lines all became bad tokens or dead letters.
	AnyOutcome bool
}

// Run sends the files and says what became of the lines.
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

// List prints what Run would send.
func (j *Job) List(ctx context.Context) error {
	r := &run{Job: j}
	if err := r.find(ctx); err != nil {
		return err
	}
	return r.list(ctx)
}

// conclude says what became of the lines, and all that is wrong.
func (r *run) conclude(ctx context.Context) error {
	for _, note := range r.noEvents {
		fmt.Fprintln(r.App.Err, "note:", output.Safe(note))
	}
	var faults []error
	if n := len(r.faults); n > 0 {
		faults = append(faults, app.Try(fmt.Errorf("%s could not be read whole; all else was sent", output.Plural(n, "file", "files")),
			"fetch them again, then run the same command: it sends what is missing"))
	}
	if r.NoWait {
		if r.taken.lines > 0 {
			fmt.Fprintln(r.App.Err, "ingest has them on disk; glint audit says what becomes of them")
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
	faults []error // of files, told already
	taken  *taken

	post     func(ctx context.Context, lines []byte) error
	delivery delivery.Delivery
	noEvents []string // files, with the reason
}

// find looks for the files and for what is known of them.
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
		return app.Try(errors.Join(faults...), "files and folders that are there")
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

// fault reports a file that could not be read whole.
func (r *run) fault(err error) {
	r.faults = append(r.faults, err)
	fmt.Fprintln(r.App.Err, "note:", output.Safe(err.Error()))
}

// connect finds out whether ingest answers and takes the token, before
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
		again, err := r.App.Ingest(r.Ingest) // it may have been started again, elsewhere
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
		return app.Try(err, "the same command later; it goes on from here")
	}
	return err
}

func (r *run) summary(f *feeder, took time.Duration, stopped bool) {
	w := r.App.Err
	if f.skipped > 0 {
		fmt.Fprintln(w, output.Plural(f.skipped, "file was", "files were")+" "+r.Past+" before; --restart sends all again")
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
		fmt.Fprintln(w, "stopped; the same command goes on from there")
	}
}

// list prints what would be sent.
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
