package cdnlog

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"glint/edge/event/jsonline"
	"glint/edge/web"
)

// role is the meaning of a column of CloudFront's log.
type role uint8

const (
	roleNone  role = iota
	roleStamp      // date and clock in one, in version 2 and in other programs' logs
	roleDate
	roleClock
	roleLocation
	roleClient
	roleMethod
	roleStem
	roleQuery
	roleReferer
	roleAgent
	roleID
	roleProtocol
	roleCountry
	roleASN
)

// roleOf returns the role of a column, in the standard log (W3C) and in version
// 2 in JSON, which has the same names.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
func roleOf(name string) role {
	switch name {
	case "date":
		return roleDate
	case "time":
		return roleClock
	case "x-edge-location":
		return roleLocation
	case "c-ip":
		return roleClient
	case "cs-method":
		return roleMethod
	case "cs-uri-stem":
		return roleStem
	case "cs-uri-query":
		return roleQuery
	case "cs(Referer)":
		return roleReferer
	case "cs(User-Agent)":
		return roleAgent
	case "x-edge-request-id":
		return roleID
	case "cs-protocol-version":
		return roleProtocol
	case "c-country":
		return roleCountry
	case "asn":
		return roleASN
	case "timestamp", "timestamp(ms)":
		return roleStamp
	}
	return roleNone
}

// cloudFrontColumns are the columns of the standard log, for a file without its
// header.
var cloudFrontColumns = columnsOf(strings.Fields("date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) " +
	"cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for " +
	"ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version"))

func columnsOf(names []string) []role {
	columns := make([]role, len(names))
	for i, name := range names {
		columns[i] = roleOf(name)
	}
	return columns
}

// directive reads the columns from "#Fields: date time …".
func (p *Parser) directive(line string) {
	if names, ok := strings.CutPrefix(line, "#Fields:"); ok {
		p.columns = columnsOf(strings.Fields(names))
		p.needed, p.named = needed(p.columns), true
		has := func(roles ...role) bool {
			return !slices.ContainsFunc(roles, func(r role) bool { return !slices.Contains(p.columns, r) })
		}
		p.lacks = !has(roleMethod, roleStem) || !has(roleDate, roleClock) && !has(roleStamp)
	}
}

// isW3C reports whether a line begins with a date followed by a tab, or by a
// blank in logs with other separators.
func isW3C(line string) bool {
	return len(line) > len("2006-01-02 ") && line[4] == '-' && line[7] == '-' && (line[10] == '\t' || line[10] == ' ') && digits(line[:4])
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// viewer collects the columns of a line.
type viewer struct {
	date, clock, stem, query string
	stamp                    time.Time // if date and clock are missing
	agents                   *agents
	plus                     bool // a + may be a blank, which separates the columns
}

// agents caches decoded user agents: a few of them are in most lines. It is
// safe for concurrent use, since the copies of a parser share it.
type agents struct {
	mu    sync.RWMutex
	known map[string]string
}

const maxAgents = 4096

// decode decodes a user agent, which CloudFront encodes twice.
func (a *agents) decode(cell string) string {
	if strings.IndexByte(cell, ' ') >= 0 {
		return cell
	}
	a.mu.RLock()
	text, ok := a.known[cell]
	room := len(a.known) < maxAgents
	a.mu.RUnlock()
	if ok {
		return text
	}
	text = web.Percent(web.Percent(cell))
	if room {
		a.mu.Lock()
		a.known[strings.Clone(cell)] = strings.Clone(text) // text may share the memory of cell
		a.mu.Unlock()
	}
	return text
}

// w3c reads a line of a W3C log.
func (p *Parser) w3c(r *Request, line string) error {
	if p.lacks {
		return ErrColumns
	}
	v := viewer{agents: p.agents}
	separator := byte('\t')
	if strings.IndexByte(line, '\t') < 0 {
		separator, v.plus = ' ', true
	}
	column := 0
	for rest, more := line, true; more && column < len(p.columns); column++ {
		cell := rest
		if i := strings.IndexByte(rest, separator); i >= 0 {
			cell, rest = rest[:i], rest[i+1:]
		} else {
			more = false
		}
		v.set(r, p.columns[column], cell)
	}
	if column < p.needed {
		return ErrFields
	}
	return v.finish(r)
}

// needed returns the smallest number of columns in a line.
func needed(columns []role) int {
	n := 0
	for i, c := range columns {
		switch c {
		case roleDate, roleClock, roleStem, roleMethod, roleAgent, roleQuery, roleID:
			n = i + 1
		case roleNone, roleStamp, roleLocation, roleClient, roleReferer, roleProtocol, roleCountry, roleASN:
		}
	}
	return n
}

// cloudFrontObject reads an object of version 2, whose keys are the columns.
func (p *Parser) cloudFrontObject(r *Request, line string) error {
	v := viewer{agents: p.agents}
	o := jsonline.Open(line)
	for o.Next() {
		c := roleOf(o.Key)
		if c == roleNone {
			continue
		}
		cell, ok := o.Text()
		if !ok {
			cell = o.Value
		}
		v.set(r, c, cell)
	}
	if o.Err() != nil {
		return ErrJSON
	}
	return v.finish(r)
}

func (v *viewer) set(r *Request, c role, cell string) {
	if cell == "-" || cell == "" || jsonline.Null(cell) {
		return
	}
	switch c {
	case roleDate:
		v.date = cell
	case roleClock:
		v.clock = cell
	case roleLocation:
		r.POP = cell
	case roleClient:
		r.Address = address(cell)
	case roleMethod:
		r.Method = cell
	case roleStem:
		v.stem = web.Percent(cell)
	case roleQuery:
		v.query = web.Percent(cell)
	case roleReferer:
		r.Referer = web.Percent(cell)
	case roleAgent:
		if v.plus && strings.IndexByte(cell, '%') < 0 { // as IIS writes it
			cell = strings.ReplaceAll(cell, "+", " ")
		}
		r.UserAgent = v.agents.decode(cell)
	case roleID:
		r.requestID = cell
	case roleProtocol:
		r.Protocol = protocol(cell)
	case roleCountry:
		r.Country = country(cell)
	case roleASN:
		r.ASNumber = asNumber(cell)
	case roleStamp:
		v.stamp = anyTime(cell)
	case roleNone:
	}
}

func (v *viewer) finish(r *Request) error {
	r.Edge = CloudFront
	at, ok := dateAndClock(v.date, v.clock)
	if v.date == "" && v.clock == "" {
		at, ok = v.stamp, !v.stamp.IsZero()
	}
	if !ok {
		var err error
		if at, err = time.Parse("2006-01-02 15:04:05", v.date+" "+v.clock); err != nil {
			return ErrTime
		}
	}
	r.At = at.UTC().Truncate(time.Second)
	r.Target = v.stem
	if v.query != "" {
		r.Target += "?" + v.query
	}
	return nil
}

// address reads an address, with or without a port.
func address(s string) netip.Addr {
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		p, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}
		}
		a = p.Addr()
	}
	return a.Unmap().WithZone("")
}

// protocol shortens HTTP/2.0 and HTTP/3.0 to their usual names.
func protocol(s string) string {
	s = strings.ToUpper(s)
	if s == "HTTP/2.0" || s == "HTTP/3.0" {
		return s[:len("HTTP/2")]
	}
	if !strings.HasPrefix(s, "HTTP/") {
		return ""
	}
	return s
}

func country(s string) string {
	if len(s) != 2 {
		return ""
	}
	return strings.ToUpper(s)
}

func asNumber(s string) uint32 {
	s = strings.TrimPrefix(strings.ToUpper(s), "AS")
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
