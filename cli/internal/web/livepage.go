package web

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"time"

	"glint/cli/internal/report"
)

//go:embed live.js
var liveScript []byte

// maxStreams bounds the live pages that are open at once, and maxStreamsEach those
// of a session: a browser has six connections for one server.
const (
	maxStreams     = 64
	maxStreamsEach = 4
)

// streamWrite is how long a stream waits for a client that does not read.
const streamWrite = 10 * time.Second

// firstView is how long the live page waits for its numbers if no page was open.
const firstView = 5 * time.Second

// liveText says what the page counts.
var liveText = []string{
	"Requests of images as they come, those of tests and of machines too; reports judge them and leave tests out.",
	"Recipients who are only counted by campaign are not in it. Times are UTC.",
}

// livePage is the page of opens as they come. Without a script it shows them as they
// are now.
func (s *Server) livePage(ctx context.Context, _ Source, _ *http.Request, who *session) (*screen, error) {
	s.live.viewers.Add(1)
	defer s.live.viewers.Add(-1)
	v := s.live.fresh(ctx, s.now)
	p := &screen{
		here: "/live", live: true, before: part("live", nil),
		head:     `<noscript><meta http-equiv="refresh" content="10"></noscript><script src="/live.js" defer></script>`,
		document: &report.Document{Title: "Live", Lead: v.lead, Beside: liveText},
	}
	rows, _ := v.rowsSince(0, who.role)
	p.document.Sections = []report.Section{v.minutes, v.hours, {ID: "recent", Title: "The last opens, of many a sample", Wide: true, Table: rows}}
	return p, nil
}

// fresh returns a view that is not older than a second, or the best that there is
// when the time is over.
func (l *live) fresh(ctx context.Context, now func() time.Time) *liveView {
	ctx, cancel := context.WithTimeout(ctx, firstView)
	defer cancel()
	for {
		v, next := l.current()
		if v != nil && now().Sub(v.at) <= 2*time.Second && l.counted() {
			return v
		}
		select {
		case l.wake <- struct{}{}:
		default:
		}
		select {
		case <-next:
		case <-ctx.Done():
			if v == nil {
				l.publish()
				v, _ = l.current()
			}
			return v
		}
	}
}

// counted reports whether the warehouse has counted.
func (l *live) counted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until > 0
}

// stream sends what changes on the live page, as server-sent events.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, who *session) {
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
	reader := streamReader{out: out, role: who.role}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for out.err == nil && s.sessions.alive(who) {
		v, next := s.live.current()
		reader.show(v)
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

// streamReader is how far the reader of a stream has come.
type streamReader struct {
	out    *eventWriter
	role   Role
	shown  *liveView
	tabled *liveView // whose tables were sent last
	serial uint64    // of the latest open that was sent
}

// tablesEach is how often the tables below the figures are sent.
const tablesEach = 10 * time.Second

// show sends what is new in a view.
func (s *streamReader) show(v *liveView) {
	if v == nil || v == s.shown {
		return
	}
	if s.shown == nil || v.figures != s.shown.figures {
		s.out.event("figures", v.figures)
	}
	if s.tabled == nil || v.at.Sub(s.tabled.at) >= tablesEach && v.tables != s.tabled.tables {
		s.out.event("tables", v.tables)
		s.tabled = v
	}
	rows, latest := v.rowsSince(s.serial, s.role)
	switch {
	case s.shown == nil:
		s.out.event("all", asJSON(rowsHTML(rows)))
	case len(rows.Rows) > 0:
		s.out.event("rows", asJSON(rowsHTML(rows)))
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
