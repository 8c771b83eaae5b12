package main

import (
	"crypto/rand"
	"io"
	"strconv"
	"time"

	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/secretstore"

	"glint/edge/web"
)

// postEvents answers POST /e, then writes a line for each event. It reads the
// body first, because the answer depends on it.
func (s *server) postEvents(w fsthttp.ResponseWriter, r *fsthttp.Request, at time.Time) {
	p := web.Post{
		Method: r.Method, Origin: first(r.Header["Origin"]), ContentType: first(r.Header["Content-Type"]),
		Authorization: first(r.Header["Authorization"]),
	}
	if r.Body != nil && r.Method == "POST" {
		b, err := io.ReadAll(io.LimitReader(r.Body, web.MaxBodyBytes+1))
		p.Body, p.TooLarge = string(b), err != nil || len(b) > web.MaxBodyBytes
	}
	a := web.Handle(&p, &s.sites, s.eventsToken)
	w.SetManualFramingMode(true)
	a.EachHeader(w.Header().Set)
	if a.Status != 204 {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
	}
	w.WriteHeader(a.Status)
	if a.Body != "" {
		_, _ = io.WriteString(w, a.Body) // the client may have gone
	}
	_ = w.Close()

	if len(a.Events) == 0 {
		return
	}
	request := s.request(r, at)
	for i := range a.Events {
		if i > 0 {
			_, _ = rand.Read(request.ID[:]) // never fails on the platform
		}
		e := s.observer.ObserveEvent(&a.Events[i], a.Certain, request)
		if e.Kind == "" {
			continue
		}
		e.SandboxRequest = s.requests
		s.line = e.AppendJSON(s.line[:0])
		s.logs.write(s.line, false)
	}
}

// openSites returns the sites of the web pixel, or none if the store's item is
// missing or invalid.
func openSites() (sites web.Sites) {
	sites, _ = web.ParseSites(setting("sites"))
	return sites
}

// openSecret returns a secret from the service's store, or nil if it is
// missing.
func openSecret(name string) []byte {
	store, err := secretstore.Open(secretStore)
	if err != nil {
		return nil
	}
	secret, err := store.Get(name)
	if err != nil {
		return nil
	}
	text, err := secret.Plaintext()
	if err != nil {
		return nil
	}
	return text
}
