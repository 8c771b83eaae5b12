package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"glint/cli/internal/toolchain"
)

// badgePage is a third party's page: a badge, an event by fetch, which asks for leave first
// (a CORS preflight), and one by sendBeacon.
const badgePage = `<!doctype html><title>page</title><img id=badge src="%[1]s/p.gif?site=badge&title=A%%20page">
<script>
const post = name => JSON.stringify({site: "badge", name, page: location.href, properties: {plan: "pro"}});
fetch("%[1]s/e", {method: "POST", headers: {"Content-Type": "application/json"}, body: post("fetched")})
	.then(r => document.title = "status " + r.status, () => document.title = "blocked");
navigator.sendBeacon("%[1]s/e", post("beaconed"));
</script>`

// asAPerson takes the word Headless from what the browser says of itself, by which it
// would be counted as a machine.
var asAPerson = emulation.SetUserAgentOverride("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36").
	WithUserAgentMetadata(&emulation.UserAgentMetadata{
		Brands: []*emulation.UserAgentBrandVersion{{Brand: "Chromium", Version: "153"}}, Platform: "Linux", PlatformVersion: "6.0", Architecture: "x86",
	})

// TestABadgeAndEventsOfPagesInABrowser goes from pages in a real browser through the
// compiled edge program to archive and views. A page of another origin has its badge
// counted, and its events refused.
func TestABadgeAndEventsOfPagesInABrowser(t *testing.T) {
	var edge atomic.Pointer[string]
	serve := func() *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Referrer-Policy", "unsafe-url") // else a badge elsewhere learns the origin only
			fmt.Fprintf(w, badgePage, *edge.Load())
		}))
		t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
		return s
	}
	ours, others := serve(), serve()
	archive := filepath.Join(t.TempDir(), "archive")
	i := up(t, newHome(t), "--site", "badge="+ours.URL, "--archive", archive, "--archive-lines", "100", "--archive-interval", "200ms", "--edge", "--edge-wasm", wasm)
	edge.Store(&i.pixel)

	path, err := toolchain.Locate("chromium")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	ctx, end := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)...)
	defer end()
	ctx, shut := chromedp.NewContext(ctx)
	defer shut()
	for address, want := range map[string]string{
		ours.URL + "/start?utm_source=mail&utm_campaign=spring&secret=1": "status 204",
		others.URL + "/elsewhere": "blocked",
	} {
		var width int64
		if err := chromedp.Run(ctx, asAPerson, chromedp.Navigate(address),
			chromedp.Poll(`document.title != "page" && document.title`, nil),
			chromedp.Evaluate(`document.getElementById("badge").naturalWidth`, &width)); err != nil {
			t.Fatal(err)
		}
		var title string
		if err := chromedp.Run(ctx, chromedp.Title(&title)); err != nil || title != want || width != 1 {
			t.Errorf("%s: %q, want %q; the badge is %d wide, %v", address, title, want, width, err)
		}
	}
	host := strings.Split(strings.TrimPrefix(ours.URL, "http://"), ":")[0]
	for sql, want := range map[string]string{
		"SELECT page_host, page_path, views, visitors FROM top_pages WHERE site = 'badge' ORDER BY page_path FORMAT TSV": host + "\t/elsewhere\t1\t1\n" + host + "\t/start\t1\t1\n",
		"SELECT sum(views), sum(machine_views) FROM page_views WHERE site = 'badge' FORMAT TSV":                          "2\t0\n",
		"SELECT name, sum(events) FROM custom_events WHERE site = 'badge' GROUP BY name ORDER BY name FORMAT TSV":        "beaconed\t1\nfetched\t1\n",
		"SELECT utm_source, utm_campaign, views FROM web_campaigns WHERE site = 'badge' FORMAT TSV":                      "mail\tspring\t1\n",
	} {
		got := ""
		for late := time.Now().Add(patience); time.Now().Before(late) && got != strings.TrimSpace(want); time.Sleep(100 * time.Millisecond) {
			got = strings.TrimSpace(query(t, i, sql))
		}
		if got != strings.TrimSpace(want) {
			t.Fatalf("%s: %q, want %q", sql, got, want)
		}
	}
	eventually(t, "all of it to be archived", func() bool { return len(archivedIDs(t, archive)) == 4 })
	if said := i.must(t, "audit"); !strings.Contains(said, "every accepted event is accounted for") {
		t.Errorf("glint audit says\n%s", said)
	}
}
