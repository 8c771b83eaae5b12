package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"glint/cli/internal/logfiles"
	"glint/cli/internal/output"
	"glint/edge/event"
	"glint/edge/pixel"
	"glint/edge/token"
	"glint/ingest/cdnlog"
)

// reading makes event lines of the lines of access logs.
type reading struct {
	*options
	lookup   func(netip.Addr) pixel.Network
	observer pixel.Observer
	register *register // nil: messages are named by tokens and ids alone

	requests, opens, others int
	faults                  map[error]*fault // by reason
}

// fault counts lines that could not be read, with the place of the first one.
type fault struct {
	lines int
	file  string
	line  int
}

// lines is one file.
type lines struct {
	*reading
	name   string
	parser *cdnlog.Parser
	number int
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

// Stateful is true: the columns of a W3C log stand in its first lines, and equal
// lines are told apart by their place.
func (l *lines) Stateful() bool { return true }

func (l *lines) Append(dst, line []byte) ([]byte, error) {
	l.number++
	var r cdnlog.Request
	err := l.parser.Parse(&r, string(line))
	if err != nil {
		if !errors.Is(err, cdnlog.ErrDirective) {
			l.count(err)
		}
		return dst, err
	}
	l.requests++
	e, ok, err := l.event(&r)
	if err != nil {
		l.count(err)
		return dst, nil // a request all the same
	}
	if !ok {
		l.others++
		return dst, nil
	}
	l.opens++
	return append(e.AppendJSON(dst), '\n'), nil
}

func (l *lines) count(err error) {
	f := l.faults[err]
	if f == nil {
		f = &fault{file: l.name, line: l.number}
		l.faults[err] = f
	}
	f.lines++
}

// event returns the event of a request, and false for one that is no GET of a
// message's pixel.
func (r *reading) event(q *cdnlog.Request) (e event.Event, ok bool, err error) {
	if q.Method != "GET" && q.Method != "HEAD" {
		return e, false, nil
	}
	a := pixel.Route(q.Target)
	if r.register != nil {
		recipient, hasRecipient := cdnlog.Param(q.Target, r.recipient)
		campaign, hasCampaign := cdnlog.Param(q.Target, r.campaign)
		if a.Kind == "" || !hasRecipient || !hasCampaign {
			return e, false, nil
		}
		id, err := r.register.message(campaign, recipient)
		if err != nil {
			return e, false, err
		}
		a.Kind = event.KindOther // also where the image bears the web pixel's name
		e := r.observe(q, &a)
		e.Kind, e.Token, e.TokenStatus, e.Path = event.KindUUID, id.String(), event.TokenUnchecked, ""
		return e, true, nil
	}
	if !isPixel(&a) {
		return e, false, nil
	}
	return r.observe(q, &a), true, nil
}

// isPixel reports whether a path is a pixel's: under /o/, or with what may be a
// token or a message's id. Other images of a site are none.
func isPixel(a *pixel.Answer) bool {
	switch {
	case a.Kind == "":
		return false
	case a.Kind == event.KindToken, token.HasToken(a.Target):
		return true
	}
	_, ok := token.FindMessageID(a.Target, "pixel")
	return ok
}

func (r *reading) observe(q *cdnlog.Request, a *pixel.Answer) event.Event {
	n := r.lookup(q.Address)
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

// summary says what was in the lines, and begins anew.
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
