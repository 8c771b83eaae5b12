package deadletters

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/delivery"
	"glint/cli/internal/output"
	"glint/ingest/archive"
	"glint/ingest/deadletters"
	"glint/ingest/logstream"
)

// bodyBytes is the approximate size of one post in bytes.
const bodyBytes = 4 << 20

type retryOptions struct {
	app      *app.App
	reason   string
	ingest   app.IngestAt
	noWait   bool
	dryRun   bool
	patience time.Duration
}

func newRetryCmd(a *app.App, run func(context.Context, *retryOptions) error) *cobra.Command {
	o := &retryOptions{app: a}
	cmd := &cobra.Command{
		Use:   "retry",
		Short: "Resend lines that could not be stored to ingest",
		Long: `Posts the lines to ingest's replay lane, without a preceding syslog header, and removes a file once ingest has all its
lines on disk. A line that still cannot be stored becomes a dead letter again. At the end it waits for the outcome of the
lines and prints it; the exit code is 1 if none was stored. With --reason, the other lines of a file stay. The command can
be interrupted at any time.`,
		Example: "  glint log deadletters retry --dry-run\n  glint log deadletters retry --reason bad_time",
		Args:    app.NoArgs,
	}
	app.IngestFlags(cmd, &o.ingest)
	cmd.Flags().StringVar(&o.reason, "reason", "", "only lines with this reason")
	cmd.Flags().BoolVar(&o.noWait, "no-wait", false, "end when ingest has the lines on disk, without waiting for their outcome")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "print the number of lines that would be sent, and send nothing")
	cmd.Flags().DurationVar(&o.patience, "patience", 5*time.Minute, "give up if ingest has accepted nothing for this long")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if o.patience <= 0 {
			return app.UsageOf(cmd, errors.New("--patience must be above zero"))
		}
		return run(cmd.Context(), o)
	}
	return cmd
}

func runRetry(ctx context.Context, o *retryOptions) error {
	f, err := open(o.app)
	if err != nil {
		return err
	}
	files, err := filesOf(f)
	if err != nil {
		return err
	}
	r := &retry{retryOptions: o, folder: f}
	if !o.dryRun {
		ingest, err := o.app.Ingest(o.ingest)
		if err != nil {
			return err
		}
		r.connect(ingest)
	}
	for _, file := range files {
		if err = r.file(ctx, file.Name); err != nil {
			break
		}
	}
	what := output.Plural(r.lines, "line", "lines") + " of " + output.Plural(r.files, "file", "files")
	if o.dryRun {
		fmt.Fprintln(o.app.Err, what, "would be sent; nothing was sent")
	} else {
		fmt.Fprintln(o.app.Err, "sent", what)
	}
	if _, ok := errors.AsType[*logstream.StatusError](err); ok && !errors.Is(err, logstream.ErrImpatient) {
		return app.Try(err, "check that $GLINT_INGEST_TOKEN is the token of that ingest")
	}
	if err != nil || o.dryRun || o.noWait {
		return err
	}
	return r.delivery.Report(ctx)
}

// retry is one run.
type retry struct {
	*retryOptions
	folder       *deadletters.Folder
	post         func(ctx context.Context, lines []byte) error
	delivery     delivery.Delivery
	files, lines int // sent
}

func (r *retry) connect(ingest app.Ingest) {
	poster := ingest.Poster("lane=replay")
	patient := &logstream.Patient{
		Patience: r.patience,
		Note:     func(err error) { fmt.Fprintln(r.app.Err, "waiting:", output.Safe(err.Error())) },
	}
	r.post = func(ctx context.Context, lines []byte) error {
		return patient.Do(ctx, func(ctx context.Context) error {
			answer, err := poster.Post(ctx, lines)
			if err == nil {
				r.delivery.Taken(answer)
			}
			return err
		})
	}
	r.delivery.Poster = func() (*logstream.Poster, error) { return poster, nil }
	r.delivery.Patience, r.delivery.Notes = r.patience, r.app.Err
}

// file sends the lines of a file, or those with the reason. The file stays until ingest has
// all of them, so that an interruption loses nothing.
func (r *retry) file(ctx context.Context, name string) error {
	wanted := 0
	var others []deadletters.Letter
	err := each(r.folder, name, func(l deadletters.Letter) error {
		if r.wants(&l) {
			wanted++
		} else {
			others = append(others, l)
		}
		return nil
	})
	if err != nil || wanted == 0 {
		return err
	}
	if !r.dryRun {
		name, err = r.folder.BeginRetry(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another process was faster
		}
		if err != nil {
			return err
		}
		if err := r.send(ctx, name); err != nil {
			return err
		}
		if _, err := r.folder.Write(others); err != nil { // no quota applies here, so all are kept
			return err
		}
		if err := r.folder.Remove(name); err != nil {
			return err
		}
	}
	r.files++
	r.lines += wanted
	return nil
}

func (r *retry) wants(l *deadletters.Letter) bool { return r.reason == "" || l.Reason == r.reason }

// send posts the lines that have the reason.
func (r *retry) send(ctx context.Context, name string) error {
	var body []byte
	err := each(r.folder, name, func(l deadletters.Letter) error {
		if !r.wants(&l) {
			return nil
		}
		body = append(append(body, archive.Line([]byte(l.Line))...), '\n')
		if len(body) < bodyBytes {
			return nil
		}
		err := r.post(ctx, body)
		body = body[:0]
		return err
	})
	if err != nil || len(body) == 0 {
		return err
	}
	return r.post(ctx, body)
}
