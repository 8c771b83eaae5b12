package e2e_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"glint/cli/internal/toolchain"
)

var shots = flag.String("shots", "", "folder to write pictures of the recipient's page to")

// TestRecipientChoosesOnThePage opens the links of a registered file in a browser
// without scripts and images, chooses by keyboard alone, and follows the choice to
// mail that was sent.
func TestRecipientChoosesOnThePage(t *testing.T) {
	i := up(t, newHome(t), "--preferences-agree", "confirm-link")
	rows := registerWithPages(t, i)
	ann, bob := rows["ann@example.com"], rows["bob@example.com"]
	for range 100 { // a scanner
		for _, r := range rows {
			fetchPage(t, r.page, http.MethodGet, "")
		}
	}
	if text := i.must(t, "consent", "list", "--format", "json"); strings.TrimSpace(text) != "[]" {
		t.Fatalf("choices after GET alone: %s", text)
	}
	tab := pageBrowser(t)
	for _, l := range []struct {
		name, query   string
		width, height int64
		dark          bool
	}{{"wide", "", 1280, 900, false}, {"dark", "?lang=de", 1280, 900, true}, {"phone", "?lang=fr", 320, 700, false}, {"phone-dark", "?lang=es", 320, 700, true}} {
		t.Run(l.name, func(t *testing.T) { readPage(tab, t, ann.page+l.query, l.name, l.width, l.height, l.dark) })
	}
	pressed(tab, t, ann.page, 0, "Your no is stored")
	savePage(tab, t, "refused")
	if got := choiceOf(t, i, "ann@example.com"); got != "refused" {
		t.Errorf("ann: %s", got)
	}
	identified := func(message string) string {
		return strings.TrimSpace(query(t, i, "SELECT count() FROM opens WHERE message_id = '"+message+"'"))
	}
	fetchPage(t, bob.pixel, http.MethodGet, "")
	eventually(t, "bob's open", func() bool { return identified(bob.message) == "1" })
	fetchPage(t, bob.page, http.MethodPost, "List-Unsubscribe=One-Click")
	if got := choiceOf(t, i, "bob@example.com"); got != "refused" {
		t.Errorf("bob: %s", got)
	}
	eventually(t, "bob's opens to be nobody's", func() bool { return identified(bob.message) == "0" })
	fetchPage(t, ann.pixel, http.MethodGet, "")
	link := strings.TrimSpace(i.must(t, "consent", "link", "ann@example.com", "--agree"))
	pressed(tab, t, link, 1, "Your yes is stored")
	savePage(tab, t, "agreed")
	if got := choiceOf(t, i, "ann@example.com"); got != "agreed" {
		t.Errorf("ann: %s", got)
	}
	if n := identified(ann.message); n != "0" {
		t.Errorf("%s opens of ann from when she had refused", n)
	}
	i.must(t, "consent", "verify")
}

// sentMail is what a row of the registered file brings into a mail.
type sentMail struct{ message, pixel, page string }

