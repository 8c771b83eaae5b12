package ingest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"glint/edge/event"
	"glint/ingest/audit"
	"glint/ingest/sends"
)

// TestOfADeletedCampaignNothingStays deletes one campaign of two, lets opens of both
// arrive afterwards, and asks every table and the audit.
func TestOfADeletedCampaignNothingStays(t *testing.T) {
	engine := newEngine(t)
	w := engine.migrated(t)
	dir := t.TempDir()
	s := runService(t, dir, engine.dsn, withSends(t, sendsHome{policy: sends.PolicyNone, modes: map[string]bool{"https://pixel.example.com": true}}))
	number := 0
	open := func(url string) {
		number++
		token := strings.TrimSuffix(url[strings.LastIndexByte(url, '/')+1:], ".gif")
		s.post(t, fmt.Appendf(nil, `{"v":1,"event_id":"%032x","opened_at":%q,"kind":%q,"token":%q,"method":"GET","user_agent":"Mozilla/5.0"}`+"\n",
			number, time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), event.KindToken, token))
	}
	ids := map[string]string{}
	var urls []string
	for _, campaign := range []string{"gone", "kept"} {
		a := postSends(t, s, "?campaign="+campaign, sendsToken, []byte(`{"recipient":"ada@example.com"} {"recipient":"bob@example.com"}`))
		if a.status != http.StatusOK {
			t.Fatalf("%+v", a)
		}
		b := postSends(t, s, "?tracking=aggregate&campaign=agg-"+campaign, sendsToken, []byte(`{"recipient":"ada@example.com"}`))
		ids[campaign], ids["agg-"+campaign] = a.CampaignID, b.CampaignID
		for _, url := range []string{a.Messages[0].PixelURL, a.Messages[1].PixelURL, b.Messages[0].PixelURL} {
			open(url)
			urls = append(urls, url)
		}
	}
	s.drained(t)
	s.registered(t)
	for _, campaign := range []string{"gone", "agg-gone"} {
		c, err := w.CampaignNamed(t.Context(), campaign)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.RefreshNumbers(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.DeleteCampaign(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
	}
	both := "(" + ids["gone"] + "," + ids["agg-gone"] + ")"
	check := func(when string, tables ...string) {
		t.Helper()
		for _, table := range tables {
			if n := engine.count(t, "SELECT count() FROM glint."+table+" WHERE campaign_id IN "+both); n != 0 {
				t.Errorf("%s: %d rows in %s", when, n, table)
			}
		}
	}
	stored := []string{
		"campaigns", "sends", "message_campaigns", "recipient_messages", "registrations", "strata", "opens", "aggregate_opens", "deliveries", "web_events",
	}
	check("after it", stored...)
	// The service learns of it within seconds; until then what comes is swept.
	eventually(t, "an open of the deleted campaign to be kept no more", func() bool {
		open(urls[0])
		s.drained(t)
		return engine.count(t, "SELECT count() FROM glint.opens WHERE campaign_id IN "+both) == 0 || w.SweepDeleted(t.Context()) != nil
	})
	for _, url := range urls {
		open(url)
	}
	s.drained(t)
	check("after later opens", stored...)
	// A snapshot that was being computed meanwhile goes with the next sweep.
	if err := w.SweepDeleted(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("after the sweep", append(stored, "campaign_totals", "campaign_estimate_totals", "campaign_breakdowns")...)
	if got := engine.query(t, "SELECT campaign, unique_opens, opens_total FROM glint.campaign_report ORDER BY campaign"); got != "agg-kept\t0\t0\nkept\t2\t4" {
		t.Errorf("the report has %q", got)
	}
	s.stop()
	result, err := audit.Run(t.Context(), audit.Options{Nodes: []audit.Node{{LogDir: dir + "/log"}}, Warehouse: w})
	if err != nil {
		t.Fatal(err)
	}
	if missing := result.Total.Missing; missing != 0 {
		t.Errorf("the audit misses %d events", missing)
	}
	// The name may be used again, for another campaign.
	again, err := w.EnsureCampaign(t.Context(), "gone")
	if err != nil || fmt.Sprint(again.ID) == ids["gone"] {
		t.Errorf("%d, %v", again.ID, err)
	}
}
