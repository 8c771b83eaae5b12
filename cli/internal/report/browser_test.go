package report

import (
	"bytes"
	"context"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"glint/cli/internal/report/browsertest"
)

var shots = flag.String("shots", "", "folder to write pictures of the pages to")

// look is a way in which a page is shown.
type look struct {
	name          string
	width, height int64
	dark          bool
}

var looks = []look{{"wide", 1280, 1800, false}, {"dark", 1280, 1800, true}, {"phone", 320, 900, false}, {"phone-dark", 320, 900, true}}

// TestPageInABrowser shows each report in each look.
func TestPageInABrowser(t *testing.T) {
	ctx := browsertest.Browser(t)
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
	var w browsertest.Witness
	w.Listen(tab, func(url string) bool { return url == address })
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
		chromedp.Evaluate(browsertest.FaintText, &faint),
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
	if heading != safe || title != safe+": report" || lead != unbroken(document.Lead) {
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
	if len(w.Said()) > 0 {
		t.Errorf("the page did what it must not: %q", w.Said())
	}
}

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
