package web

import (
	"context"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"glint/cli/internal/report/browsertest"
)

var shots = flag.String("shots", "", "folder to write pictures of the pages to")

// tab opens a tab that may connect only to the world's server.
func tab(browser context.Context, t *testing.T, w *world) context.Context {
	t.Helper()
	ctx, shut := chromedp.NewContext(browser)
	t.Cleanup(shut)
	var witness browsertest.Witness
	witness.Listen(ctx, func(url string) bool { return strings.HasPrefix(url, w.URL()+"/") })
	t.Cleanup(func() {
		for _, said := range witness.Said() {
			if !strings.Contains(said, "the server responded with a status of 40") { // of a page that is not there, or not for all
				t.Errorf("a page did what it must not: %s", said)
			}
		}
	})
	do(ctx, t, log.Enable(), runtime.Enable(), network.Enable())
	return ctx
}

func do(ctx context.Context, t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// is waits until an expression of the page is true. While a page gives way to
// another one there is nothing to ask.
func is(ctx context.Context, t *testing.T, expression string) {
	t.Helper()
	for late := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		var yes bool
		err := chromedp.Run(ctx, chromedp.Evaluate(expression, &yes))
		if err == nil && yes {
			return
		}
		if time.Now().After(late) {
			var page string
			_ = chromedp.Run(ctx, chromedp.Text("body", &page))
			t.Fatalf("%s: %v, in %.600s", expression, err, page)
		}
	}
}

// press presses Tab until the focus is on what a selector finds, and then Enter.
func press(ctx context.Context, t *testing.T, selector string) {
	t.Helper()
	for range 80 {
		var there, seen bool
		do(ctx, t, chromedp.KeyEvent(kb.Tab),
			chromedp.Evaluate(`document.activeElement?.matches(`+"`"+selector+"`"+`) ?? false`, &there),
			chromedp.Evaluate(`!document.activeElement || document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle !== "none"`, &seen))
		if !seen {
			t.Error("a focus does not show")
		}
		if there {
			do(ctx, t, chromedp.KeyEvent(kb.Enter))
			return
		}
	}
	t.Fatalf("no Tab reaches %s", selector)
}

func TestPagesInABrowser(t *testing.T) {
	browser := browsertest.Browser(t)
	w := newWorld(t)
	t.Run("by the keyboard alone", func(t *testing.T) { byKeyboard(tab(browser, t, w), t, w) })
	t.Run("live", func(t *testing.T) { liveInABrowser(tab(browser, t, w), t, w) })
	fillLive(w)
	w.pass(3 * time.Second) // no view from before is fresh
	for _, look := range []struct {
		name          string
		width, height int64
		scheme        string
	}{{"wide", 1280, 900, "light"}, {"dark", 1280, 900, "dark"}, {"phone", 320, 640, "light"}, {"phone-dark", 320, 640, "dark"}} {
		t.Run(look.name, func(t *testing.T) {
			ctx := tab(browser, t, w)
			do(ctx, t, chromedp.EmulateViewport(look.width, look.height),
				emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}),
				chromedp.Navigate(w.URL()+w.link(Owner)))
			for name, path := range map[string]string{
				"campaigns": "/", "campaign": "/campaigns/1", "recipients": "/campaigns/1/recipients?list=all&page=2", "live": "/live", "missing": "/x",
			} {
				looks(ctx, t, w.URL()+path, name+"-"+look.name+".png")
			}
		})
	}
}

// fillLive stores a week of opens, views and events.
func fillLive(w *world) {
	now := w.clock()
	for n := range 7 * 24 * 30 {
		at := now.Add(-time.Duration(n) * 2 * time.Minute)
		many := 1 + (n*n+n/30*7)%13
		old := append(opens(many, 1, at), append(opens(many/3, 0, at), opens(many/4, 5, at)...)...)
		seen := append(visits(2*many, "", "/pricing", at), append(visits(many%5, "signup", "/", at), visits(many%4, "", "/docs/a/very/long/path/that/nobody/ever/shortens/and/goes/on", at)...)...)
		for i := range seen {
			seen[i].ReferrerPath = "/q"
			if i%5 == 4 {
				seen[i].Class, seen[i].Client = 5, "Googlebot"
			}
		}
		for i := range old {
			old[i].ReceivedAt = now
		}
		for i := range seen {
			seen[i].ReceivedAt = now
		}
		w.Live().Stored(old, seen)
	}
	w.Live().Stored(opens(3, 3, now), visits(2, "bought"+hostile, "/"+hostile, now))
}

