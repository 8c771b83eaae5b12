package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"

// TestPageViewsAndEvents goes from the web pixel and POST /e to the views.
func TestPageViewsAndEvents(t *testing.T) {
	i := up(t, newHome(t), "--site", "docs=https://docs.example.com", "--site", "shop=https://shop.example.com,http://localhost:3000")
	get := func(target, referer, agent string) {
		t.Helper()
		r, _ := http.NewRequest(http.MethodGet, i.pixel+target, nil)
		r.Header.Set("User-Agent", agent)
		r.Header.Set("Accept-Language", "en")
		if referer != "" {
			r.Header.Set("Referer", referer)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "image/gif" || answer.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %s, %v", target, answer.Status, answer.Header)
		}
	}
	for range 3 {
		get("/p.gif?site=docs", "https://docs.example.com/start?secret=1&utm_source=mail&utm_campaign=spring", browser)
	}
	get("/p.gif?s=docs&p=https%3A%2F%2Fdocs.example.com%2Fend&r=https%3A%2F%2Fsearch.example%2Fq%3Fx", "", browser+" x")
	get("/p.gif?site=docs", "https://docs.example.com/start", "Googlebot/2.1 (+http://www.google.com/bot.html)")
	get("/p.gif?site=nobodys", "https://nobody.example/", browser)

	post := func(method, origin, token, body string) int {
		t.Helper()
		r, _ := http.NewRequest(method, i.pixel+"/e", strings.NewReader(body))
		r.Header.Set("User-Agent", browser)
		r.Header.Set("Accept-Language", "en")
		r.Header.Set("Content-Type", "text/plain")
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if allow := answer.Header.Get("Access-Control-Allow-Origin"); allow != "" && allow != origin || answer.Header.Get("Vary") != "Origin" {
			t.Errorf("%s from %s is allowed for %q: %v", method, origin, allow, answer.Header)
		}
		return answer.StatusCode
	}
	secrets, err := os.ReadFile(filepath.Join(i.home, "web.env"))
	if err != nil {
		t.Fatal(err)
	}
	token := regexp.MustCompile(`GLINT_EVENTS_TOKEN=(\w+)`).FindStringSubmatch(string(secrets))[1]
	messages := register(t, i, i.pixel, "token", 3)
	signed := regexp.MustCompile(`/o/([\w-]+)\.gif`).FindStringSubmatch(messages[0].url)[1]
	for _, c := range []struct {
		method, origin, token, body string
		want                        int
	}{
		{"OPTIONS", "http://localhost:3000", "", "", 204},
		{"OPTIONS", "https://evil.example", "", "", 403},
		{"POST", "http://localhost:3000", "", `{"site":"shop","name":"bought","properties":{"plan":"pro"}}`, 204},
		{"POST", "http://localhost:3000", "", `[{"site":"shop","name":"bought","properties":{"plan":"free"}},{"site":"shop","name":"left"}]`, 204},
		{"POST", "", token, fmt.Sprintf(`{"site":"shop","name":"bought","token":%q}`, signed), 204},
		{"POST", "https://docs.example.com", "", `{"site":"shop","name":"bought"}`, 403},
		{"POST", "", "wrong", `{"site":"shop","name":"bought"}`, 401},
		{"POST", "http://localhost:3000", "", `{"site":"shop"}`, 400},
		{"POST", "http://localhost:3000", "", strings.Repeat(" ", 70_000), 413},
		{"PUT", "http://localhost:3000", "", "", 405},
	} {
		if got := post(c.method, c.origin, c.token, c.body); got != c.want {
			t.Errorf("%s from %q with %.60s: %d, want %d", c.method, c.origin, c.body, got, c.want)
		}
	}
	for sql, want := range map[string]string{
		"SELECT site, sum(views), sum(visitors), sum(machine_views) FROM page_views GROUP BY site ORDER BY site FORMAT TSV":           "\t1\t1\t0\ndocs\t4\t2\t1\n",
		"SELECT page_path, views, visitors FROM top_pages WHERE site = 'docs' ORDER BY page_path FORMAT TSV":                          "/end\t1\t1\n/start\t3\t1\n",
		"SELECT referrer_host, referrer_path, views FROM top_referrers WHERE site = 'docs' ORDER BY referrer_host FORMAT TSV":         "\t\t3\nsearch.example\t/q\t1\n",
		"SELECT utm_source, utm_campaign, views FROM web_campaigns FORMAT TSV":                                                        "mail\tspring\t3\n",
		"SELECT name, sum(events), sum(certain_events) FROM custom_events WHERE site = 'shop' GROUP BY name ORDER BY name FORMAT TSV": "bought\t3\t1\nleft\t1\t0\n",
		"SELECT property, value, events FROM custom_event_properties WHERE name = 'bought' ORDER BY value FORMAT TSV":                 "plan\tfree\t1\nplan\tpro\t1\n",
	} {
		got := ""
		eventually(t, sql, func() bool {
			got = query(t, i, sql)
			return got == want || got == strings.TrimSuffix(want, "\n")
		})
		if t.Failed() {
			t.Logf("got %q", got)
		}
	}
	if out := i.must(t, "audit"); !strings.Contains(out, "accounted for") {
		t.Errorf("audit:\n%s", out)
	}
}
