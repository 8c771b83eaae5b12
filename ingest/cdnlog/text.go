package cdnlog

import (
	"net/netip"
	"strings"
)

// isS3 reports whether a line begins like an access log of S3: the bucket's
// owner, the bucket, the time in brackets.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
func isS3(line string) bool {
	owner, rest, ok := strings.Cut(line, " ")
	if !ok || owner == "" {
		return false
	}
	bucket, rest, ok := strings.Cut(rest, " ")
	if !ok || bucket == "" || !strings.HasPrefix(rest, "[") {
		return false
	}
	return !address(owner).IsValid() && strings.Contains(rest, "] ")
}

// s3 reads a line of owner bucket [time] ip requester requestID operation key
// "request" status error bytes size total turnaround "referer" "agent" and more.
func s3(r *Request, line string) error {
	_, rest, _ := strings.Cut(line, "[")
	clock, rest, ok := strings.Cut(rest, "] ")
	if !ok {
		return ErrForm
	}
	var err error
	if r.At, err = logTime(clock); err != nil {
		return err
	}
	var cells [17]string
	n := 0
	for ; n < len(cells) && rest != ""; n++ {
		cells[n], rest = cell(rest)
	}
	const ip, requestID, request, referer, agent = 0, 2, 5, 12, 13
	if n <= agent {
		return ErrFields
	}
	r.Edge = S3
	r.Address = address(cells[ip])
	r.requestID = dash(cells[requestID])
	requestLine(r, cells[request])
	r.Referer, r.UserAgent = dash(cells[referer]), dash(cells[agent])
	return nil
}

// cell returns the first cell of a line, without its quotation marks, and the
// rest. A mark inside a quoted cell ends it only before a blank.
func cell(s string) (first, rest string) {
	if !strings.HasPrefix(s, `"`) {
		first, rest, _ = strings.Cut(s, " ")
		return first, rest
	}
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
		case s[i] == '"' && (i+1 == len(s) || s[i+1] == ' '):
			return s[1:i], strings.TrimPrefix(s[i+1:], " ")
		}
	}
	return s[1:], ""
}

// combined reads the common and the combined format of nginx, Apache, Fastly
// and others: address ident user [time] "request" status bytes "referer"
// "agent". Other text may precede the client's address (a virtual host, a
// syslog header) and follow the user agent.
func (p *Parser) combined(r *Request, line string) error {
	head, rest, ok := strings.Cut(line, " [")
	for ok && !isLogTime(rest) { // "[123]: " of a syslog header, "[::1]"
		var more string
		more, rest, ok = strings.Cut(rest, " [")
		head += " [" + more
	}
	if !ok {
		return ErrForm
	}
	clock, rest, ok := strings.Cut(rest, "] ")
	if !ok {
		return ErrForm
	}
	var err error
	if r.At, err = logTime(clock); err != nil {
		return err
	}
	r.Address = clientOf(head)
	if rest = p.requestOf(r, rest); r.Method == "" {
		return ErrTarget
	}
	r.Referer, r.UserAgent = refererAndAgent(rest)
	r.Edge = p.server()
	return nil
}

// maxCells is the number of cells of a combined log that are looked at, before
// and behind the request: operators add times, hosts and ids.
const maxCells = 8

// requestOf reads the first cell that is a request line, and returns the rest.
func (p *Parser) requestOf(r *Request, rest string) string {
	for range maxCells {
		if !strings.HasPrefix(rest, `"`) {
			_, rest = cell(rest)
			continue
		}
		var request string
		request, rest = cell(rest)
		if requestLine(r, backslash(request)); isMethod(r.Method) && strings.IndexByte(r.Target, '/') >= 0 {
			return rest
		}
		r.Method, r.Target, r.Protocol = "", "", ""
	}
	return rest
}

// isMethod reports whether a word may be a method: it has letters only.
func isMethod(word string) bool {
	for _, c := range []byte(word) {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
	}
	return word != ""
}

// refererAndAgent returns the first two quoted cells behind a request. If the
// first one is no URL and the second is one or empty, they are in the other order.
func refererAndAgent(rest string) (referer, agent string) {
	var quoted [2]string
	n := 0
	for i := 0; i < maxCells && n < 2 && rest != ""; i++ {
		isQuoted := strings.HasPrefix(rest, `"`)
		var text string
		if text, rest = cell(rest); isQuoted {
			quoted[n] = backslash(dash(text))
			n++
		}
	}
	isURL := strings.Contains(quoted[1], "://") && !strings.Contains(quoted[1], " ")
	if !strings.Contains(quoted[0], "://") && (quoted[1] == "" || isURL) {
		quoted[0], quoted[1] = quoted[1], quoted[0]
	}
	return quoted[0], quoted[1]
}

// clientOf returns the address before ident and user, or else the first
// address. In a list, as X-Forwarded-For has it, it is the first public one: the
// others are proxies'.
func clientOf(head string) (first netip.Addr) {
	fields := strings.Fields(head)
	if n := len(fields); n >= 3 {
		if a := address(strings.TrimSuffix(fields[n-3], ",")); a.IsValid() {
			first = a
			for i := n - 4; i >= 0 && strings.HasSuffix(fields[i], ","); i-- {
				if a := address(strings.TrimSuffix(fields[i], ",")); a.IsValid() && (!a.IsPrivate() || !first.IsValid()) {
					first = a
				}
			}
			return first
		}
	}
	for _, field := range fields {
		if a := address(strings.TrimSuffix(field, ",")); a.IsValid() {
			return a
		}
	}
	return netip.Addr{}
}

// requestLine reads "GET /path HTTP/1.1"; a path may contain blanks.
func requestLine(r *Request, s string) {
	method, rest, ok := strings.Cut(s, " ")
	if !ok {
		return
	}
	r.Method, r.Target = method, rest
	if i := strings.LastIndexByte(rest, ' '); i >= 0 {
		if p := protocol(rest[i+1:]); p != "" {
			r.Target, r.Protocol = rest[:i], p
		}
	}
}

func dash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}
