package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"glint/cli/internal/report/browsertest"
)

// TestTheLivePageShowsAllThatComes opens the live page in a real browser, then requests
// images and posts events: all come to the page, and to the terminal.
func TestTheLivePageShowsAllThatComes(t *testing.T) {
	i := up(t, newHome(t), "--site", "shop=https://shop.example.com", "--web-listen", "127.0.0.1:0")
	messages := register(t, i, i.pixel, "token", 3)
	ask := func(method, address, agent, body string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("User-Agent", agent)
		r.Header.Set("Accept-Language", "en")
		r.Header.Set("Origin", "https://shop.example.com")
		r.Header.Set("Content-Type", "text/plain")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode >= 300 {
			t.Fatalf("%s %s: %s", method, address, answer.Status)
		}
	}
	const page = "&page=https%3A%2F%2Fshop.example.com%2F"
	const hostile = "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E"
	ask("GET", i.pixel+"/p.gif?site=shop"+page+"before", browser, "") // before the page is opened

	ctx := browsertest.Browser(t)
	var witness browsertest.Witness
	link := strings.TrimSpace(i.must(t, "web", "--role", "viewer"))
	base, _, _ := strings.Cut(link, "/sign-in/")
	witness.Listen(ctx, func(url string) bool { return strings.HasPrefix(url, base+"/") })
	if err := chromedp.Run(ctx, chromedp.Navigate(link), chromedp.Navigate(base+"/live")); err != nil {
		t.Fatal(err)
	}
	shows := func(selector string, wanted ...string) {
		t.Helper()
		var text string
		for late := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
			err := chromedp.Run(ctx, chromedp.Evaluate(`document.querySelector("`+selector+`")?.textContent ?? ""`, &text))
			missing := err != nil
			for _, want := range wanted {
				missing = missing || !strings.Contains(text, want)
			}
			if !missing {
				return
			}
			if time.Now().After(late) {
				t.Fatalf("%s lacks one of %q: %q, %v", selector, wanted, text, err)
			}
		}
	}
	shows(".lead", "1 page view,")
	ask("GET", messages[0].url, browser, "")
	for range 3 {
		ask("GET", i.pixel+"/p.gif?site=shop"+page+"pricing&referrer=https%3A%2F%2Fsearch.example%2Fq", browser, "")
	}
	ask("GET", i.pixel+"/p.gif?site=shop"+page+hostile, browser, "")
	ask("GET", i.pixel+"/p.gif?site=shop"+page+"crawled", "Googlebot/2.1 (+http://www.google.com/bot.html)", "")
	ask("POST", i.pixel+"/e", browser, `[{"site":"shop","name":"signup"},{"site":"shop","name":"<b>bold</b>"}]`)
	shows(".lead", "1 open in the last hour", "5 page views, 2 events")
	shows("#pages tbody", "shop.example.com/pricing", "shop.example.com/before")
	shows("#referrers tbody", "search.example/q")
	shows("#visited tbody", "event signup", "event <b>bold</b>", "crawled–shopmachine")
	shows("#opened tbody", "person", "Firefox")
	shows("#webhours", "page views 5", "events 2", "by machines 1")
	var markup bool
	if err := chromedp.Run(ctx, chromedp.Evaluate(`document.querySelector("main b, main img") !== null || document.querySelector("#pages tbody").textContent.includes("crawled")`, &markup)); err != nil || markup {
		t.Errorf("the page has markup of strangers, or a machine's page in its list: %v", err)
	}
	if said := witness.Said(); len(said) > 0 {
		t.Errorf("the page did what it must not: %q", said)
	}
	eventually(t, "the same in the terminal", func() bool {
		text := i.must(t, "live", "--once")
		for _, want := range []string{"1 open in the last hour", "5 page views, 2 events", "TOP PAGES", "shop.example.com/pricing", "signup", "search.example/q"} {
			if !strings.Contains(text, want) {
				return false
			}
		}
		return !strings.Contains(text, "\x1b")
	})
}
