// Package cdnlog reads access logs of CDNs and web servers: CloudFront (W3C and
// JSON), S3, Fastly, Cloudflare Logpush, nginx, Apache and Caddy. A line is one
// request or none; where it is none, the error names the reason and never a
// value of the line. The package does not judge requests and keeps nothing of
// them but hashes.
package cdnlog

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"glint/edge/event"
)

// Format is a form of log.
type Format string

// The formats. Auto decides line by line.
const (
	Auto       Format = "auto"
	CloudFront Format = "cloudfront"
	S3         Format = "s3"
	Fastly     Format = "fastly"
	Cloudflare Format = "cloudflare"
	Nginx      Format = "nginx"
	Apache     Format = "apache"
	Caddy      Format = "caddy"
)

// Formats are all of them, in the order of the help.
var Formats = []Format{Auto, CloudFront, S3, Fastly, Cloudflare, Nginx, Apache, Caddy}

// ParseFormat returns the format of that name.
func ParseFormat(name string) (Format, error) {
	if f := Format(strings.ToLower(name)); slices.Contains(Formats, f) {
		return f, nil
	}
	return "", fmt.Errorf("unknown format %q", name)
}

// The reasons why a line is no request.
var (
	ErrDirective = errors.New("a header or comment line") // no fault: logs begin with them
	ErrForm      = errors.New("not a line of this format")
	ErrJSON      = errors.New("not one JSON object")
	ErrFields    = errors.New("fewer fields than the log's header names")
	ErrColumns   = errors.New("the log's #Fields name no date, time, method and path as CloudFront does (date, time, cs-method, cs-uri-stem)")
	ErrTime      = errors.New("no time, or one that cannot be read")
	ErrTarget    = errors.New("no path")
	ErrTooLong   = errors.New("longer than 64 kB")
)

// maxLineBytes bounds a line: the longest header of a request is 16 kB at most
// CDNs, and encoding trebles it.
const maxLineBytes = 64 << 10

// Request is one line. Absent facts are zero.
type Request struct {
	ID        event.ID  // the same in every copy of the line, whatever the file
	ByLine    bool      // the log does not name the request, so that equal lines have one ID: see Repeats
	At        time.Time // UTC, milliseconds; of CloudFront and S3 whole seconds
	Edge      Format    // who answered
	Method    string
	Protocol  string // as in HTTP/1.1
	Target    string // path and query as the client sent them
	UserAgent string
	Referer   string
	Address   netip.Addr
	ASNumber  uint32
	Country   string // ISO 3166-1, as the log names it
	POP       string // the data center that answered

	requestID string // the log's own name of the request
}

// Parser reads the lines of one file, from its first on: the directives of a W3C
// log stand there. It is not safe for concurrent use,
// but beside its copies.
type Parser struct {
	format  Format
	columns []role
	needed  int  // columns without which a line says nothing
	named   bool // the file names its columns
	lacks   bool // those say too little to read any line
	agents  *agents
}

// NewParser returns a parser of that format.
func NewParser(f Format) *Parser {
	return &Parser{format: f, columns: cloudFrontColumns, needed: needed(cloudFrontColumns), agents: &agents{known: map[string]string{}}}
}

// Copy returns a parser for the lines that follow, which knows the directives so
// far.
func (p *Parser) Copy() *Parser {
	c := *p
	return &c
}

// Pass takes from a line only what it says of the lines behind it, as Parse does.
func (p *Parser) Pass(line string) {
	if strings.HasPrefix(line, "#") && len(line) <= maxLineBytes && p.takes(CloudFront) {
		p.directive(line)
	}
}

// Parse reads a line into r. The strings of r may be parts of the line. The
// errors are those above; r means nothing then.
func (p *Parser) Parse(r *Request, line string) error {
	if len(line) > maxLineBytes {
		return ErrTooLong
	}
	*r = Request{}
	if err := p.parse(r, line); err != nil {
		return err
	}
	if r.At.IsZero() {
		return ErrTime
	}
	if r.Target = pathOf(r.Target); r.Target == "" {
		return ErrTarget
	}
	r.identify(line)
	return nil
}

func (p *Parser) parse(r *Request, line string) error {
	switch {
	case strings.HasPrefix(line, "#"):
		p.Pass(line)
		return ErrDirective
	case strings.HasPrefix(line, "{"):
		return p.object(r, line)
	case p.takes(CloudFront) && (isW3C(line) || p.named && strings.IndexByte(line, '\t') > 0):
		return p.w3c(r, line)
	case p.takes(S3) && isS3(line):
		return s3(r, line)
	case p.takes(Nginx, Apache, Fastly, Caddy):
		return p.combined(r, line)
	}
	return ErrForm
}

// server names who answered where a form of log is that of several programs.
func (p *Parser) server() Format {
	if p.format == Auto {
		return "server"
	}
	return p.format
}

// takes reports whether the parser reads one of the formats.
func (p *Parser) takes(formats ...Format) bool {
	return p.format == Auto || slices.Contains(formats, p.format)
}

// pathOf returns path and query of a target that may be a whole URL.
func pathOf(target string) string {
	if strings.HasPrefix(target, "/") {
		return target
	}
	if _, rest, ok := strings.Cut(target, "://"); ok {
		if i := strings.IndexAny(rest, "/?"); i >= 0 && rest[i] == '/' {
			return rest[i:]
		}
	}
	return ""
}
