// Package event defines the log line that the edge writes for each pixel
// request and that ingest reads. FORMAT.md lists the fields.
//
// AppendJSON writes one line of valid JSON of at most MaxLineBytes, whatever
// the client sent. Parse reads any line written by AppendJSON of this or
// another version: it keeps unknown fields and leaves missing ones zero. The
// package neither classifies an event nor opens its token.
package event

import (
	"errors"
	"time"
)

// Version is the version of the lines that AppendJSON writes. It grows when a
// field changes its meaning, not when a field is added.
const Version = 1

// MaxLineBytes is the largest line, without its line feed, that AppendJSON
// writes.
const MaxLineBytes = 4096

// MaxReadBytes is the largest line that Parse reads. It bounds the work that a
// stranger's line can cause, and leaves room for fields of newer edges.
const MaxReadBytes = 16 << 10

// ErrInvalid is wrapped by every error of Parse.
var ErrInvalid = errors.New("event: not an event line")

// ErrTooLong is returned by Parse for a line above MaxReadBytes; it wraps
// ErrInvalid.
var ErrTooLong error = lineError("the line has more than 16384 bytes")

// ID identifies one request. The edge draws it from the platform's random
// source; an import derives it from the request.
type ID [16]byte

// Key returns the half of the ID that the warehouse keeps.
func (id ID) Key() uint64 {
	var k uint64
	for _, b := range id[8:] {
		k = k<<8 | uint64(b)
	}
	return k
}

// TokenStatus is the edge's verdict on the token. Ingest opens the token again.
type TokenStatus string

// The token statuses. Unchecked means that the edge had no keys, or that the
// URL names a UUID, which has no signature.
const (
	TokenValid     TokenStatus = "valid"
	TokenBad       TokenStatus = "bad"
	TokenUnchecked TokenStatus = "unchecked"
)

// Kind is the form of the requested pixel URL.
type Kind string

// The kinds of pixel URL.
const (
	KindToken Kind = "token" // /o/<token>.gif|.png
	KindUUID  Kind = "uuid"  // /pixel/<uuid>.png|.gif
	KindOther Kind = "other" // any other path that gets an image
	KindView  Kind = "view"  // the web pixel, /p.gif|.png
	KindEvent Kind = "event" // a custom event, POST /e
)

// BotDetection is the result of the platform's bot detection.
type BotDetection string

// The results. Empty means that the request was not analyzed: the product is
// off, or the platform has none.
const (
	BotNone     BotDetection = "none"     // analyzed, and no bot
	BotDetected BotDetection = "detected" // a bot, judged by its behavior
	BotVerified BotDetection = "verified" // a bot whose claimed identity is verified
)

// Header is one recorded request header, its name in lower case.
type Header struct{ Name, Value string }

// Event is one request of a pixel. Absent facts are zero.
type Event struct {
	Version          uint32
	ID               ID
	OpenedAt         time.Time // UTC, milliseconds
	Kind             Kind
	Token            string // the token or UUID that was found, else the file's name without its extension
	TokenStatus      TokenStatus
	Path             string // path and query as received; empty if they hold only a plain token or UUID
	Method           string
	Protocol         string // HTTP version of the request
	UserAgent        string
	RefererHost      string
	IP               string    // as precise as the configured precision allows
	Network          string    // apple_relay, scanner:<name>, hosting, none or unknown; decided from the whole address
	NetworkListDate  time.Time // UTC day of the list that Network or ASNumber came from; zero: from no list
	ASNumber         uint32
	Country          string // ISO 3166-1, two letters
	Region           string // ISO 3166-2 subdivision
	ConnectionType   string
	ProxyType        string
	ProxyDescription string
	BotDetection     BotDetection
	BotName          string
	BotCategory      string
	Headers          []Header // at most MaxHeaders are written
	JA4              string   // fingerprint of the TLS client
	Edge             string   // program that answered: compute or standalone
	POP              string   // Fastly's data center
	ServiceVersion   string
	SandboxRequest   uint32 // number of the request in its sandbox, from 1
	Class            string // set by the edge where the privacy mode removes the facts that ingest would classify by
	Reason           string // of Class
	RulesetVersion   uint32 // version of the rules that set Class
	Web              string // JSON object of a page view or custom event, as package web writes it
	Extra            string // JSON object of fields that this version does not know, or ""
}
