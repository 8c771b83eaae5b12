package report

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"glint/cli/internal/toolchain"
)

var shots = flag.String("shots", "", "folder to write pictures of the pages to")

// browser starts a headless Chromium, which ends with the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := toolchain.Locate("chromium")
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(stop)
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(end)
	ctx, shut := chromedp.NewContext(ctx)
	t.Cleanup(shut)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// witness notes what a page does that it must not: requests and complaints.
type witness struct {
	mu   sync.Mutex
	said []string
}

func (w *witness) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, fmt.Sprintf(format, args...))
}

func (w *witness) listen(ctx context.Context, own string) {
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if e.Request.URL != own {
				w.note("request of %s", e.Request.URL)
			}
		case *log.EventEntryAdded:
			w.note("console: %s", e.Entry.Text)
		case *runtime.EventConsoleAPICalled:
			w.note("console: %v", e.Type)
		case *runtime.EventExceptionThrown:
			w.note("exception: %s", e.ExceptionDetails.Text)
		case *cdppage.EventJavascriptDialogOpening:
			w.note("dialog: %s", e.Message)
		}
	})
}

// look is a way in which a page is shown.
type look struct {
	name          string
	width, height int64
	dark          bool
}

var looks = []look{{"wide", 1280, 1800, false}, {"dark", 1280, 1800, true}, {"phone", 320, 900, false}, {"phone-dark", 320, 900, true}}

// TestPageInABrowser shows each report in each look.
func TestPageInABrowser(t *testing.T) {
	ctx := browser(t)
	for name, d := range data() {
		document := Of(d)
		var b bytes.Buffer
		if err := WriteHTML(&b, document); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "report.html")
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		address := (&url.URL{Scheme: "file", Path: file}).String()
		for _, l := range looks {
			t.Run(name+" "+l.name, func(t *testing.T) { shown(ctx, t, document, name, address, l) })
		}
		t.Run(name+" printed", func(t *testing.T) { printed(ctx, t, name, address) })
	}
}

func shown(ctx context.Context, t *testing.T, document *Document, name, address string, l look) {
	tab, shut := chromedp.NewContext(ctx)
	defer shut()
	var w witness
	w.listen(tab, address)
	scheme := map[bool]string{true: "dark", false: "light"}[l.dark]
	var picture []byte
	var marks int
	var heading, title, lead string
	var tooWide, unnamed int
	var faint []string
	err := chromedp.Run(tab, log.Enable(), runtime.Enable(), network.Enable(),
		chromedp.EmulateViewport(l.width, l.height),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate(address),
		chromedp.Evaluate(`document.querySelectorAll(".m").length`, &marks),
		chromedp.Evaluate(`document.querySelector("h1").textContent`, &heading),
		chromedp.Evaluate(`document.querySelector(".lead").textContent`, &lead),
		chromedp.Title(&title),
		chromedp.Evaluate(`Math.max(0, document.documentElement.scrollWidth - innerWidth)`, &tooWide),
		chromedp.Evaluate(`[...document.querySelectorAll("svg")].filter(s => s.getAttribute("aria-hidden") !== "true" && !(s.querySelector("title")?.textContent && s.querySelector("desc")?.textContent)).length`, &unnamed),
		chromedp.Evaluate(faintText, &faint),
		chromedp.FullScreenshot(&picture, 100))
	if err != nil {
		t.Fatal(err)
	}
	save(t, name+"-"+l.name+".png", picture)
	want := 0
	for i := range document.Sections {
		if f := document.Sections[i].Figure; f != nil {
			want += f.Marks()
		}
	}
	if marks != want {
		t.Errorf("%d marks, want %d: one for each datum", marks, want)
	}
	safe := strings.Map(func(r rune) rune {
		if r == '\u202e' || r < ' ' {
			return '\ufffd'
		}
		return r
	}, document.Title)
	if heading != safe || title != safe+": report" || lead != document.Lead {
		t.Errorf("heading %q, title %q, lead %q", heading, title, lead)
	}
	if tooWide > 0 {
		t.Errorf("the page is %d pixels too wide", tooWide)
	}
	if unnamed > 0 {
		t.Errorf("%d charts have no title or description", unnamed)
	}
	if len(faint) > 0 {
		t.Errorf("text with a contrast below 4.5: %q", faint)
	}
	if len(w.said) > 0 {
		t.Errorf("the page did what it must not: %q", w.said)
	}
}

// faintText returns the texts whose contrast with what lies behind them is below
// 4.5 (WCAG 2.2, 1.4.3).
const faintText = `(() => {
	const part = c => (c /= 255, c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
	const light = c => .2126 * part(c[0]) + .7152 * part(c[1]) + .0722 * part(c[2]);
	const colour = s => s.match(/[\d.]+/g).map(Number);
	const behind = e => { for (; e; e = e.parentElement) { const c = colour(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
	const faint = [];
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (!walk.currentNode.data.trim() || e.closest("svg")) continue;
		const a = light(colour(getComputedStyle(e).color)), b = light(behind(e));
		if ((Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5) faint.push(e.tagName + ": " + walk.currentNode.data.trim().slice(0, 40));
	}
	return faint;
})()`

// printed prints a page, which must fit on one sheet.
func printed(ctx context.Context, t *testing.T, name, address string) {
	tab, shut := chromedp.NewContext(ctx)
	defer shut()
	var pdf []byte
	err := chromedp.Run(tab, chromedp.Navigate(address), chromedp.ActionFunc(func(ctx context.Context) (err error) {
		pdf, _, err = cdppage.PrintToPDF().WithPreferCSSPageSize(true).WithPrintBackground(true).Do(ctx)
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	save(t, name+".pdf", pdf)
	var picture []byte
	err = chromedp.Run(tab, chromedp.EmulateViewport(733, 1060), emulation.SetEmulatedMedia().WithMedia("print"), chromedp.FullScreenshot(&picture, 100))
	if err != nil {
		t.Fatal(err)
	}
	save(t, name+"-print.png", picture)
	if sheets := bytes.Count(pdf, []byte("/Type /Page\n")); sheets != 1 {
		t.Errorf("printed on %d sheets, want 1", sheets)
	}
}

func save(t *testing.T, name string, content []byte) {
	if *shots == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*shots, name), content, 0o600); err != nil {
		t.Error(err)
	}
}
