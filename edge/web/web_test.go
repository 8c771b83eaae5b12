package web

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAViewKeepsHostAndPath(t *testing.T) {
	const fromHeader = "https://user:pass@Docs.Example.com:8443/a/b?q=secret&utm_source=news&UTM_Campaign=spring+sale&utm_source=x#top"
	kept := map[string]any{"page_host": "docs.example.com", "page_path": "/a/b", "utm_source": "news", "utm_campaign": "spring sale"}
	with := func(more map[string]any) map[string]any {
		all := map[string]any{}
		for _, m := range []map[string]any{kept, more} {
			for k, v := range m {
				all[k] = v
			}
		}
		return all
	}
	for _, c := range []struct {
		name, target, referer string
		want                  map[string]any
	}{
		{"the header alone", "/p.gif", fromHeader, kept},
		{"a site", "/p.gif?site=docs", fromHeader, with(map[string]any{"site": "docs"})},
		{
			"parameters", "/p.gif?site=docs&title=Hello+W%C3%B6rld&page=" + escape(fromHeader) + "&referrer=" + escape("https://search.example/find?q=x"), "https://other.example/",
			with(map[string]any{"site": "docs", "title": "Hello Wörld", "referrer_host": "search.example", "referrer_path": "/find"}),
		},
		{
			"short names", "/p.png?s=docs&t=T&p=" + escape(fromHeader) + "&r=" + escape("http://a.example"), "",
			with(map[string]any{"site": "docs", "title": "T", "referrer_host": "a.example", "referrer_path": "/"}),
		},
		{"a path", "/p.gif?s=docs&p=%2Fa%3Fx%3D1", "", map[string]any{"site": "docs", "page_path": "/a"}},
		{"no address", "/p.gif?p=javascript%3Aalert(1)&r=data%3A%2F%2Fx", "", map[string]any{}},
		{"nothing", "/p.gif", "", map[string]any{}},
		{"hostile bytes", "/p.gif?s=%00%22%5C%ff", "", map[string]any{"site": "\x00\"\\\ufffd"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := View(c.target, c.referer, "", false)
			var got map[string]any
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatal(err, text)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	if text := View("/p.gif?s="+strings.Repeat("ä", 5000)+"&p=https://"+strings.Repeat("x.", 500)+"/"+strings.Repeat("y", 9000), "", "", false); len(text) > 2500 {
		t.Errorf("an object of %d bytes", len(text))
	}
}

func escape(s string) string {
	return strings.NewReplacer("%", "%25", "&", "%26", "+", "%2B", "#", "%23", "=", "%3D").Replace(s)
}

func sites(t *testing.T) *Sites {
	t.Helper()
	s, err := ParseSites("docs=https://docs.example.com,http://localhost:8000\nshop=https://shop.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	return &s
}

func TestPostsAreAnsweredByTheirOrigin(t *testing.T) {
	const event = `{"site":"docs","name":"signup","page":"https://docs.example.com/a?b","properties":{"plan":"pro","n":1.5,"ok":true,"none":null},"at":"2026-02-10T21:04:05Z"}`
	many := "[" + strings.TrimSuffix(strings.Repeat(`{"site":"docs","name":"x"},`, 100), ",") + "]"
	const docs = "https://docs.example.com"
	for _, c := range []struct {
		name   string
		p      Post
		status int
		events int
	}{
		{"an event", Post{Method: "POST", Origin: docs, ContentType: "application/json", Body: event}, 204, 1},
		{"by sendBeacon", Post{Method: "POST", Origin: docs, ContentType: "text/plain;charset=UTF-8", Body: event}, 204, 1},
		{"a list", Post{Method: "POST", Origin: docs, Body: "[" + event + " , " + event + "]"}, 204, 2},
		{"a hundred", Post{Method: "POST", Origin: docs, Body: many}, 204, 100},
		{"one more", Post{Method: "POST", Origin: docs, Body: strings.Replace(many, "[", `[{"site":"docs","name":"x"},`, 1)}, 400, 0},
		{"origin in capitals", Post{Method: "POST", Origin: "HTTPS://Docs.example.com", Body: event}, 204, 1},
		{"another port", Post{Method: "POST", Origin: docs + ":444", Body: event}, 403, 0},
		{"a site of another origin", Post{Method: "POST", Origin: docs, Body: `{"site":"shop","name":"x"}`}, 403, 0},
		{"no such site", Post{Method: "POST", Origin: docs, Body: `{"site":"x","name":"x"}`}, 403, 0},
		{"no origin", Post{Method: "POST", Body: event}, 403, 0},
		{"origin null", Post{Method: "POST", Origin: "null", Body: event}, 403, 0},
		{"a server", Post{Method: "POST", Authorization: "Bearer secret", Body: event}, 204, 1},
		{"a wrong token", Post{Method: "POST", Origin: docs, Authorization: "Bearer wrong", Body: event}, 401, 0},
		{"preflight", Post{Method: "OPTIONS", Origin: docs}, 204, 0},
		{"preflight of others", Post{Method: "OPTIONS", Origin: "https://evil.example"}, 403, 0},
		{"GET", Post{Method: "GET", Origin: docs}, 405, 0},
		{"a form", Post{Method: "POST", Origin: docs, ContentType: "application/x-www-form-urlencoded", Body: "a=b"}, 415, 0},
		{"large", Post{Method: "POST", Origin: docs, Body: "{", TooLarge: true}, 413, 0},
		{"empty", Post{Method: "POST", Origin: docs}, 400, 0},
		{"an empty list", Post{Method: "POST", Origin: docs, Body: "[]"}, 400, 0},
		{"a list that does not end", Post{Method: "POST", Origin: docs, Body: "[" + event}, 400, 0},
		{"no name", Post{Method: "POST", Origin: docs, Body: `{"site":"docs"}`}, 400, 0},
		{"a name that is none", Post{Method: "POST", Origin: docs, Body: `{"site":"docs","name":1}`}, 400, 0},
		{"a long name", Post{Method: "POST", Origin: docs, Body: `{"site":"docs","name":"` + strings.Repeat("x", 101) + `"}`}, 400, 0},
		{"nested properties", Post{Method: "POST", Origin: docs, Body: `{"site":"docs","name":"x","properties":{"a":[1]}}`}, 400, 0},
		{"many properties", Post{Method: "POST", Origin: docs, Body: `{"site":"docs","name":"x","properties":{` + strings.TrimSuffix(strings.Repeat(`"a":1,`, 33), ",") + `}}`}, 400, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := Handle(&c.p, sites(t), "secret")
			if a.Status != c.status || len(a.Events) != c.events {
				t.Fatalf("%d with %d events, want %d with %d: %s", a.Status, len(a.Events), c.status, c.events, a.Body)
			}
			if a.Status >= 400 && !json.Valid([]byte(a.Body)) || a.Status == 204 && a.Body != "" {
				t.Errorf("body %q", a.Body)
			}
			headers := map[string]string{}
			a.EachHeader(func(name, value string) { headers[name] = value })
			if headers["Vary"] != "Origin" || headers["Access-Control-Allow-Origin"] == "*" || headers["Access-Control-Allow-Credentials"] != "" {
				t.Errorf("headers %v", headers)
			}
			for i := range a.Events {
				if text := a.Events[i].Object("", a.Certain); !json.Valid([]byte(text)) {
					t.Errorf("object %s", text)
				}
			}
		})
	}
	a := Handle(&Post{Method: "POST", Authorization: "Bearer ", Body: event}, sites(t), "")
	if a.Status != 401 {
		t.Errorf("without a token of ours: %d", a.Status)
	}
}

func TestSitesAreChecked(t *testing.T) {
	for _, text := range []string{"docs", "=https://a.example", "docs=", "docs=*", "docs=https://*.example.com", "docs=https://a.example/path", "docs=ftp://a.example"} {
		var s Sites
		if s.Add(text) == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func TestAVisitorIsKnownForADay(t *testing.T) {
	day := time.Date(2026, 3, 4, 23, 59, 59, 0, time.UTC)
	a := netip.MustParseAddr("203.0.113.7")
	first := Visitor([]byte("secret"), day, "docs", a, "agent")
	if len(first) != 16 || Visitor([]byte("secret"), day.Add(-23*time.Hour), "docs", a, "agent") != first {
		t.Errorf("visitor %q", first)
	}
	for name, other := range map[string]string{
		"day": Visitor([]byte("secret"), day.Add(time.Second), "docs", a, "agent"), "site": Visitor([]byte("secret"), day, "shop", a, "agent"),
		"address": Visitor([]byte("secret"), day, "docs", a.Next(), "agent"), "agent": Visitor([]byte("secret"), day, "docs", a, "agent2"),
		"secret": Visitor([]byte("secret2"), day, "docs", a, "agent"),
	} {
		if other == first {
			t.Errorf("another %s is the same visitor", name)
		}
	}
	if Visitor(nil, day, "docs", a, "agent") != "" || Visitor([]byte("s"), day, "docs", netip.Addr{}, "agent") != "" {
		t.Error("a visitor without secret or address")
	}
}

func FuzzParseEvents(f *testing.F) {
	f.Add(`[{"site":"docs","name":"x","properties":{"a":"\u0000"}},{}]`)
	f.Add(`{"site":"docs","name":"x","page":"https://[::1]:9/a?utm_term=%zz"}`)
	f.Fuzz(func(t *testing.T, body string) {
		events, err := ParseEvents(body)
		if err == nil && (len(events) == 0 || len(events) > maxEvents) {
			t.Fatalf("%d events", len(events))
		}
		for i := range events {
			if text := events[i].Object("0123456789abcdef", true); len(text) > 4000 || !json.Valid([]byte(text)) {
				t.Errorf("object %s", text)
			}
		}
	})
}
