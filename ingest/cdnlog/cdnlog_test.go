package cdnlog

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	agent  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \"quoted\""
	target = "/1.gif?subscriber=ada%2Bnews%40example.com&category=spring%20sale"
)

var at = time.Date(2026, 2, 10, 21, 4, 5, 0, time.UTC)

// want is the request that the lines below are of.
func want(edge Format) Request {
	return Request{
		At: at, Edge: edge, Method: "GET", Protocol: "HTTP/1.1", Target: target, UserAgent: agent, Referer: "https://mail.example/a b",
		Address: netip.MustParseAddr("203.0.113.7"),
	}
}

// parse reads the lines of one file and returns the requests among them.
func parse(t *testing.T, format Format, lines ...string) (all []Request) {
	t.Helper()
	p := NewParser(format)
	var repeats Repeats
	for _, line := range lines {
		var r Request
		switch err := p.Parse(&r, line); {
		case errors.Is(err, ErrDirective):
		case err != nil:
			t.Errorf("%v: %s", err, line)
		default:
			if r.ByLine {
				r.ID = repeats.ID(r.ID, line)
			}
			all = append(all, r)
		}
	}
	return all
}

const (
	fields = "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) " +
		"x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher " +
		"x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port"
	agentTwice = "Mozilla/5.0%2520(iPhone;%2520CPU%2520iPhone%2520OS%252018_5%2520like%2520Mac%2520OS%2520X)%2520AppleWebKit/605.1.15%2520%2522quoted%2522"
	queryTwice = "subscriber=ada%252Bnews%2540example.com&category=spring%2520sale"
	w3cLine    = "2026-02-10\t21:04:05\tFRA56-P4\t392\t203.0.113.7\tGET\td111111abcdef8.cloudfront.net\t/1.gif\t403\thttps://mail.example/a%20b\t" +
		agentTwice + "\t" + queryTwice + "\t-\tError\tabcREQUESTid==\tcdn.example\thttps\t23\t0.001\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tError\tHTTP/1.1\t-\t-\t11040"
	v2Line = `{"date":"2026-02-10","time":"21:04:05","x-edge-location":"FRA56-P4","sc-bytes":"392","c-ip":"203.0.113.7","cs-method":"GET",` +
		`"cs(Host)":"d1.cloudfront.net","cs-uri-stem":"/1.gif","sc-status":"403","cs(Referer)":"https://mail.example/a%20b","cs(User-Agent)":"` + agentTwice +
		`","cs-uri-query":"` + queryTwice + `","x-edge-request-id":"abcREQUESTid==","cs-protocol-version":"HTTP/1.1","timestamp(ms)":"1770757445123"}`
)

