package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestALinkSignsInOnce(t *testing.T) {
	w := newWorld(t)
	link := w.link(Owner)
	for name, change := range map[string]func(*http.Request){
		"a prefetch":    func(r *http.Request) { r.Header.Set("Sec-Purpose", "prefetch") },
		"a HEAD":        func(r *http.Request) { r.Method = "HEAD" },
		"an image":      func(r *http.Request) { r.Header.Set("Sec-Fetch-Dest", "image") },
		"another name":  func(r *http.Request) { r.Host = "evil.example" },
		"a script":      func(r *http.Request) { r.Header.Set("Sec-Fetch-Dest", "empty") },
		"an old prefix": func(r *http.Request) { r.Header.Set("Purpose", "prefetch") },
	} {
		if a := w.ask("GET", link, "", change); a.status < 400 || w.cookieOf(a) != nil {
			t.Errorf("%s: %d, cookie %v", name, a.status, w.cookieOf(a))
		}
	}
	a := w.ask("GET", link, "", nil)
	c := w.cookieOf(a)
	if a.status != http.StatusSeeOther || c == nil || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.Secure || c.MaxAge != 12*60*60 || len(c.Value) < 40 {
		t.Fatalf("sign-in: %d, %+v", a.status, c)
	}
	if again := w.ask("GET", link, "", nil); again.status != http.StatusForbidden || w.cookieOf(again) != nil {
		t.Errorf("the same link again: %d", again.status)
	}
	if a := w.ask("GET", "/", c.Value, nil); a.status != http.StatusOK {
		t.Errorf("the session: %d", a.status)
	}
}

func TestALinkThatIsNotOursSignsNobodyIn(t *testing.T) {
	w := newWorld(t)
	good := w.link(Viewer)
	asOwner := []byte(strings.TrimPrefix(good, signInPath))
	asOwner[0] = 'b' // the role is the first byte
	for name, path := range map[string]string{
		"another key": NewLink("", "another", Owner, w.clock()),
		"a past time": NewLink("", testKey, Owner, w.clock().Add(-LinkLife)),
		"a far time":  NewLink("", testKey, Owner, w.clock().Add(LinkLife*2)),
		"cut off":     good[:len(good)-1],
		"longer":      good + "A",
		"padded":      good + "=",
		"empty":       signInPath,
		"raised role": signInPath + string(asOwner),
		"a long one":  signInPath + strings.Repeat("A", 4000),
		"no role":     NewLink("", testKey, 'x', w.clock()),
		"a newline":   good + "%0a",
	} {
		if a := w.ask("GET", path, "", nil); a.status != http.StatusForbidden && a.status != http.StatusNotFound || w.cookieOf(a) != nil {
			t.Errorf("%s: %d, cookie %v", name, a.status, w.cookieOf(a))
		}
	}
	w.pass(LinkLife)
	if a := w.ask("GET", good, "", nil); a.status != http.StatusForbidden {
		t.Errorf("a link whose time is over: %d", a.status)
	}
}

func TestSessionsEnd(t *testing.T) {
	w := newWorld(t)
	status := func(cookie string) int { return w.ask("GET", "/", cookie, nil).status }
	idle, used := w.in(Viewer), w.in(Viewer)
	for range 5 {
		w.pass(sessionIdle - time.Second)
		if got := status(used); got != http.StatusOK {
			t.Fatalf("a session in use: %d", got)
		}
	}
	if got := status(idle); got != http.StatusUnauthorized {
		t.Errorf("a session without a request for long: %d", got)
	}
	for range 2 {
		w.pass(sessionIdle - time.Second)
		_ = status(used)
	}
	if got := status(used); got != http.StatusUnauthorized {
		t.Errorf("a session after its life: %d", got)
	}
	for _, cookie := range []string{"", "x", strings.Repeat("A", 52)} {
		if got := status(cookie); got != http.StatusUnauthorized {
			t.Errorf("cookie %q: %d", cookie, got)
		}
	}
	first := w.in(Viewer)
	next := w.ask("GET", w.link(Owner), first, nil)
	if w.cookieOf(next) == nil || w.cookieOf(next).Value == first || status(first) != http.StatusUnauthorized {
		t.Error("a browser that signs in again keeps its old session")
	}
	for range maxSessions + 5 {
		w.sessions.begin(Viewer)
	}
	if n := len(w.sessions.all); n > maxSessions {
		t.Errorf("%d sessions are kept", n)
	}
}

