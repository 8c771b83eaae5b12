package web

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"golang.org/x/sync/errgroup"

	"glint/cli/internal/report/browsertest"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
)

var (
	benchCampaigns = flag.Int("pages-campaigns", 100, "campaigns of BenchmarkPages")
	benchMessages  = flag.Int("pages-messages", 1_000_000, "messages of BenchmarkPages, half of them in one campaign")
)

// fillPages stores messages of which 40 % are opened 2.5 times, half of them in the
// campaign 1, and has the snapshots of all campaigns computed, as a running glint does.
func fillPages(b *testing.B, w *enginetest.Warehouse, owner *warehouse.Warehouse) {
	b.Helper()
	n, campaigns := *benchMessages, *benchCampaigns
	run := func(statement string) { w.Text(b, enginetest.WarehouseUser, statement, nil) }
	of := fmt.Sprintf("if(number %% 2 = 0, 1, 2 + intDiv(number, 2) %% %d)", campaigns-1)
	run(fmt.Sprintf(`INSERT INTO campaigns (campaign_id, name, created_at)
		SELECT number + 1, concat('campaign ', toString(number + 1)), now64(3) - toIntervalHour(%d - number) FROM numbers(%[1]d)`, campaigns))
	run(fmt.Sprintf(`INSERT INTO sends (campaign_id, message_id, recipient, sent_at)
		SELECT %s, reinterpretAsUUID(sipHash128(number)), concat('reader', toString(number), '@example.com'), now() - 86400 FROM numbers(%d)`, of, n))
	for range 10 {
		run(fmt.Sprintf(`INSERT INTO opens (campaign_id, message_id, opened_at, received_at, event_id, class, reason, verdict_version)
			SELECT %[2]s, reinterpretAsUUID(sipHash128(toUInt64(number))), now64(3) - 80000 + rand(1) %% 60000, now64(3), rand64(3),
				multiIf(dice < 50, 'machine_prefetch', dice < 75, 'proxy_human', dice < 95, 'human_direct', 'security_scanner'),
				if(dice < 50, 'apple_mpp_relay', 'other'), 65534
			FROM (SELECT rand64(4) %% intDiv(%[1]d * 4, 10) AS number, rand(2) %% 100 AS dice FROM numbers(intDiv(%[1]d, 10)))`, n, of))
	}
	for _, refresh := range []func(context.Context, uint64) error{owner.RefreshNumbers, owner.RefreshEstimates} {
		g, ctx := errgroup.WithContext(b.Context())
		g.SetLimit(runtime.NumCPU()) // most of the time is planning, on one core
		for id := range uint64(campaigns) {
			g.Go(func() error { return refresh(ctx, id+1) })
		}
		if err := g.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

// timings is what a browser says of a page, in milliseconds from the navigation on.
type timings struct {
	First, Paint, Last float64
	Bytes              float64
}

// timingsOf is a script that returns the timings of the page, once it has been painted.
const timingsOf = `new Promise(done => {
	const look = () => {
		const paint = performance.getEntriesByName("first-contentful-paint")[0], page = performance.getEntriesByType("navigation")[0];
		if (paint && page && page.loadEventEnd) done({First: page.responseStart, Paint: paint.startTime, Last: page.responseEnd, Bytes: page.decodedBodySize});
		else setTimeout(look, 10);
	};
	look();
})`

// BenchmarkPages opens the pages in a browser, before a warehouse of 100 campaigns and a
// million messages. The page that asks nothing of the warehouse is the baseline; the
// times are medians.
func BenchmarkPages(b *testing.B) {
	w := enginetest.Open(b)
	w.Empty(b)
	owner, reader := client.Connect(b, w, enginetest.WarehouseUser), client.Connect(b, w, enginetest.ReaderUser)
	fillPages(b, w, owner)
	s, err := Listen(Config{Listen: "127.0.0.1:0", Key: testKey})
	if err != nil {
		b.Fatal(err)
	}
	s.Use(NewSource(reader, owner))
	go func() { _ = s.Serve() }()
	b.Cleanup(func() { _ = s.Shutdown(context.Background()) })
	browser := browsertest.Browser(b)
	if err := chromedp.Run(browser, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.URL()+NewLink("", testKey, Owner, time.Now()))); err != nil {
		b.Fatal(err)
	}
	baseline := 0.0
	for _, page := range []struct{ name, path string }{
		{"nothing", "/x"},
		{"campaigns", "/"},
		{"largest", "/campaigns/1"},
		{"small", "/campaigns/2"},
		{"recipients", "/campaigns/1/recipients?list=all"},
		{"openers", "/campaigns/1/recipients?list=openers_certain"},
		{"recipients-4000", "/campaigns/1/recipients?list=all&page=4000"},
		{"live", "/live"},
	} {
		b.Run(page.name, func(b *testing.B) {
			var first, paint, complete []float64
			var last timings
			for b.Loop() {
				await := func(p *cdpruntime.EvaluateParams) *cdpruntime.EvaluateParams { return p.WithAwaitPromise(true) }
				if err := chromedp.Run(browser, chromedp.Navigate(s.URL()+page.path), chromedp.Evaluate(timingsOf, &last, await)); err != nil {
					b.Fatal(err)
				}
				first, paint, complete = append(first, last.First), append(paint, last.Paint), append(complete, last.Last)
			}
			slices.Sort(first)
			slices.Sort(paint)
			slices.Sort(complete)
			middle := paint[len(paint)/2]
			if page.name == "nothing" {
				baseline = middle
			}
			b.ReportMetric(first[len(first)/2], "ms-first-byte")
			b.ReportMetric(middle, "ms-paint")
			b.ReportMetric(complete[len(complete)/2], "ms-last-byte")
			b.ReportMetric(middle/baseline, "x-nothing")
			b.ReportMetric(last.Bytes/1000, "kB")
			shoot(browser, b, page.name)
		})
	}
}

// shoot takes a picture of what the browser shows, if -shots says where to.
func shoot(browser context.Context, b *testing.B, name string) {
	b.Helper()
	if *shots == "" {
		return
	}
	var picture []byte
	err := chromedp.Run(browser, chromedp.FullScreenshot(&picture, 80))
	if err == nil {
		err = os.WriteFile(filepath.Join(*shots, "bench-"+name+".jpg"), picture, 0o600)
	}
	if err != nil {
		b.Error(err)
	}
}
