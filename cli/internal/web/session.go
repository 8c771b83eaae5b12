package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"
)

// The lifetime of a session, and its lifetime without a request.
const (
	sessionLife = 12 * time.Hour
	sessionIdle = 2 * time.Hour
)

// maxSessions is the maximum number of sessions; beyond it the one that expires first is dropped.
const maxSessions = 1000

// session is the session of one browser. Only its csrf and role are sent to the browser.
type session struct {
	id      [sha256.Size]byte // hash of the cookie's value
	role    Role
	csrf    string
	expires time.Time
	seen    time.Time // guarded by sessions.mu
}

// sessions are kept in memory only: they end with the process.
type sessions struct {
	now func() time.Time

	mu  sync.Mutex
	all map[[sha256.Size]byte]*session
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, all: map[[sha256.Size]byte]*session{}}
}

// begin creates a session and returns the value of its cookie.
func (s *sessions) begin(role Role) (cookie string) {
	value := rand.Text() + rand.Text()
	now := s.now()
	made := &session{id: sha256.Sum256([]byte(value)), role: role, csrf: rand.Text(), expires: now.Add(sessionLife), seen: now}
	s.mu.Lock()
	defer s.mu.Unlock()
	var first *session
	for id, other := range s.all {
		if over(other, now) {
			delete(s.all, id)
		} else if first == nil || other.expires.Before(first.expires) {
			first = other
		}
	}
	if len(s.all) >= maxSessions {
		delete(s.all, first.id)
	}
	s.all[made.id] = made
	return value
}

func over(s *session, now time.Time) bool {
	return !now.Before(s.expires) || now.Sub(s.seen) >= sessionIdle
}

// of returns the session of a request; nil if it has none.
func (s *sessions) of(r *http.Request, cookie string) *session {
	now := s.now()
	for _, c := range r.CookiesNamed(cookie) {
		s.mu.Lock()
		found := s.all[sha256.Sum256([]byte(c.Value))]
		if found != nil && over(found, now) {
			delete(s.all, found.id)
			found = nil
		}
		if found != nil {
			found.seen = now
		}
		s.mu.Unlock()
		if found != nil {
			return found
		}
	}
	return nil
}

// alive reports whether a session still exists, without counting as a use of it.
func (s *sessions) alive(one *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[one.id] == one && !over(one, s.now())
}

func (s *sessions) end(one *session) {
	if one == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, one.id)
}

// hasToken reports whether a form was sent from a page of the session.
func (s *session) hasToken(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(r.PostFormValue("csrf")), []byte(s.csrf)) == 1
}
