// Package classify is `glint classify`: it judges requests by the rules that
// ingest uses.
package classify

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"glint/cli/app"
	"glint/cli/output"
	"glint/edge/classify"
	"glint/edge/event/jsonline"
	"glint/ingest/ignore"
	"glint/ingest/networks"
)

// maxLineBytes bounds one line of input; a request has 69 kB of headers at most.
const maxLineBytes = 1 << 20

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:   "classify",
		Short: "Judge requests: who fetched the pixel, and by which rule",
		Long: `Reads one JSON object per line on stdin and writes one per line, in the same order:

  in   user_agent, ip, as_number, proxy_type, proxy_description, network, method, referer, headers{}, sent_at, opened_at
       all optional; times are RFC 3339; network is apple_relay, scanner:<name>, hosting, none or unknown, and decided
       from the proxy fields, the address and the lists in $GLINT_HOME if it is missing
       what glint ignore names is not_image, as at ingest
  out  class, reason, ruleset_version; for a faulty line {"error":…}, and exit code 1 at the end

It changes nothing.`,
		Example: `  echo '{"user_agent":"Mozilla/5.0","proxy_description":"apple"}' | glint classify`,
		Args:    app.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lists, err := networks.ReadLists(string(a.Home))
			if err != nil {
				return err
			}
			own, err := a.Home.ReadIgnored()
			if err != nil {
				return err
			}
			return run(cmd.Context(), a.In, a.Out, &known{networks.Book{Lists: lists}, own})
		},
	}
}

// known is what glint's home says of clients.
type known struct {
	networks.Book
	own *ignore.List // of whose opens none counts
}

func run(ctx context.Context, in io.Reader, out io.Writer, k *known) error {
	w := bufio.NewWriterSize(out, 1<<16)
	r := bufio.NewReaderSize(app.Interruptible(ctx, in), 1<<16)
	faulty := 0
	for ctx.Err() == nil {
		line, tooLong, err := readLine(r)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read requests: %w", err)
		}
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		answer, ok := judgeLine(string(line), tooLong, k)
		if !ok {
			faulty++
		}
		if _, err := w.Write(append(answer, '\n')); err != nil {
			return err
		}
		if r.Buffered() == 0 { // somebody may be waiting for each answer
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	if err := errors.Join(w.Flush(), ctx.Err()); err != nil {
		return err
	}
	if faulty > 0 {
		return errors.New(output.Plural(faulty, "line was", "lines were") + " faulty")
	}
	return nil
}

// readLine returns the next line without its line feed. Of one that is too
// long it returns the beginning, and skips the rest.
func readLine(r *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if room := maxLineBytes - len(line); len(part) > room {
			part, tooLong = part[:max(room, 0)], true
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			if n := len(line); n > 0 && line[n-1] == '\n' {
				line = line[:n-1]
			} else if err == nil || errors.Is(err, io.EOF) && n > 0 {
				err = nil
			}
			return line, tooLong, err
		}
	}
}

func judgeLine(line string, tooLong bool, k *known) (answer []byte, ok bool) {
	if tooLong {
		return failure(fmt.Errorf("the line is longer than %d bytes", maxLineBytes)), false
	}
	in, err := parse(line, &k.Book)
	if err != nil {
		return failure(err), false
	}
	v := classify.Judge(&in.request)
	if reason, ok := k.own.Match(in.address, in.request.UserAgent); ok {
		v = classify.Verdict{Class: classify.NotImage, Reason: reason}
	}
	b := append([]byte(`{"class":`), '"')
	b = append(b, v.Class.String()...)
	b = append(b, `","reason":"`...)
	b = append(b, v.Reason...)
	b = append(b, `","ruleset_version":`...)
	b = strconv.AppendUint(b, uint64(classify.RulesetVersion), 10)
	return append(b, '}'), true
}

func failure(err error) []byte {
	b := jsonline.AppendString([]byte(`{"error":`), err.Error(), 1000)
	return append(b, '}')
}
