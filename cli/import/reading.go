package imports

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"glint/cli/internal/logfiles"
	"glint/cli/internal/output"
	"glint/edge/event"
	"glint/edge/pixel"
	"glint/ingest/cdnlog"
	"glint/ingest/networks"
)

// reading converts lines of access logs to event lines.
type reading struct {
	*options
	book     func() *networks.Book
	observer pixel.Observer
	register *register // nil: only tokens and ids name messages

	requests, opens, others int
	faults                  map[error]*fault // by reason
}

// fault counts lines that could not be read, with the position of the first one.
type fault struct {
	lines int
	file  string
	line  int
}

func (r *reading) Open(path string) logfiles.Lines {
	return &lines{reading: r, name: filepath.Base(path), parser: cdnlog.NewParser(r.format)}
}

func (r *reading) Settle(ctx context.Context) error {
	if r.register == nil {
		return nil
	}
	return r.register.settle(ctx)
}

// isPixel reports whether a path is a pixel's: a path under /o/, or one with a possible
// token or message id. A site's other images are not pixels.
func isPixel(a *pixel.Answer) bool {
	return a.Kind != "" && (a.Kind == event.KindToken || pixel.MayHaveMessage(a.Target))
}

func (r *reading) observe(book *networks.Book, q *cdnlog.Request, a *pixel.Answer) event.Event {
	n := book.Lookup(q.Address)
	n.ASNumber = cmp.Or(q.ASNumber, n.ASNumber)
	n.Country = cmp.Or(q.Country, n.Country, cdnlog.CountryOf(q.POP))
	o := r.observer
	o.Edge, o.POP = string(q.Edge), q.POP
	return o.Observe(a, &pixel.Request{
		ID: q.ID, OpenedAt: q.At, Method: q.Method, Protocol: q.Protocol, Address: q.Address, Network: n,
		Header: func(name string) string {
			switch name {
			case "User-Agent":
				return q.UserAgent
			case "Referer":
				return q.Referer
			}
			return ""
		},
	})
}

// summary prints the counts of the lines, and resets them.
func (r *reading) summary(w io.Writer) {
	if r.requests == 0 && len(r.faults) == 0 {
		return
	}
	text := fmt.Sprintf("of %s: %s of messages", output.Plural(r.requests, "request", "requests"), output.Count(uint64(r.opens)))
	if r.others > 0 {
		text += fmt.Sprintf(", %s of other things (left out)", output.Count(uint64(r.others)))
	}
	fmt.Fprintln(w, text)
	if r.register != nil {
		fmt.Fprintln(w, r.register.sentence())
	}
	reasons := slices.SortedFunc(maps.Keys(r.faults), func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	for _, reason := range reasons {
		f := r.faults[reason]
		fmt.Fprintf(w, "%s not counted: %s; the first is line %s of %s\n",
			output.Plural(f.lines, "line", "lines"), reason, output.Count(uint64(f.line)), output.Safe(f.file))
	}
	r.requests, r.opens, r.others = 0, 0, 0
	clear(r.faults)
}
