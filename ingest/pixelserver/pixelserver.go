// Package pixelserver is the standalone pixel: the edge's answer and event over
// net/http, for a machine without a CDN before it. It answers before it looks
// at the request, as the edge does.
package pixelserver

import (
	"crypto/rand"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"glint/edge/event"
	"glint/edge/pixel"
	"glint/ingest/networks"
)

// Handler answers pixels.
type Handler struct {
	Observer pixel.Observer
	Networks *networks.Table   // nil: no address is known
	Write    func(line []byte) // takes one event line; must not wait or keep line
	Now      func() time.Time
}

// ServeHTTP sends the answer, then writes the event's line.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	openedAt := h.Now()
	a := pixel.Route(path(r.RequestURI))
	a.EachHeader(w.Header().Set)
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // net/http leaves it out for HEAD; the client may have gone
	if a.Kind == "" {
		return
	}
	_ = http.NewResponseController(w).Flush() // the image is on its way before the event is made

	addr := clientAddress(r)
	e := h.Observer.Observe(&a, &pixel.Request{
		ID:       newID(),
		OpenedAt: openedAt,
		Method:   r.Method,
		Address:  addr,
		Header:   r.Header.Get,
		Network:  h.Networks.Lookup(addr),
	})
	h.Write(e.AppendJSON(make([]byte, 0, 1024)))
}

// path is the request's path as it came, escapes and all.
func path(uri string) string {
	uri, _, _ = strings.Cut(uri, "?")
	if strings.HasPrefix(uri, "/") {
		return uri
	}
	if _, rest, ok := strings.Cut(uri, "://"); ok {
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			return rest[i:]
		}
	}
	return uri
}

func clientAddress(r *http.Request) netip.Addr {
	ap, _ := netip.ParseAddrPort(r.RemoteAddr) // zero: unknown
	return ap.Addr().Unmap()
}

func newID() (id event.ID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}
