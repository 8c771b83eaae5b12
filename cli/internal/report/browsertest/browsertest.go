// Package browsertest loads pages in a headless Chromium, for tests.
package browsertest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"glint/cli/internal/toolchain"
)

// Browser starts a headless Chromium, which ends with the test.
func Browser(t testing.TB) context.Context {
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

// Witness records forbidden actions of a page: requests and console errors.
type Witness struct {
	mu   sync.Mutex
	said []string
}

// Note records one action.
func (w *Witness) Note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, fmt.Sprintf(format, args...))
}

// Said returns the recorded actions.
func (w *Witness) Said() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.said)
}

// Listen records the requests of the tab that are not allowed, and its console
// errors.
func (w *Witness) Listen(ctx context.Context, allowed func(url string) bool) {
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if !allowed(e.Request.URL) {
				w.Note("request of %s", e.Request.URL)
			}
		case *log.EventEntryAdded:
			w.Note("console: %s", e.Entry.Text)
		case *runtime.EventConsoleAPICalled:
			w.Note("console: %v", e.Type)
		case *runtime.EventExceptionThrown:
			w.Note("exception: %s", e.ExceptionDetails.Text)
		case *cdppage.EventJavascriptDialogOpening:
			w.Note("dialog: %s", e.Message)
		}
	})
}

// FaintText is a script that returns the texts whose contrast with their background is below
// 4.5 (WCAG 2.2, 1.4.3).
const FaintText = `(() => {
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