func registerWithPages(t *testing.T, i *instance) map[string]sentMail {
	t.Helper()
	dir := t.TempDir()
	file, urls := filepath.Join(dir, "r.csv"), filepath.Join(dir, "urls.csv")
	if err := os.WriteFile(file, []byte("recipient,first name\nann@example.com,Ann\nbob@example.com,Bob\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for range 2 {
		i.must(t, "send", "register", "--campaign", "spring", "--file", file, "--output", urls, "--preferences-url", i.ingest)
		text, err := os.ReadFile(urls)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if texts[0] != texts[1] {
		t.Error("the same file gives other links")
	}
	cells, err := csv.NewReader(strings.NewReader(texts[0])).ReadAll()
	if err != nil || len(cells) != 3 || !slices.Equal(cells[0], []string{"recipient", "first name", "message_id", "pixel_url", "preferences_url"}) {
		t.Fatalf("%q, %v", cells, err)
	}
	rows := map[string]sentMail{}
	for _, c := range cells[1:] {
		rows[c[0]] = sentMail{c[2], c[3], c[4]}
		token := c[3][strings.LastIndexByte(c[3], '/')+1:]
		if code := fetchPage(t, i.ingest+"/preferences/"+token, http.MethodGet, ""); code != http.StatusNotFound {
			t.Errorf("the pixel's token opens a page: %d", code)
		}
	}
	return rows
}

// fetchPage sends a request and returns the status.
func fetchPage(t *testing.T, address, method, form string) int {
	t.Helper()
	request, err := http.NewRequest(method, address, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func choiceOf(t *testing.T, i *instance, recipient string) string {
	t.Helper()
	var list []struct{ Choice string }
	if err := json.Unmarshal([]byte(i.must(t, "consent", "list", "--recipient", recipient, "--format", "json")), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 {
		return "none"
	}
	return list[0].Choice
}

// pageBrowser starts a headless Chromium that runs no script and loads no image.
func pageBrowser(t *testing.T) context.Context {
	t.Helper()
	path, err := toolchain.Locate("chromium")
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("blink-settings", "imagesEnabled=false"), chromedp.Flag("accept-lang", "en"))
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(stop)
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(end)
	ctx, shut := chromedp.NewContext(ctx)
	t.Cleanup(shut)
	if err := chromedp.Run(ctx, network.Enable(), emulation.SetScriptExecutionDisabled(true)); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// readPage looks at a page as a screen reader and as the eye does.
func readPage(tab context.Context, t *testing.T, address, name string, width, height int64, dark bool) {
	scheme := map[bool]string{true: "dark", false: "light"}[dark]
	var asked []string
	ctx, cancel := context.WithCancel(tab)
	defer cancel()
	chromedp.ListenTarget(ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok {
			asked = append(asked, e.Request.URL)
		}
	})
	var tree []*accessibility.Node
	var tooWide int
	var faint []string
	var small int
	err := chromedp.Run(tab, chromedp.EmulateViewport(width, height),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate(address),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			tree, err = accessibility.GetFullAXTree().Do(ctx)
			return err
		}),
		chromedp.Evaluate(`Math.max(0, document.documentElement.scrollWidth - innerWidth)`, &tooWide),
		chromedp.Evaluate(`[...document.querySelectorAll("button")].filter(b => b.getBoundingClientRect().height < 44).length`, &small),
		chromedp.Evaluate(faintPageText, &faint))
	if err != nil {
		t.Fatal(err)
	}
	savePage(tab, t, name)
	unnamed := map[string]int{}
	seen := map[string]int{}
	for _, n := range tree {
		role, label := axText(n.Role), axText(n.Name)
		seen[role]++
		if label == "" && slices.Contains([]string{"button", "form", "link", "navigation", "heading", "RootWebArea"}, role) {
			unnamed[role]++
		}
	}
	if len(unnamed) > 0 || seen["button"] != 1 || seen["form"] != 1 || seen["main"] != 1 || seen["navigation"] != 1 || seen["heading"] < 5 {
		t.Errorf("without a name: %v; of all: %v", unnamed, seen)
	}
	if len(asked) != 1 || tooWide > 0 || small > 0 || len(faint) > 0 {
		t.Errorf("requests %q, %d pixels too wide, %d small buttons, contrast below 4.5: %q", asked, tooWide, small, faint)
	}
}

func axText(v *accessibility.Value) (text string) {
	if v != nil {
		_ = json.Unmarshal(v.Value, &text) // "" of another type
	}
	return text
}

// pressed opens a page, goes by Tab to its button of that number, presses Enter, and
// wants the answer to say a text.
func pressed(tab context.Context, t *testing.T, address string, button int, want string) {
	t.Helper()
	tabs := []chromedp.Action{chromedp.Navigate(address)}
	for range button + 1 {
		tabs = append(tabs, chromedp.KeyEvent(kb.Tab))
	}
	var outline, said string
	tabs = append(tabs,
		chromedp.Evaluate(`document.activeElement.tagName + " " + getComputedStyle(document.activeElement).outlineStyle`, &outline),
		chromedp.KeyEvent(kb.Enter),
		chromedp.WaitVisible(`[role=status]`, chromedp.ByQuery),
		chromedp.Text(`[role=status]`, &said, chromedp.ByQuery))
	if err := chromedp.Run(tab, tabs...); err != nil {
		t.Fatal(err)
	}
	if outline != "BUTTON solid" || !strings.Contains(said, want) {
		t.Errorf("focus on %q; the page says %q", outline, said)
	}
}

func savePage(tab context.Context, t *testing.T, name string) {
	t.Helper()
	if *shots == "" {
		return
	}
	var picture []byte
	if err := chromedp.Run(tab, chromedp.FullScreenshot(&picture, 100)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*shots, "preferences-"+name+".png"), picture, 0o600); err != nil {
		t.Fatal(err)
	}
}

// faintPageText returns the texts whose contrast with what lies behind them is below
// 4.5 (WCAG 2.2, 1.4.3).
const faintPageText = `(() => {
	const part = c => (c /= 255, c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
	const light = c => .2126 * part(c[0]) + .7152 * part(c[1]) + .0722 * part(c[2]);
	const colour = s => s.match(/[\d.]+/g).map(Number);
	const behind = e => { for (; e; e = e.parentElement) { const c = colour(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), faint = [];
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (!walk.currentNode.data.trim()) continue;
		const a = light(colour(getComputedStyle(e).color)), b = light(behind(e));
		if ((Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5) faint.push(e.tagName + ": " + walk.currentNode.data.trim().slice(0, 40));
	}
	return faint;
})()`
