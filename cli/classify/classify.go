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

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/edge/classify"
	"glint/edge/event/jsonline"
	"glint/ingest/ignore"
	"glint/ingest/networks"
)

// maxLineBytes bounds one line of input; a request has 69 kB of headers at most.
const maxLineBytes = 1 << 20

// options are the parsed flags of the command.
type options struct {
	app     *app.App
	flags   flags
	one     bool // the request is in flags, not on stdin
	explain bool
	known   *known
}

// known holds the lists of the home that identify clients.
type known struct {
	networks.Book
	own *ignore.List // clients whose opens never count
}

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command { return newCmd(a, run) }

func newCmd(a *app.App, run func(context.Context, *options) error) *cobra.Command {
	o := &options{app: a}
	cmd := &cobra.Command{
		Use:   "classify",
		Short: "Classify requests by the rules for opens",
		Long: `Classifies the request that the flags describe; without them, reads one JSON object per line on stdin. Writes one JSON
object per request, in the same order:

  in   user_agent, ip, as_number, proxy_type, proxy_description, network, method, referer, headers{}, sent_at, opened_at,
       protocol, ja4, bot_detection, bot_name, bot_category, connection_type
       all optional; times are RFC 3339; network is apple_relay, scanner:<name>, hosting, none or unknown, and is derived
       from the proxy fields, the address and the lists in $GLINT_HOME if it is missing
       clients that glint ignore names are not_image, as at ingest
  out  class, reason, ruleset_version, client, vendor, os, device; for a faulty line {"error":…}, and exit code 1 at the end

With --explain it writes a readable page instead: the facts, the rule that decided, its evidence and its known errors, and
the rules that failed by one condition. It changes nothing.`,
		Example: `  echo '{"user_agent":"Mozilla/5.0","proxy_description":"apple"}' | glint classify
  glint classify --user-agent Mozilla/5.0 --network apple_relay
  glint classify --explain --user-agent Mozilla/5.0 --network none`,
		Args: app.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.one = o.flags.given(cmd)
			if err := o.flags.check(); err != nil {
				return app.UsageOf(cmd, err)
			}
			lists, err := networks.ReadLists(string(a.Home))
			if err != nil {
				return err
			}
			own, err := a.Home.ReadIgnored()
			if err != nil {
				return err
			}
			o.known = &known{networks.Book{Lists: lists}, own}
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.explain, "explain", false, "explain each verdict in words")
	o.flags.add(cmd)
	return cmd
}

func run(ctx context.Context, o *options) error {
	if !o.one {
		return o.writeAll(ctx)
	}
	o.flags.input.complete(&o.known.Book)
	answer := o.answer(&o.flags.input)
	if !o.explain {
		answer = append(answer, '\n')
	}
	_, err := o.app.Out.Write(answer)
	return err
}

// writeAll answers each line of stdin.
func (o *options) writeAll(ctx context.Context) error {
	w := bufio.NewWriterSize(o.app.Out, 1<<16)
	r := bufio.NewReaderSize(app.Interruptible(ctx, o.app.In), 1<<16)
	faulty := 0
	for ctx.Err() == nil {
		line, tooLong, err := readLine(r)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read requests: %w", err)
		}
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		answer, ok := o.judgeLine(string(line), tooLong)
		if !ok {
			faulty++
		}
		if _, err := w.Write(append(answer, '\n')); err != nil {
			return err
		}
		if r.Buffered() == 0 { // a client may wait for each answer
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

// readLine returns the next line without its line feed. Of a line longer than
// maxLineBytes it returns the beginning, and skips the rest.
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

// judgeLine answers one line; with --explain, with a page that ends with an empty
// line.
func (o *options) judgeLine(line string, tooLong bool) (answer []byte, ok bool) {
	if tooLong {
		return failure(fmt.Errorf("the line is longer than %d bytes", maxLineBytes)), false
	}
	in, err := parse(line, &o.known.Book)
	if err != nil {
		return failure(err), false
	}
	return o.answer(&in), true
}

// answer judges a complete request.
func (o *options) answer(in *input) []byte {
	ignored, _ := o.known.own.Match(in.address, in.request.UserAgent)
	if o.explain {
		return page(&in.request, ignored)
	}
	v, f := classify.Examine(&in.request)
	if ignored != "" {
		v = classify.Verdict{Class: classify.NotImage, Reason: ignored}
	}
	return appendAnswer(nil, v, f)
}

// appendAnswer appends the output line of a request. No name in it
// needs escaping; a test ensures that.
func appendAnswer(b []byte, v classify.Verdict, f classify.Facts) []byte {
	b = append(b, `{"class":"`...)
	b = append(b, v.Class.String()...)
	b = append(b, `","reason":"`...)
	b = append(b, v.Reason...)
	b = append(b, `","ruleset_version":`...)
	b = strconv.AppendUint(b, uint64(classify.RulesetVersion), 10)
	for _, field := range [...]struct{ name, value string }{{"client", f.Client}, {"vendor", f.Vendor}, {"os", f.OS}, {"device", f.Device}} {
		b = append(b, `,"`...)
		b = append(b, field.name...)
		b = append(b, `":"`...)
		b = append(b, field.value...)
		b = append(b, '"')
	}
	return append(b, '}')
}

func failure(err error) []byte {
	b := jsonline.AppendString([]byte(`{"error":`), err.Error(), 1000)
	return append(b, '}')
}