// looks checks that a page fits and can be read.
func looks(ctx context.Context, t *testing.T, address, picture string) {
	t.Helper()
	var tooWide int
	var faint []string
	do(ctx, t, chromedp.Navigate(address), chromedp.WaitReady("main"),
		chromedp.Evaluate(`Math.max(0, document.documentElement.scrollWidth - innerWidth)`, &tooWide),
		chromedp.Evaluate(browsertest.FaintText, &faint))
	if tooWide > 0 || len(faint) > 0 {
		t.Errorf("%s: %d pixels too wide, text with a contrast below 4.5: %q", address, tooWide, faint)
	}
	if *shots != "" {
		var png []byte
		do(ctx, t, chromedp.FullScreenshot(&png, 100))
		if err := os.WriteFile(filepath.Join(*shots, picture), png, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func byKeyboard(ctx context.Context, t *testing.T, w *world) {
	do(ctx, t, chromedp.Navigate(w.URL()+w.link(Owner)))
	is(ctx, t, `location.pathname === "/" && document.cookie === ""`)
	press(ctx, t, "a.skip")
	is(ctx, t, `location.hash === "#main"`)
	press(ctx, t, `a[href="/campaigns/1"]`)
	is(ctx, t, `location.pathname === "/campaigns/1"`)
	press(ctx, t, `a[href="/campaigns/1/recipients?list=all"]`)
	is(ctx, t, `location.pathname === "/campaigns/1/recipients" && document.querySelectorAll("tbody tr").length === 100`)
	press(ctx, t, `a[href$="page=2"]`)
	is(ctx, t, `document.body.textContent.includes("r150@example.com")`)
	press(ctx, t, `a[href="/live"]`)
	is(ctx, t, `location.pathname === "/live"`)
	press(ctx, t, "form button")
	is(ctx, t, `document.body.textContent.includes("Signed out")`)
	do(ctx, t, chromedp.Navigate(w.URL()+"/"))
	is(ctx, t, `document.body.textContent.includes("Sign in")`)
}

func liveInABrowser(ctx context.Context, t *testing.T, w *world) {
	do(ctx, t, chromedp.Navigate(w.URL()+w.link(Owner)), chromedp.Navigate(w.URL()+"/live"))
	is(ctx, t, `document.getElementById("state").textContent === "Live."`)
	w.Live().Stored(opens(1, 1, w.clock()), nil)
	is(ctx, t, `document.querySelector("#opened tbody").rows.length === 1 && document.querySelector(".lead").textContent.startsWith("1 open in the last hour, 1 by people")`)
	is(ctx, t, `document.querySelector("#opened tbody").textContent.includes("<script>alert(1)</script>")`) // as text
	w.Live().Stored(opens(500, 5, w.clock()), nil)
	is(ctx, t, `document.querySelector(".lead").textContent.startsWith("501 opens")`)
	is(ctx, t, `document.getElementById("webminutes") === null`)
	w.Live().Stored(nil, visits(3, "", "/"+hostile, w.clock())) // of a site for the first time: the page reloads
	is(ctx, t, `document.querySelector(".lead").textContent.endsWith("3 page views, 0 events") && document.querySelector("#visited tbody").rows.length === 3`)
	w.Live().Stored(nil, visits(4, "signup"+hostile, "/", w.clock()))
	is(ctx, t, `document.querySelector(".lead").textContent.endsWith("3 page views, 4 events") && document.querySelector("#visited tbody").rows.length === 7`)
	is(ctx, t, `document.querySelector("#visited tbody").textContent.includes("event signup<script>") && document.querySelector("#pages tbody").textContent.includes("shop.example/<script>")`)
	is(ctx, t, `document.querySelectorAll("#webminutes figure path.m").length === 2 && document.querySelectorAll("main script, main img").length === 0`)
	press(ctx, t, "#pause")
	is(ctx, t, `document.getElementById("state").textContent === "Paused."`)
	w.Live().Stored(opens(1, 1, w.clock()), nil)
	time.Sleep(time.Second) // nothing must come
	is(ctx, t, `document.querySelector(".lead").textContent.startsWith("501 opens")`)
	do(ctx, t, chromedp.KeyEvent(kb.Enter))
	is(ctx, t, `document.querySelector(".lead").textContent.startsWith("502 opens")`)
	w.sessions.mu.Lock()
	clear(w.sessions.all)
	w.sessions.mu.Unlock()
	is(ctx, t, `document.getElementById("state").textContent.startsWith("The session has ended")`)
}

// TestAnotherSiteCannotUseASession opens a page of another site that shows these
// pages in a frame, posts to them and reads them.
func TestAnotherSiteCannotUseASession(t *testing.T) {
	browser := browsertest.Browser(t)
	w := newWorld(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "text/html")
		_, _ = out.Write([]byte(`<title>other</title><iframe src="` + w.URL() + `/"></iframe><form id="f" method="post" action="` + w.URL() + `/sign-out"></form>
<script>window.got = []; for (const mode of ["cors", "no-cors"]) fetch("` + w.URL() + `/", {mode, credentials: "include"}).then(r => r.text()).then(t => got.push(t), () => got.push(""));</script>`))
	})
	other := newOther(t, mux)
	ctx, shut := chromedp.NewContext(browser)
	defer shut()
	do(ctx, t, chromedp.Navigate(w.URL()+w.link(Owner)))
	is(ctx, t, `location.pathname === "/"`)
	do(ctx, t, chromedp.Navigate(other))
	is(ctx, t, `window.got.length === 2 && window.got.join("") === ""`)
	is(ctx, t, `window.frames.length === 1 && (() => { try { return frames[0].document.body === null } catch { return true } })()`)
	do(ctx, t, chromedp.Evaluate(`document.getElementById("f").submit()`, nil))
	is(ctx, t, `document.body.textContent.includes("Refused")`)
	do(ctx, t, chromedp.Navigate(w.URL()+"/"))
	is(ctx, t, `document.querySelector("h1").textContent === "Campaigns"`)
}
