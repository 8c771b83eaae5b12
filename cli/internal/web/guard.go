package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"glint/cli/internal/report"
	"glint/ingest/host/loopback"
)

// guard wraps every route: it sets the headers of all answers, and refuses requests for
// names that are not this server's (DNS rebinding) and changes requested by another
// site.
func (s *Server) guard(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.secure(w.Header(), r)
		if !s.isOurs(r.Host) {
			s.refuse(w, r, http.StatusMisdirectedRequest, "Another name", "These pages do not serve the host name in the address. The owner can add it with --web-host NAME.")
			return
		}
		if err := crossOrigin.Check(r); err != nil {
			s.refuse(w, r, http.StatusForbidden, "Refused", "Another site sent this request.")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
		next.ServeHTTP(w, r)
	})
}

// maxFormBytes is the maximum size of a form; the forms of these pages are smaller.
const maxFormBytes = 16 << 10

// secure sets the headers of every answer: pages load nothing from other servers, cannot be
// framed, are not cached, and send no referrer.
func (s *Server) secure(h http.Header, r *http.Request) {
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("X-Robots-Tag", "noindex")
	if r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// pagePolicy allows the style of the pages by its hash, and forms to the same server.
// livePolicy also allows the script of the live page and its stream.
var (
	pagePolicy = "default-src 'none'; style-src '" + report.StyleHash(&report.Frame{Style: pageStyle}) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	livePolicy = pagePolicy + "; script-src 'self'; connect-src 'self'"
)

// isOurs reports whether a Host header names this server: a loopback name or
// address, the address that it listens on, or a name of --web-host.
func (s *Server) isOurs(hostPort string) bool {
	host := hostOf(hostPort)
	if host == "" {
		return false
	}
	if loopback.Is(host) || slices.Contains(s.hosts, host) {
		return true
	}
	listen := hostOf(s.listener.Addr().String())
	return host == listen && !isUnspecified(listen)
}

// hostOf returns the name or address of host:port in lower case, without a port and
// brackets; "" if it is neither.
func hostOf(hostPort string) string {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostPort, "["), "]")
	}
	return strings.ToLower(host)
}

func isUnspecified(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsUnspecified()
}

// reader is a handler for a session.
type reader func(w http.ResponseWriter, r *http.Request, who *session)

// signedIn passes on a request with a session of that role, or of the owner, and refuses others.
func (s *Server) signedIn(role Role, next reader) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who := s.sessions.of(r, s.cookie)
		switch {
		case who == nil:
			w.Header().Set("WWW-Authenticate", `Link realm="glint"`)
			s.refuse(w, r, http.StatusUnauthorized, "Sign in", "Make a link on the machine where glint runs: glint web", "It signs one browser in, once. If you have just used one, reload this page.")
		case role == Owner && who.role != Owner:
			s.refuse(w, r, http.StatusForbidden, "For the owner", "Recipients are for sessions of the owner: glint web --role owner")
		default:
			next(w, r, who)
		}
	}
}

// signIn accepts a one-time link. A program that prefetches links, or a page that embeds
// one as an image, does not use it up.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	ahead := r.Header.Get("Sec-Purpose") + r.Header.Get("Purpose") + r.Header.Get("X-Moz")
	dest := r.Header.Get("Sec-Fetch-Dest")
	if r.Method != http.MethodGet || ahead != "" || dest != "" && dest != "document" {
		s.refuse(w, r, http.StatusForbidden, "Open the link", "A link signs in when it is opened in a browser.")
		return
	}
	role, err := s.links.redeem(r.PathValue("link"), s.now())
	if err != nil {
		s.refuse(w, r, http.StatusForbidden, "This link cannot be used", "It was already used, or it has expired. Make another one: glint web")
		return
	}
	s.sessions.end(s.sessions.of(r, s.cookie))
	value := s.sessions.begin(role)
	s.setCookie(w, r, value, int(sessionLife.Seconds()))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request, who *session) {
	if !who.hasToken(r) {
		s.refuse(w, r, http.StatusForbidden, "Refused", "This form is not from a page of your session.")
		return
	}
	s.sessions.end(who)
	s.setCookie(w, r, "", -1)
	s.refuse(w, r, http.StatusOK, "Signed out", "This browser no longer has a session.")
}

// setCookie sets the session's cookie. Only a loopback address is reached without
// TLS, here or at a proxy.
func (s *Server) setCookie(w http.ResponseWriter, r *http.Request, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookie, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || !loopback.Is(hostOf(r.Host)),
	})
}
