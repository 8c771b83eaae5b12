package pixelserver

import (
	"bytes"
	"strings"
	"unsafe"
)

// head is a request without its body. Its strings refer to the buffer that it
// was read into, and are valid until the answer is sent.
type head struct {
	method  string
	target  string
	version string // HTTP/1.1, HTTP/1.0, or any other text
	fields  []field
	lengths uint64 // bit set of the lengths of the fields' names
	keep    bool   // another request may follow on the connection
	cut     bool   // longer than the limit; the rest was not read
}

// field is a header line: the name as received, the value trimmed.
type field struct{ name, value string }

// headEnd returns the end of the first head in b, after an empty line; for an
// incomplete head, the end of b.
func headEnd(b []byte) (end int, whole bool) {
	for {
		i := bytes.IndexByte(b[end:], '\n')
		if i < 0 {
			return len(b), false
		}
		end += i + 1
		switch rest := b[end:]; {
		case len(rest) > 0 && rest[0] == '\n':
			return end + 1, true
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return end + 2, true
		}
	}
}

// parse reads a head leniently and reports whether it is a request at all.
// Violations of RFC 9112, and a body, end the connection after the answer: the
// position of the next request would be a guess.
func (h *head) parse(raw []byte) bool {
	text := unsafe.String(unsafe.SliceData(raw), len(raw)) // raw is not changed meanwhile
	line, rest, more := strings.Cut(text, "\n")
	if !h.requestLine(strings.TrimSuffix(line, "\r")) {
		return false
	}
	closing, staying := false, false
	for more {
		line, rest, more = strings.Cut(rest, "\n")
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			h.keep = false
		}
		f := field{strings.TrimRight(name, " \t"), strings.Trim(value, " \t")}
		if !ok || f.name == "" || f.name[0] == ' ' || f.name[0] == '\t' {
			continue // not a header line, or a part of one
		}
		h.fields = append(h.fields, f)
		h.lengths |= lengthBit(f.name)
		switch {
		case f.is("content-length") && f.value != "0", f.is("transfer-encoding"):
			h.keep = false
		case f.is("connection"):
			closing = closing || hasToken(f.value, "close")
			staying = staying || hasToken(f.value, "keep-alive")
		}
	}
	h.keep = h.keep && !h.cut && !closing && (staying || h.version == http11)
	return true
}

const (
	http10 = "HTTP/1.0"
	http11 = "HTTP/1.1"
)

// requestLine reads the first line. The target may contain blanks and any other
// byte, and the version may be missing.
func (h *head) requestLine(line string) (ok bool) {
	h.method, h.target, ok = strings.Cut(strings.TrimRight(line, "\r "), " ")
	if i := strings.LastIndexByte(h.target, ' '); i >= 0 && strings.HasPrefix(h.target[i+1:], "HTTP/") {
		h.target, h.version = h.target[:i], h.target[i+1:]
	}
	h.keep = isToken(h.method) && !strings.Contains(h.target, " ") && (h.version == http11 || h.version == http10)
	h.target = strings.Trim(h.target, " ")
	return ok && h.target != ""
}

// first returns the value of the first field with that lower-case name, or "".
func (h *head) first(name string) string {
	if h.lengths&lengthBit(name) == 0 {
		return "" // most heads lack most of the names
	}
	for i := range h.fields {
		if f := &h.fields[i]; f.is(name) {
			return f.value
		}
	}
	return ""
}

func lengthBit(name string) uint64 { return 1 << min(len(name), 63) }

// all returns the values of all fields with that lower-case name.
func (h *head) all(name string) (values []string) {
	for i := range h.fields {
		if f := &h.fields[i]; f.is(name) {
			values = append(values, f.value)
		}
	}
	return values
}

func (f *field) is(name string) bool {
	return len(f.name) == len(name) && strings.EqualFold(f.name, name)
}

// hasToken reports whether a list such as Connection's contains the lower-case
// word.
func hasToken(list, word string) bool {
	for item := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.Trim(item, " \t"), word) {
			return true
		}
	}
	return false
}

// isToken reports whether s is a token of RFC 9110 §5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		if !tokenBytes[s[i]] {
			return false
		}
	}
	return s != ""
}

var tokenBytes = func() (set [256]bool) {
	for _, b := range []byte("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
		set[b] = true
	}
	return set
}()

// pathAndQuery returns the target's path and query, unchanged.
func pathAndQuery(target string) string {
	scheme, rest, ok := strings.Cut(target, "://") // the absolute form, RFC 9112 §3.2.2
	if !ok || strings.ContainsAny(scheme, "/?") {
		return target
	}
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		return rest[i:]
	}
	return target
}

// protocol returns the request's version if the server supports it; other words
// are a stranger's.
func (h *head) protocol() string {
	if h.version == http11 || h.version == http10 {
		return h.version
	}
	return ""
}