func TestSigningOutNeedsTheTokenOfThePage(t *testing.T) {
	w := newWorld(t)
	cookie, other := w.in(Viewer), w.in(Owner)
	token := csrfOf(t, w.ask("GET", "/", cookie, nil).body)
	with := func(token string, header ...string) func(*http.Request) {
		return func(r *http.Request) {
			form(url.Values{"csrf": {token}})(r)
			for i := 0; i < len(header); i += 2 {
				r.Header.Set(header[i], header[i+1])
			}
		}
	}
	for name, change := range map[string]func(*http.Request){
		"no token":              nil,
		"an empty token":        with(""),
		"another session's":     with(csrfOf(t, w.ask("GET", "/", other, nil).body)),
		"in the address":        func(r *http.Request) { r.URL.RawQuery = "csrf=" + token },
		"from another site":     with(token, "Sec-Fetch-Site", "cross-site"),
		"from a sister site":    with(token, "Sec-Fetch-Site", "same-site"),
		"another origin":        with(token, "Origin", "https://evil.example"),
		"another port":          with(token, "Origin", "http://127.0.0.1:1"),
		"an origin of nothing":  with(token, "Origin", "null"),
		"a form beyond measure": with(token + strings.Repeat("x", maxFormBytes)),
	} {
		if a := w.ask("POST", "/sign-out", cookie, change); a.status != http.StatusForbidden {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	if a := w.ask("GET", "/sign-out", cookie, nil); a.status < 400 {
		t.Errorf("GET: %d", a.status)
	}
	if a := w.ask("GET", "/", cookie, nil); a.status != http.StatusOK {
		t.Fatalf("the session has ended: %d", a.status)
	}
	a := w.ask("POST", "/sign-out", cookie, with(token, "Sec-Fetch-Site", "same-origin", "Origin", w.URL()))
	if c := w.cookieOf(a); a.status != http.StatusOK || c == nil || c.MaxAge >= 0 {
		t.Errorf("sign-out: %d, %v", a.status, w.cookieOf(a))
	}
	if a := w.ask("GET", "/", cookie, nil); a.status != http.StatusUnauthorized {
		t.Errorf("after the sign-out: %d", a.status)
	}
}

// everyRoute has a path for each route.
var everyRoute = []struct {
	pattern, path string
	open          bool // without a session
	owner         bool // for the owner alone
}{
	{"GET /sign-in/{link}", "/sign-in/x", true, false},
	{"POST /sign-out", "/sign-out", false, false},
	{"GET /{$}", "/", false, false},
	{"GET /campaigns/{id}", "/campaigns/1", false, false},
	{"GET /campaigns/{id}/recipients", "/campaigns/1/recipients", false, true},
	{"GET /live", "/live", false, false},
	{"GET /live/events", "/live/events", false, false},
	{"GET /live/text", "/live/text", false, false},
	{"GET /live.js", "/live.js", true, false},
	{"GET /robots.txt", "/robots.txt", true, false},
	{"/", "/nowhere", true, false},
}

func TestEveryRouteIsGuarded(t *testing.T) {
	w := newWorld(t)
	if len(everyRoute) != len(w.routes()) {
		t.Fatalf("%d routes, %d are tried", len(w.routes()), len(everyRoute))
	}
	viewer, owner := w.in(Viewer), w.in(Owner)
	for i, r := range w.routes() {
		is := everyRoute[i]
		if r.pattern != is.pattern {
			t.Errorf("route %s, tried is %s", r.pattern, is.pattern)
		}
		method, _, found := strings.Cut(r.pattern, " ")
		if !found {
			method = "GET"
		}
		stranger := w.ask(method, is.path, "", nil)
		if refused := stranger.status == http.StatusUnauthorized; refused == is.open {
			t.Errorf("%s without a session: %d", r.pattern, stranger.status)
		}
		if a := w.ask(method, is.path, viewer, nil); is.owner && (a.status != http.StatusForbidden || strings.Contains(a.body, "@example.com")) {
			t.Errorf("%s as viewer: %d", r.pattern, a.status)
		}
		if a := w.ask(method, is.path, owner, nil); is.owner && a.status != http.StatusOK {
			t.Errorf("%s as owner: %d", r.pattern, a.status)
		}
		for _, cookie := range []string{"", viewer, owner} {
			headers(t, r.pattern, w.ask(method, is.path, cookie, nil).header)
			headers(t, r.pattern+" DELETE", w.ask("DELETE", is.path, cookie, nil).header)
			rebound := w.ask(method, is.path, cookie, func(r *http.Request) { r.Host = "evil.example" })
			if rebound.status != http.StatusMisdirectedRequest {
				t.Errorf("%s by another name: %d", r.pattern, rebound.status)
			}
			headers(t, r.pattern+" by another name", rebound.header)
		}
	}
}

// headers checks what every answer has to have.
func headers(t *testing.T, route string, h http.Header) {
	t.Helper()
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %s: %q", route, name, got)
		}
	}
	policy := h.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("%s: policy %q lacks %s", route, policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || strings.Contains(policy, "http") {
		t.Errorf("%s: policy %q", route, policy)
	}
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("%s: %s", route, name)
		}
	}
}

func TestNamesOfThisServer(t *testing.T) {
	w := newWorld(t)
	cookie := w.in(Viewer)
	_, port, _ := strings.Cut(strings.TrimPrefix(w.URL(), "http://"), ":")
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:" + port: 200, "127.0.0.1": 200, "127.0.0.1:" + port: 200, "[::1]:" + port: 200,
		"pages.example.com": 200, "Pages.Example.com:443": 200,
		"evil.example": 421, "localhost.evil.example": 421, "127.0.0.1.nip.io": 421, "pages.example.com.evil.example": 421,
		"192.0.2.1": 421, "0.0.0.0": 421, "localhost.": 421, "evil.example:" + port: 421, "[::ffff:192.0.2.1]": 421,
	} {
		a := w.ask("GET", "/", cookie, func(r *http.Request) {
			r.Host = host
			r.Header.Set("X-Forwarded-Host", "localhost")
		})
		if a.status != want {
			t.Errorf("%s: %d, want %d", host, a.status, want)
		}
	}
	if c := w.cookieOf(w.ask("GET", w.link(Viewer), "", func(r *http.Request) { r.Host = "pages.example.com" })); c == nil || !c.Secure {
		t.Errorf("behind a proxy the cookie is %+v", c)
	}
}
