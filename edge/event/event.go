// Package event is the log line that the edge writes for each request of a
// pixel and what ingest reads. FORMAT.md lists the fields.
//
// AppendJSON writes one line of valid JSON of at most MaxLineBytes, whatever
// the client sent. Parse reads any line that AppendJSON of this or another
// version wrote: unknown fields are kept, missing ones are zero. The package
// does not judge an event and does not open its token.
package event

import (
	"errors"
	"time"
)

// Version is the version of the lines that AppendJSON writes. It changes when
// a field changes its meaning, not when one is added.
const Version = 1

// MaxLineBytes bounds a line of AppendJSON without its line feed.
const MaxLineBytes = 4096

// MaxReadBytes bounds a line that Parse reads: a stranger's line must not
// decide how much work a line is. It leaves a newer edge room.
const MaxReadBytes = 16 << 10

// ErrInvalid is wrapped by every error of Parse.
var ErrInvalid = errors.New("event: not an event line")

// ErrTooLong is returned by Parse for a line above MaxReadBytes; it wraps
// ErrInvalid.
var ErrTooLong error = lineError("the line has more than 16384 bytes")

// ID is the identity of one request, minted at the edge from the platform's
// random source, or derived by an import.
type ID [16]byte

// Key returns the half of the ID that the warehouse keeps.
func (id ID) Key() uint64 {
	var k uint64
	for _, b := range id[8:] {
		k = k<<8 | uint64(b)
	}
	return k
}

// TokenStatus is the edge's own opinion of the token; ingest opens it again.
type TokenStatus string

// The token statuses. Unchecked means that the edge had no keys, or that the
// URL has no signature.
const (
	TokenValid     TokenStatus = "valid"
	TokenBad       TokenStatus = "bad"
	TokenUnchecked TokenStatus = "unchecked"
)

// Kind says which form of pixel URL was asked for.
type Kind string

// The kinds of pixel URL.
const (
	KindToken Kind = "token" // /o/<token>.gif|.png
	KindUUID  Kind = "uuid"  // /pixel/<uuid>.png|.gif
	KindOther Kind = "other" // any other path that gets an image
	KindView  Kind = "view"  // the web pixel, /p.gif|.png
	KindEvent Kind = "event" // a custom event, POST /e
)

// BotDetection is the answer of the platform's own bot detection.
type BotDetection string

// The answers. Empty means that the request was not analyzed: the product is
// off, or there is no such platform.
const (
	BotNone     BotDetection = "none"     // analyzed, and no bot
	BotDetected BotDetection = "detected" // a bot by what it does
	BotVerified BotDetection = "verified" // a bot that is proven to be the one it says
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
	Path             string // path and query as they came, if more than a plain token or UUID was asked for
	Method           string
	Protocol         string // HTTP version of the request
	UserAgent        string
	RefererHost      string
	IP               string    // as precise as the edge is configured to keep it
	Network          string    // apple_relay, scanner:<name>, hosting, none or unknown; decided from the whole address
	NetworkListDate  time.Time // day of the list that gave Network or ASNumber, UTC; zero: none did
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
	Edge             string   // what answered: compute or standalone
	POP              string   // Fastly's data center
	ServiceVersion   string
	SandboxRequest   uint32 // number of the request in its sandbox, from 1
	Class            string // of the client, where the privacy mode leaves out what says it; ingest judges all others
	Reason           string // of Class
	RulesetVersion   uint32 // of the rules that gave Class
	Web              string // of a view or an event: a JSON object, as package web writes it
	Extra            string // a JSON object of the fields this version does not know, or ""
}