func TestEachFormatGivesTheRequest(t *testing.T) {
	quoted := strings.ReplaceAll(agent, `"`, `\"`)
	hexed := strings.ReplaceAll(agent, `"`, `\x22`)
	front := want(CloudFront)
	front.POP = "FRA56-P4"
	cloud := want(Cloudflare)
	cloud.POP, cloud.Country, cloud.ASNumber = "FRA", "DE", 3320
	named := want("server")
	for _, c := range []struct {
		name   string
		format Format
		lines  []string
		want   Request
	}{
		{"CloudFront, W3C", CloudFront, []string{"#Version: 1.0", fields, w3cLine}, front},
		{"CloudFront, W3C without its header", CloudFront, []string{w3cLine}, front},
		{"CloudFront, columns in another order", CloudFront, []string{
			"#Fields: time date cs-method c-ip cs-uri-query cs-uri-stem cs(User-Agent) cs(Referer) x-edge-location cs-protocol-version",
			"21:04:05\t2026-02-10\tGET\t203.0.113.7\t" + queryTwice + "\t/1.gif\t" + agentTwice + "\thttps://mail.example/a%20b\tFRA56-P4\tHTTP/1.1",
		}, front},
		{"CloudFront, JSON", CloudFront, []string{v2Line}, front},
		{
			"S3", S3,
			[]string{`79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be bucket [10/Feb/2026:21:04:05 +0000] 203.0.113.7 - 3E57427F3EXAMPLE ` +
				`REST.GET.OBJECT 1.gif "GET ` + target + ` HTTP/1.1" 200 - 43 43 7 6 "https://mail.example/a b" "` + agent + `" - s9lzHYrFp76ZVxRcpX9= SigV4 - - h TLSv1.2 - -`},
			want(S3),
		},
		{"nginx", Nginx, []string{`203.0.113.7 - - [10/Feb/2026:22:04:05 +0100] "GET ` + target + ` HTTP/1.1" 404 0 "https://mail.example/a b" "` + hexed + `"`}, want(Nginx)},
		{"nginx, with a forwarded address", Nginx, []string{`203.0.113.7 - - [10/Feb/2026:21:04:05 +0000] "GET ` + target +
			` HTTP/1.1" 404 0 "https://mail.example/a b" "` + hexed + `" "198.51.100.1"`}, want(Nginx)},
		{"Apache, virtual host", Apache, []string{`www.example.com:443 203.0.113.7 - ada [10/Feb/2026:21:04:05 +0000] "GET ` + target +
			` HTTP/1.1" 200 43 "https://mail.example/a b" "` + quoted + `"`}, want(Apache)},
		{"Fastly, behind a syslog header", Fastly, []string{`<134>2026-02-10T21:04:06Z cache-fra-eddf8230045 log[123]: 203.0.113.7 - - [10/Feb/2026:21:04:05 +0000] "GET ` +
			target + ` HTTP/1.1" 200 43 "https://mail.example/a b" "` + quoted + `"`}, want(Fastly)},
		{"Fastly, JSON", Fastly, []string{`{"timestamp":"2026-02-10T21:04:05+0000","client_ip":"203.0.113.7","host":"h","url":"` + target +
			`","request_method":"GET","request_protocol":"HTTP/1.1","request_referer":"https://mail.example/a b","request_user_agent":"` + quoted + `"}`}, want(Fastly)},
		{"nginx, JSON", Nginx, []string{`{"time_iso8601":"2026-02-10T22:04:05+01:00","remote_addr":"203.0.113.7","request":"GET ` + target +
			` HTTP/1.1","http_referer":"https://mail.example/a b","http_user_agent":"` + quoted + `"}`}, want(Nginx)},
		{"JSON of an operator's own", Auto, []string{`{"msec":"1770757445.000","ip":"203.0.113.7","method":"GET","path":"/1.gif","args":"` + target[len("/1.gif?"):] +
			`","proto":"HTTP/1.1","referrer":"https://mail.example/a b","ua":"` + quoted + `"}`}, named},
		{"Cloudflare", Cloudflare, []string{`{"ClientIP":"203.0.113.7","ClientRequestMethod":"GET","ClientRequestURI":"` + target + `","ClientRequestUserAgent":"` + quoted +
			`","ClientRequestReferer":"https://mail.example/a b","ClientRequestProtocol":"HTTP/1.1","ClientCountry":"de","ClientASN":3320,` +
			`"EdgeStartTimestamp":"2026-02-10T21:04:05Z","EdgeColoCode":"FRA","RayID":"8f"}`}, cloud},
		{"Cloudflare, nanoseconds", Cloudflare, []string{`{"ClientIP":"203.0.113.7","ClientRequestMethod":"GET","ClientRequestURI":"` + target + `","ClientRequestUserAgent":"` +
			quoted + `","ClientRequestReferer":"https://mail.example/a b","ClientRequestProtocol":"HTTP/1.1","ClientCountry":"de","ClientASN":3320,` +
			`"EdgeStartTimestamp":1770757445000000000,"EdgeColoCode":"FRA","RayID":"8f"}`}, cloud},
		{"Caddy", Caddy, []string{`{"level":"info","ts":1770757445.0,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"4",` +
			`"client_ip":"203.0.113.7","proto":"HTTP/1.1","method":"GET","host":"h","uri":"` + target + `","headers":{"Referer":["https://mail.example/a b"],` +
			`"User-Agent":["` + quoted + `"]}},"status":200}`}, want(Caddy)},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, format := range []Format{c.format, Auto} {
				got := parse(t, format, c.lines...)
				if len(got) != 1 {
					t.Fatalf("%s: %d requests", format, len(got))
				}
				if format == Auto && (c.want.Edge == Nginx || c.want.Edge == Apache || c.want.Edge == Fastly) {
					c.want.Edge = "server"
				}
				if diff := cmp.Diff(c.want, got[0], cmpopts.IgnoreFields(Request{}, "ID", "ByLine"), cmpopts.IgnoreUnexported(Request{}),
					cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
					t.Errorf("%s (-want +got):\n%s", format, diff)
				}
			}
		})
	}
}

func TestBothVersionsOfCloudFrontsLogAreOneEvent(t *testing.T) {
	a, b := parse(t, Auto, fields, w3cLine), parse(t, Auto, v2Line)
	if a[0].ID != b[0].ID || !a[0].At.Equal(b[0].At) {
		t.Errorf("%x %v and %x %v", a[0].ID, a[0].At, b[0].ID, b[0].At)
	}
}

