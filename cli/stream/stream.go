// Package stream is `glint stream`: it carries the emulator's log to ingest, as
// Fastly's log streaming carries a service's.
package stream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/app"
	"glint/cli/home"
	"glint/cli/output"
	"glint/ingest/logstream"
)

type options struct {
	app      *app.App
	endpoint string
	ingest   string
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
		Long: `Reads the emulator's output on stdin, takes the lines of one log endpoint ("opens :: {…}"), and posts them to ingest:
newline-delimited, compressed by zstd, with the ingest token, at the latest after the period. Other lines are passed on
to stderr. Ends when stdin does.

The token is the running glint's, or $GLINT_INGEST_TOKEN.`,
		Example: "  viceroy -C fastly.toml bin/main.wasm | glint stream",
		Args:    app.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&o.endpoint, "endpoint", "opens", "name of the log endpoint")
	f.StringVar(&o.ingest, "ingest-url", "", "ingest to post to, with its token in $GLINT_INGEST_TOKEN (default: the running glint's)")
	f.DurationVar(&o.period, "period", time.Second, "longest time that a line waits (Fastly: 5s)")
	f.IntVar(&o.maxLines, "max-lines", 10_000, "most lines of one request")
	f.IntVar(&o.maxBytes, "max-bytes", 16<<20, "most bytes of one request, before compression")
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
	token, err := o.target()
	if err != nil {
		return err
	}
	var refused error
	poster := logstream.NewPoster(o.ingest, token, "")
	send := logstream.Retry(poster.Send, logstream.RetryablePost)
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
	return readErr
}

// target finds the ingest and its token.
func (o *options) target() (token string, err error) {
	token = o.app.Getenv("GLINT_INGEST_TOKEN")
	if o.ingest != "" && token != "" {
		return token, nil
	}
	state, err := o.app.Running()
	if err != nil {
		return "", err
	}
	if o.ingest == "" {
		o.ingest = state.Ingest
	}
	if token == "" {
		c, err := home.ReadCredentials(state.Credentials)
		if err != nil {
			return "", err
		}
		token = c.IngestToken
	}
	return token, nil
}

// Copy reads the emulator's output and hands the lines of endpoint to add; all
// others go to rest. It returns when in or ctx ends.
func Copy(ctx context.Context, in io.Reader, rest io.Writer, endpoint string, add func(line []byte)) error {
	prefix := endpoint + " :: "
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 1<<16), 1<<20)
	ended := make(chan error, 1)
	go func() {
		for lines.Scan() {
			if line, ok := strings.CutPrefix(lines.Text(), prefix); ok {
				add([]byte(line))
			} else {
				fmt.Fprintln(rest, lines.Text())
			}
		}
		ended <- lines.Err()
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return nil
	}
}
