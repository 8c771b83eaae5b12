// Package stream is `glint stream`: it posts the emulator's log to ingest, as
// Fastly's log streaming posts a service's log.
package stream

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/delivery"
	"glint/cli/internal/output"
	"glint/ingest/logstream"
)

type options struct {
	app      *app.App
	endpoint string
	ingest   app.IngestAt
	period   time.Duration
	maxLines int
	maxBytes int
}

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	o := &options{app: a}
	cmd := &cobra.Command{
		Use:   "stream",
		Short: "Post an emulator's log lines to ingest, as Fastly does",
		Long: `Reads the emulator's output on stdin, selects the lines of one log endpoint ("opens :: {…}"), and posts them to ingest:
newline-delimited, compressed by zstd, with the ingest token, at the latest after the period. Other lines go to stderr. It
ends at the end of stdin, and then prints the outcome of the lines.

For the running glint the default token is that of its home; any other ingest needs $GLINT_INGEST_TOKEN or
--ingest-token-file.`,
		Example: "  viceroy -C fastly.toml bin/main.wasm | glint stream",
		Args:    app.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&o.endpoint, "endpoint", "opens", "name of the log endpoint")
	app.IngestFlags(cmd, &o.ingest)
	f.DurationVar(&o.period, "period", time.Second, "maximum time that a line waits (Fastly: 5s)")
	f.IntVar(&o.maxLines, "max-lines", 10_000, "maximum number of lines in one request")
	f.IntVar(&o.maxBytes, "max-bytes", 16<<20, "maximum size of one request in bytes, before compression")
	app.IngestURLIsIngest(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if o.period <= 0 || o.maxLines <= 0 || o.maxBytes <= 0 {
			return app.UsageOf(cmd, errors.New("--period, --max-lines and --max-bytes must be above zero"))
		}
		return run(cmd.Context(), o)
	}
	return cmd
}

func run(ctx context.Context, o *options) error {
	ingest, err := o.app.Ingest(o.ingest)
	if err != nil {
		return err
	}
	var refused error
	poster := ingest.Poster("")
	posted := delivery.Delivery{
		Poster: func() (*logstream.Poster, error) { return poster, nil }, Patience: outcomePatience, Notes: o.app.Err,
	}
	send := logstream.Retry(func(ctx context.Context, body []byte) error {
		answer, err := poster.Post(ctx, body)
		if err == nil {
			posted.Taken(answer)
		}
		return err
	}, logstream.RetryablePost)
	batcher := logstream.New(
		logstream.Config{Period: o.period, MaxLines: o.maxLines, MaxBytes: o.maxBytes},
		func(ctx context.Context, body []byte) error {
			err := send(ctx, body)
			if err != nil {
				refused = err
			}
			return err
		})
	readErr := Copy(ctx, o.app.In, o.app.Err, o.endpoint, batcher.Add)

	closeCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	batcher.Close(closeCtx)
	fmt.Fprintf(o.app.Err, "posted %s\n", output.Plural(int(batcher.Sent()), "line", "lines"))
	if n := batcher.Dropped(); n > 0 {
		if refused == nil {
			refused = errors.New("they came faster than ingest took them")
		}
		return app.Try(fmt.Errorf("%s not delivered: %w", output.Plural(int(n), "line was", "lines were"), refused),
			"check that glint runs and that $GLINT_INGEST_TOKEN is its ingest token")
	}
	if readErr != nil || ctx.Err() != nil {
		return readErr
	}
	return posted.Report(ctx)
}

// outcomePatience is the maximum wait for the outcome of the last lines.
const outcomePatience = 15 * time.Second

// maxLineBytes is the maximum length of a line in bytes; an edge's lines are far shorter.
const maxLineBytes = 1 << 20

// Copy reads the emulator's output and passes the lines of endpoint to add; other lines
// go to rest. It omits a line longer than maxLineBytes and writes a note to rest. It
// returns when in or ctx ends.
func Copy(ctx context.Context, in io.Reader, rest io.Writer, endpoint string, add func(line []byte)) error {
	prefix := []byte(endpoint + " :: ")
	lines := bufio.NewReaderSize(in, maxLineBytes)
	ended := make(chan error, 1)
	go func() {
		for {
			line, err := lines.ReadSlice('\n')
			switch event, ok := bytes.CutPrefix(line, prefix); {
			case errors.Is(err, bufio.ErrBufferFull):
				for errors.Is(err, bufio.ErrBufferFull) {
					_, err = lines.ReadSlice('\n')
				}
				fmt.Fprintf(rest, "a line longer than %d bytes was left out\n", maxLineBytes)
			case ok:
				add(bytes.TrimRight(event, "\r\n"))
			case len(line) > 0:
				fmt.Fprintln(rest, string(bytes.TrimRight(line, "\r\n")))
			}
			if errors.Is(err, io.EOF) {
				ended <- nil
				return
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return nil
	}
}
