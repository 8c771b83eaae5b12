package web

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"time"

	"glint/cli/internal/report"
)

//go:embed live.js
var liveScript []byte

// maxStreams bounds the live pages that are open at once, and maxStreamsEach the
// live pages of a session: a browser has six connections for one server.
const (
	maxStreams     = 64
	maxStreamsEach = 4
)

// streamWrite is the time that a stream waits for a client that does not read.
const streamWrite = 10 * time.Second

// firstView is the time that the live page waits for its numbers if no page was open.
// After it, the page is shown without them, and its stream sends them.
const firstView = 300 * time.Millisecond

// liveText defines the counts of the page and their period.
var liveText = []string{
	"Image requests as they arrive, also of tests and machines; reports judge them and leave out tests. Hidden requests come from Apple Mail and unknown clients, which may hide a person.",
	"This page covers 7 days; older data is in reports and views. It leaves out recipients who are only counted by campaign. Times are UTC.",
}

// webText defines the counts of sites.
const webText = "Page views and events are by people, as far as is known; those by machines are separate, and in no list of pages. A referrer is the page elsewhere that a view names as its origin."

// livePage returns the page of opens, views and events as they arrive. Without a script it shows their
// current state.
func (s *Server) livePage(ctx context.Context, _ Source, _ *http.Request, who *session) (*screen, error) {
	s.live.viewers.Add(1)
	defer s.live.viewers.Add(-1)
	v := s.live.fresh(ctx, s.now)
	p := &screen{
		here: "/live", live: true, before: part("live", nil),
		head:     `<noscript><meta http-equiv="refresh" content="10"></noscript><script src="/live.js" defer></script>`,
		document: v.document(who.role),
	}
	return p, nil
}

// document is the live page as a document.
func (v *liveView) document(role Role) *report.Document {
	d := &report.Document{Title: "Live", Lead: v.lead, Beside: liveText, Sections: v.sections(role)}
	if v.web {
		d.Beside = append(slices.Clone(liveText), webText)
	}
	return d
}

// fresh returns a counted view that is not older than two seconds, or the newest view
// when the time is over.
func (l *live) fresh(ctx context.Context, now func() time.Time) *liveView {
	ctx, cancel := context.WithTimeout(ctx, firstView)
	defer cancel()
	for {
		v, next := l.current()
		if v != nil && v.counted && now().Sub(v.at) <= 2*time.Second {
			return v
		}
		select {
		case l.wake <- struct{}{}:
		default:
		}
		select {
		case <-next:
		case <-ctx.Done():
			l.publish()
			v, _ = l.current()
			return v
		}
	}
}

// shower sends the changes in a view.
type shower func(*liveView)

// stream sends the changes of the live page, as server-sent events.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, who *session) {
	s.follow(w, r, who, func(out *eventWriter) shower {
		return (&streamReader{out: out, role: who.role}).show
	})
}

// follow sends server-sent events about each view until the session, the server or
// the reader ends.
func (s *Server) follow(w http.ResponseWriter, r *http.Request, who *session, begin func(*eventWriter) shower) {
	if !s.streams.enter(who) {
		w.Header().Set("Retry-After", "10")
		http.Error(w, "Too many live pages are open.", http.StatusServiceUnavailable)
		return
	}
	defer s.streams.leave(who)
	s.live.viewers.Add(1)
	defer s.live.viewers.Add(-1)
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	out := &eventWriter{w: w, control: http.NewResponseController(w)}
	_ = out.control.SetReadDeadline(time.Time{}) // the request is read; of no use to a recorder of tests
	out.raw("retry: 3000\n\n")
	show := begin(out)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for out.err == nil && s.sessions.alive(who) {
		v, next := s.live.current()
		if v != nil {
			show(v)
		}
		select {
		case <-next:
		case <-tick.C: // looks whether the session goes on
		case <-r.Context().Done():
			return
		case <-s.ended.Done():
			return
		}
	}
	out.event("end", `""`)
}

// streamReader is the position of the reader of a stream.
type streamReader struct {
	out    *eventWriter
	role   Role
	shown  *liveView
	tabled *liveView // whose tables were sent last
	serial uint64    // of the latest row that was sent
}

// tablesEach is the interval at which the tables below the figures are sent.
const tablesEach = 10 * time.Second

// show sends the changes in a view.
func (s *streamReader) show(v *liveView) {
	if v == s.shown {
		return
	}
	if s.shown == nil || v.figures != s.shown.figures {
		s.out.event("figures", v.figures)
	}
	if v.web && (s.shown == nil || v.lists != s.shown.lists) {
		s.out.event("tables", v.lists)
	}
	if s.tabled == nil || v.at.Sub(s.tabled.at) >= tablesEach && v.tables != s.tabled.tables {
		s.out.event("tables", v.tables)
		s.tabled = v
	}
	opened, visited, latest := v.since(s.serial, s.role)
	rows := map[string]string{"opened": rowsHTML(opened)}
	if v.web {
		rows["visited"] = rowsHTML(visited)
	}
	switch {
	case s.shown == nil:
		s.out.event("all", asJSON(rows))
	case latest > s.serial:
		s.out.event("rows", asJSON(rows))
	}
	s.shown, s.serial = v, latest
}

// eventWriter writes server-sent events. After an error it writes nothing.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	err     error
}

// event writes an event whose data has no line breaks.
func (e *eventWriter) event(name, data string) { e.raw("event: " + name + "\ndata: " + data + "\n\n") }

func (e *eventWriter) raw(text string) {
	if e.err != nil {
		return
	}
	_ = e.control.SetWriteDeadline(time.Now().Add(streamWrite)) // of no use to a recorder of tests
	if _, e.err = fmt.Fprint(e.w, text); e.err == nil {
		e.err = e.control.Flush()
	}
}

func (s *Server) script(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	_, _ = w.Write(liveScript) // a client that is gone
}
