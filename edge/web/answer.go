package web

import (
	"crypto/subtle"
	"strings"

	"glint/edge/event/jsonline"
)

// Post is a request to /e.
type Post struct {
	Method        string
	Origin        string // header Origin; "" if absent
	ContentType   string
	Authorization string
	Body          string
	TooLarge      bool // the body exceeds MaxBodyBytes and was not read to its end
}

// Answer is the answer to a Post. Events are to be logged.
type Answer struct {
	Status  int
	Allow   string // Access-Control-Allow-Origin; "": none
	Body    string // JSON with a reason; "" for 204
	Events  []Event
	Certain bool // sent by a server with the token
}

// StatusText returns the status as written in the answer's first line.
func (a *Answer) StatusText() string {
	switch a.Status {
	case 204:
		return "204 No Content"
	case 400:
		return "400 Bad Request"
	case 401:
		return "401 Unauthorized"
	case 403:
		return "403 Forbidden"
	case 405:
		return "405 Method Not Allowed"
	case 413:
		return "413 Content Too Large"
	case 415:
		return "415 Unsupported Media Type"
	case 429:
		return "429 Too Many Requests"
	}
	return "503 Service Unavailable"
}

// EachHeader calls set for every header of the answer. Any page may send a
// request; CORS only decides whether it may read the answer. The origin is
// therefore checked before (fetch.spec.whatwg.org).
func (a *Answer) EachHeader(set func(name, value string)) {
	set("Vary", "Origin")
	set("Cache-Control", "no-store")
	set("X-Content-Type-Options", "nosniff")
	if a.Allow != "" {
		set("Access-Control-Allow-Origin", a.Allow)
		set("Access-Control-Allow-Methods", "POST, OPTIONS")
		set("Access-Control-Allow-Headers", "content-type, authorization")
		set("Access-Control-Max-Age", "86400")
	}
	if a.Status == 429 {
		set("Retry-After", "10")
	}
	if a.Status == 401 {
		set("WWW-Authenticate", "Bearer")
	}
	if a.Body != "" {
		set("Content-Type", "application/json")
	}
}

func refuse(status int, allow, reason string) Answer {
	b := append([]byte(`{"error":`), jsonline.AppendString(nil, reason, maxPath)...)
	return Answer{Status: status, Allow: allow, Body: string(append(b, '}', '\n'))}
}

// Throttled returns the answer to a client that posts too often.
func Throttled(allow string) Answer { return refuse(429, allow, "too many events; try again later") }

// Handle answers a request to /e. token is the secret for servers; "" disables
// them. A browser's request needs the header Origin with one of the site's
// origins.
func Handle(p *Post, sites *Sites, token string) Answer {
	allow := ""
	if p.Origin != "" && sites.Allows("", p.Origin) {
		allow = p.Origin
	}
	switch {
	case p.Method == "OPTIONS" && (allow != "" || p.Origin == ""):
		return Answer{Status: 204, Allow: allow}
	case p.Method == "OPTIONS":
		return refuse(403, "", "the origin is not one of a site; see --site")
	case p.Method != "POST":
		return refuse(405, allow, "want POST")
	}
	certain := false
	if p.Authorization != "" {
		scheme, secret, _ := strings.Cut(p.Authorization, " ")
		if certain = strings.EqualFold(scheme, "Bearer") && token != "" &&
			subtle.ConstantTimeCompare([]byte(strings.TrimSpace(secret)), []byte(token)) == 1; !certain {
			return refuse(401, allow, "the token is wrong")
		}
	}
	if !certain && allow == "" {
		return refuse(403, "", "the origin is not one of a site; servers need the token")
	}
	if p.TooLarge || len(p.Body) > MaxBodyBytes {
		return refuse(413, allow, "the body is larger than 64 KiB")
	}
	switch kind, _, _ := strings.Cut(p.ContentType, ";"); strings.ToLower(strings.TrimSpace(kind)) {
	case "application/json", "text/plain", "":
	default:
		return refuse(415, allow, "want application/json or text/plain")
	}
	events, err := ParseEvents(p.Body)
	if err != nil {
		return refuse(400, allow, err.Error())
	}
	for i := range events {
		if !sites.Has(events[i].Site) {
			return refuse(403, allow, "a site that is not one of --site")
		}
		if !certain && !sites.Allows(events[i].Site, p.Origin) {
			return refuse(403, allow, "the origin is not one of the site's")
		}
	}
	return Answer{Status: 204, Allow: allow, Events: events, Certain: certain}
}
