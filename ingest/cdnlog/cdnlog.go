// Package cdnlog reads access logs of CDNs and web servers: CloudFront (W3C and
// JSON), S3, Fastly, Cloudflare Logpush, nginx, Apache and Caddy. A line is one
// request, or an error that names the reason and never a value of the line. The
// package does not classify requests and keeps only hashes of them.
package cdnlog

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"glint/edge/event"
)

// Format is the format of a log.
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

// Formats lists all formats, in the order of the help.
var Formats = []Format{Auto, CloudFront, S3, Fastly, Cloudflare, Nginx, Apache, Caddy}

// The reasons why a line is not a request.
var (
	ErrDirective = errors.New("a header or comment line") // not a fault: logs begin with such lines
	ErrForm      = errors.New("not a line of this format")
	ErrJSON      = errors.New("not one JSON object")
	ErrFields    = errors.New("fewer fields than the log's header names")
	ErrColumns   = errors.New("the log's #Fields name no date, time, method and path as CloudFront does (date, time, cs-method, cs-uri-stem)")
	ErrTime      = errors.New("no time, or one that cannot be read")
	ErrTarget    = errors.New("no path")
	ErrTooLong   = errors.New("longer than 64 kB")
)

// maxLineBytes is the longest line that is read: most CDNs limit a request's
// headers to 16 kB, and encoding at most triples them.
const maxLineBytes = 64 << 10

// Request is a request read from one line. Absent facts are zero.
type Request struct {
	ID        event.ID  // the same in every copy of the line, whatever the file
	ByLine    bool      // the log has no request id, so equal lines have the same ID: see Repeats
	At        time.Time // UTC, milliseconds; CloudFront and S3 log whole seconds
	Edge      Format    // the program that answered
	Method    string
	Protocol  string // as in HTTP/1.1
	Target    string // path and query as sent by the client
	UserAgent string
	Referer   string
	Address   netip.Addr
	ASNumber  uint32
	Country   string // ISO 3166-1, if in the log
	POP       string // the data center that answered

	requestID string // request id in the log
}

// Parser reads the lines of one file from the first line on, since a W3C log
// begins with its directives. It is not safe for concurrent use; copies may be
// used concurrently.
type Parser struct {
	format  Format
	columns []role
	needed  int  // number of columns that a useful line needs
	named   bool // the file has a line with column names
	nested  bool // the line is within another one, and may hold no further one
	lacks   bool // the columns are too few to read any line
	agents  *agents
}

// NewParser returns a parser of that format.
func NewParser(f Format) *Parser {
	return &Parser{format: f, columns: cloudFrontColumns, needed: needed(cloudFrontColumns), agents: &agents{known: map[string]string{}}}
}

// Copy returns a parser for the following lines, with the directives so far.
func (p *Parser) Copy() *Parser {
	c := *p
	return &c
}

// Pass reads only the directives that affect the following lines, as Parse
// does.
func (p *Parser) Pass(line string) {
	line = strings.TrimPrefix(line, "\ufeff")
	if strings.HasPrefix(line, "#") && len(line) <= maxLineBytes && p.takes(CloudFront) {
		p.directive(line)
	}
}

// Parse reads a line into r. The strings of r may be substrings of the line. It
// returns the errors above; r is undefined then.
func (p *Parser) Parse(r *Request, line string) error {
	if len(line) > maxLineBytes {
		return ErrTooLong
	}
	*r = Request{}
	if err := p.parse(r, bare(line)); err != nil {
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

// bare returns a line without a byte order mark before it and, of a list of
// objects, without the comma behind it.
func bare(line string) string {
	line = strings.TrimSuffix(strings.TrimPrefix(line, "\ufeff"), "\r")
	if strings.HasPrefix(line, "{") {
		line = strings.TrimSuffix(strings.TrimRight(line, " \t"), ",")
	}
	return line
}

func (p *Parser) parse(r *Request, line string) error {
	switch {
	case strings.HasPrefix(line, "#"):
		p.Pass(line)
		return ErrDirective
	case line == "[" || line == "]": // around a list of objects
		return ErrDirective
	case strings.HasPrefix(line, "{"):
		return p.object(r, line)
	case p.takes(CloudFront) && (isW3C(line) || p.named && strings.IndexByte(line, '\t') > 0):
		return p.w3c(r, line)
	case p.takes(S3) && isS3(line):
		return s3(r, line)
	case p.takes(Nginx, Apache, Fastly, Caddy):
		err := p.combined(r, line)
		if object := objectIn(line); err != nil && object != "" {
			*r = Request{}
			return p.object(r, object)
		}
		return err
	}
	return ErrForm
}

// objectIn returns the JSON object at the end of a line, behind the header of
// syslog or of a container's log; "" without one.
func objectIn(line string) string {
	i := strings.IndexByte(line, '{')
	if i < 0 || i > maxHeader || !strings.HasSuffix(line, "}") {
		return ""
	}
	return line[i:]
}

// maxHeader is the longest header before an object.
const maxHeader = 256

// server returns the program that answered, for formats that several programs
// use.
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

// pathOf returns path and query of a target, which may be an absolute URL.
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
