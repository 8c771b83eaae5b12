package pixelserver

import (
	"bytes"
	"strings"
	"unsafe"
)

// head is a request without its body. Its strings are parts of the buffer that it
// was read into, and so are good until the answer is given.
type head struct {
	method  string
	target  string
	version string // HTTP/1.1, HTTP/1.0, or whatever there was
	fields  []field
	lengths uint64 // a bit for each length that a field's name has
	keep    bool   // another request may follow on the connection
	cut     bool   // there was more of it, which was not read
}

// field is a header line: the name as it came, the value without blanks around.
type field struct{ name, value string }

// headEnd returns where the first head in b ends, behind an empty line; if it
// is not whole yet, the end of b.
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

// parse reads a head leniently and reports whether it is a request at all. What
// RFC 9112 does not allow is read all the same, but ends the connection behind
// the answer, as a body does: where the next request begins would be a guess.
func (h *head) parse(raw []byte) bool {
	text := unsafe.String(unsafe.SliceData(raw), len(raw)) // nobody writes to raw meanwhile
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
			continue // no header line, or the rest of one
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

// requestLine reads the first line: the target may hold blanks and any other
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

// first returns the value of the first field of a name in lower case, or "".
func (h *head) first(name string) string {
	if h.lengths&lengthBit(name) == 0 {
		return "" // most of the names that are looked for are in few heads
	}
	for i := range h.fields {
		if f := &h.fields[i]; f.is(name) {
			return f.value
		}
	}
	return ""
}

func lengthBit(name string) uint64 { return 1 << min(len(name), 63) }

// all returns the values of all fields of a name in lower case.
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

// hasToken looks for a word in lower case in a list such as that of Connection.
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

// pathAndQuery is the target's path and query as they came, escapes and all.
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

// protocol is the request's version if it is one that the server speaks; any
// other word is a stranger's.
func (h *head) protocol() string {
	if h.version == http11 || h.version == http10 {
		return h.version
	}
	return ""
}