// TestEqualLinesAreToldApartByTheirPlace has a log without request ids twice, and
// cut: no id is new, and none is lost.
func TestEqualLinesAreToldApartByTheirPlace(t *testing.T) {
	line := `203.0.113.7 - - [10/Feb/2026:21:04:05 +0000] "GET /1.gif?m=%d HTTP/1.1" 200 43 "-" "x"`
	var file []string
	for i := range 1000 {
		file = append(file, strings.Replace(line, "%d", strings.Repeat("a", i%7), 1))
	}
	ids := map[[16]byte]bool{}
	for _, r := range parse(t, Auto, file...) {
		ids[r.ID] = true
	}
	if len(ids) != len(file) {
		t.Errorf("%d ids of %d requests", len(ids), len(file))
	}
	for _, part := range [][]string{file, file[:300], file[300:]} {
		for _, r := range parse(t, Auto, part...) {
			if !ids[r.ID] {
				t.Fatal("a copy of the log gave an id of its own")
			}
		}
	}
}

func TestUnknownColumnsAreNamed(t *testing.T) {
	p := NewParser(Auto)
	var r Request
	for line, want := range map[string]error{w3cLine: nil, "2026-02-10\t21:04:05\tx\ty": ErrColumns} {
		p.Pass("#Fields: date time x-what cs(Secret)")
		if want == nil {
			p.Pass(fields) // of the next file in the same stream
		}
		if err := p.Parse(&r, line); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

func TestParametersOfAQuery(t *testing.T) {
	for target, want := range map[string]string{
		"/1.gif?s=ada%2Bx%40example.com": "ada+x@example.com",
		"/1.gif?a=1&s=two+words":         "two words",
		"/1.gif?s=100%":                  "100%",
		"/1.gif?%73=x&s=y":               "x",
		"/1.gif?s":                       "",
		"/1.gif?a=1&amp;s=x":             "x",
		"/1.gif?a=1&amp;amp;s=x&amp;b=2": "x",
		"/1.gif?s=3Dx&a=3D1":             "x",
		"/1.gif?s=3Dprint&a=1":           "3Dprint",
		"/1.gif?s=3Dprint":               "3Dprint",
	} {
		if got, ok := Param(target, "s"); !ok || got != want {
			t.Errorf("%s: %q, %t", target, got, ok)
		}
	}
	if _, ok := Param("/s=x", "s"); ok {
		t.Error("a parameter of the path")
	}
}

func TestWhatIsNoRequestIsNamed(t *testing.T) {
	for line, want := range map[string]error{
		"hello":                     ErrForm,
		"{":                         ErrJSON,
		`{"a":1}`:                   ErrTime,
		"2026-02-10\t21:04:05\tFRA": ErrFields,
		strings.Replace(w3cLine, "21:", "25:", 1):                               ErrTime,
		`203.0.113.7 - - [10/Feb/2026:21:04:05 +0000] "-" 400 0 "-" "-"`:        ErrTarget,
		`203.0.113.7 - - [10/Feb/2026:21:04:05 +0000] "\x16\x03\x01" 400 0 "-"`: ErrTarget,
		`203.0.113.7 - - [99/Feb/2026:21:04:05 +0000] "GET / HTTP/1.1" 200 0`:   ErrTime,
		"#Software: x":               ErrDirective,
		strings.Repeat("x", 1<<16+1): ErrTooLong,
	} {
		var r Request
		if err := NewParser(Auto).Parse(&r, line); !errors.Is(err, want) {
			t.Errorf("%.80s: %v, want %v", line, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(w3cLine)
	f.Add(v2Line)
	f.Add(`203.0.113.7 - - [10/Feb/2026:21:04:05 +0000] "GET / HTTP/1.1" 200 0 "-" "\x"`)
	f.Add(`{"request":{"headers":{"User-Agent":["a\"`)
	f.Fuzz(func(t *testing.T, line string) {
		var r Request
		if err := NewParser(Auto).Parse(&r, line); err == nil && (r.At.IsZero() || !strings.HasPrefix(r.Target, "/")) {
			t.Errorf("a request without time or path: %+v", r)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, line := range map[string]string{"w3c": w3cLine, "json": v2Line} {
		b.Run(name, func(b *testing.B) {
			p := NewParser(Auto)
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				var r Request
				if err := p.Parse(&r, line); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
