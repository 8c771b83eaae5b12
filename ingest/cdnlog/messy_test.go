package cdnlog

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// brief returns the facts of a request that a test compares.
func brief(r *Request) string {
	return fmt.Sprintf("%s %s %s from %v by %q, referer %q", r.At.Format("15:04:05.000"), r.Method, r.Target, r.Address, r.UserAgent, r.Referer)
}

// TestLinesAsOperatorsConfigureThem has formats with other fields, orders and
// wrappers than the documented ones.
func TestLinesAsOperatorsConfigureThem(t *testing.T) {
	const plain = `203.0.113.7 - - [10/Feb/2026:21:04:05 +0000] "GET /o/x.gif HTTP/1.1" 200 43 "-" "a b"`
	const want = `21:04:05.000 GET /o/x.gif from 203.0.113.7 by "a b", referer ""`
	for name, line := range map[string]string{
		"combined":                   plain,
		"a byte order mark":          "\ufeff" + plain,
		"a carriage return":          plain + "\r",
		"a virtual host":             "px.example.com:443 " + plain,
		"a syslog header":            "<190>Feb 10 21:04:05 web nginx[12]: " + plain,
		"a container's header":       "2026-02-10T21:04:05.5Z stdout F " + plain,
		"the time of the request":    strings.Replace(plain, "43 ", "43 0.001 ", 1),
		"times and hosts before":     strings.Replace(plain, `"GET`, `0.001 "px.example.com" 17 "GET`, 1),
		"the agent before the page":  strings.Replace(plain, `"-" "a b"`, `"a b" "-"`, 1),
		"the agent only":             strings.Replace(plain, `"-" "a b"`, `"a b"`, 1),
		"an address at the end":      plain + ` "198.51.100.9"`,
		"a list of addresses":        "203.0.113.7, 10.0.0.1, " + strings.Replace(plain, "203.0.113.7", "198.51.100.9", 1),
		"a list that begins private": "192.168.1.4, 203.0.113.7, " + strings.Replace(plain, "203.0.113.7", "198.51.100.9", 1),
		"a time of ISO 8601":         strings.Replace(plain, "10/Feb/2026:21:04:05 +0000", "2026-02-10T22:04:05+01:00", 1),
		"a name with blanks":         strings.Replace(plain, "- - [", "- Ada L [", 1),
		"a whole URL":                strings.Replace(plain, "/o/x.gif", "https://px.example.com/o/x.gif", 1),
		"an object behind a header":  `<134>2026-02-10T21:04:05Z cache-fra mylog[1]: {"timestamp":"2026-02-10T21:04:05Z","client_ip":"203.0.113.7","url":"/o/x.gif","request_method":"GET","user_agent":"a b"}`,
		"an object in a list":        `{"time":"2026-02-10T21:04:05Z","client_ip":"203.0.113.7","request":"GET /o/x.gif HTTP/1.1","user_agent":"a b"},`,
		"a container's object":       `{"log":"203.0.113.7 - - [10/Feb/2026:21:04:05 +0000] \"GET /o/x.gif HTTP/1.1\" 200 43 \"-\" \"a b\"\n","stream":"stdout","time":"2026-02-10T21:04:09.1Z"}`,
		"an object in an object":     `{"log":"{\"ts\":1770757445,\"ip\":\"203.0.113.7\",\"method\":\"get\",\"path\":\"/o/x.gif\",\"ua\":\"a b\"}\n","stream":"stdout"}`,
		"names in camel case":        `{"time":"2026-02-10T21:04:05Z","remoteAddr":"203.0.113.7:4711","requestMethod":"GET","requestUri":"/o/x.gif","userAgent":"a b"}`,
		"names with dots":            `{"@timestamp":"2026-02-10T21:04:05Z","client.ip":"203.0.113.7","http.method":"GET","url.path":"/o/x.gif","user.agent":"a b"}`,
		"a load balancer's object":   `{"timestamp":"2026-02-10T21:04:05Z","httpRequest":{"remoteIp":"203.0.113.7","requestMethod":"GET","requestUrl":"https://px.example.com/o/x.gif","userAgent":"a b"}}`,
		"a method called request":    `{"time_start":"2026-02-10T21:04:05Z","client_ip":"203.0.113.7","request":"GET","url":"/o/x.gif","user_agent":"a b"}`,
		"no method":                  `{"time_start":"2026-02-10T21:04:05Z","client_ip":"203.0.113.7","url":"/o/x.gif","user_agent":"a b"}`,
		"the time as one number":     `{"timestamp(ms)":"1770757445123","c-ip":"203.0.113.7","cs-method":"GET","cs-uri-stem":"/o/x.gif","cs(User-Agent)":"a%20b"}`,
	} {
		var r Request
		if err := NewParser(Auto).Parse(&r, line); err != nil || brief(&r) != want {
			t.Errorf("%s: %s, %v; want %s", name, brief(&r), err, want)
		}
	}
	for line, want := range map[string]error{
		"[": ErrDirective, "]": ErrDirective,
		`203.0.113.7 - - [10/Feb/2026:21:04:05 +0000] "-" 408 0 "-" "Mozilla/5.0 (compatible; http://x.example/)"`: ErrTarget,
		`{"log":"{\"log\":\"{}\"}","time":"2026-02-10T21:04:05Z"}`:                                                 ErrTarget,
		`{"log":"started","time":"2026-02-10T21:04:05Z"}`:                                                          ErrForm,
		"203.0.113.7 {no object}": ErrJSON,
	} {
		var r Request
		if err := NewParser(Auto).Parse(&r, line); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", line, err, want)
		}
	}
}

// TestColumnsOfOtherW3CLogs has directives with other columns than CloudFront's.
func TestColumnsOfOtherW3CLogs(t *testing.T) {
	for name, lines := range map[string]string{
		"the clock first": "#Fields: time date cs-method c-ip cs-uri-stem cs(User-Agent)\n21:04:05\t2026-02-10\tGET\t203.0.113.7\t/o/x.gif\ta%20b",
		"one number":      "\ufeff#Fields: timestamp c-ip cs-method cs-uri-stem cs(User-Agent)\n1770757445.123\t203.0.113.7\tGET\t/o/x.gif\ta%20b",
		"IIS":             "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status\n2026-02-10 21:04:05 10.0.0.1 GET /o/x.gif - 203.0.113.7 a+b 200",
		"all three":       "#Fields: date time timestamp c-ip cs-method cs-uri-stem cs(User-Agent)\n2026-02-10\t21:04:05\t1770757400.123\t203.0.113.7\tGET\t/o/x.gif\ta%20b",
	} {
		p := NewParser(Auto)
		var r Request
		var err error
		for line := range strings.SplitSeq(lines, "\n") {
			err = p.Parse(&r, line)
		}
		if want := `21:04:05.000 GET /o/x.gif from 203.0.113.7 by "a b", referer ""`; err != nil || brief(&r) != want || r.At != at.Truncate(time.Second) {
			t.Errorf("%s: %s, %v; want %s", name, brief(&r), err, want)
		}
	}
}
