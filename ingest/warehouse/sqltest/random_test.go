package sqltest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"glint/ingest/warehouse/enginetest"
)

// recountMessages is the size of a campaign in the random test;
// GLINT_RECOUNT_MESSAGES=40000 makes an account of 200,000 messages and more
// than half a million events.
const recountMessages = 600

// TestViewsAgreeWithTheDefinitions fills the tables with random rows, computes
// every column in Go, and compares; then again after each way in which rows
// may come back, and after every verdict was judged again.
func TestViewsAgreeWithTheDefinitions(t *testing.T) {
	messages := recountMessages
	if text := os.Getenv("GLINT_RECOUNT_MESSAGES"); text != "" {
		var err error
		if messages, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	w := enginetest.Open(t)
	w.Empty(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	world := newWorld(random, messages)

	insertRows(t, w, "campaigns (campaign_id, name, created_at, id_key)", world.campaignRows())
	insertRows(t, w, "registrations (campaign_id, registration_id, step, state)", []string{"(0, 1, 2, 'complete')", "(0, 2, 1, 'started')"})
	insertSends(t, w, world)
	insertOpens(t, w, world.opens, 5)
	insertDeliveries(t, w, world.deliveries)
	compareReports(t, w, world, "first copies")

	for _, part := range [][]open{world.opens, world.opens[:len(world.opens)/2], withNewerRules(world.opens)} {
		repeated := append([]open(nil), part...)
		random.Shuffle(len(repeated), func(i, j int) { repeated[i], repeated[j] = repeated[j], repeated[i] })
		insertOpens(t, w, repeated, 3)
	}
	insertSends(t, w, world)
	insertDeliveries(t, w, world.deliveries[len(world.deliveries)/3:])
	compareReports(t, w, world, "repeats, shuffled")

	world.judgeAgain(random)
	insertOpens(t, w, world.opens, 2)
	insertDeliveries(t, w, world.deliveries)
	compareReports(t, w, world, "judged again")

	for _, table := range []string{"opens", "sends", "deliveries", "recipient_messages"} {
		w.Text(t, enginetest.WarehouseUser, "OPTIMIZE TABLE "+table+" FINAL", nil)
	}
	compareReports(t, w, world, "merged")
}

func compareReports(t *testing.T, w *enginetest.Warehouse, world *world, after string) {
	t.Helper()
	closely := cmpopts.EquateApprox(1e-12, 1e-12)
	ignored := cmp.Options{cmpopts.IgnoreFields(report{}, "ComputedAt"), cmpopts.IgnoreUnexported(report{})}
	messages := world.messages()
	compareBreakdowns(t, w, world, messages, after)
	estimates := readEstimates(t, w, "")
	for _, campaign := range world.campaigns {
		want := world.report(campaign, messages)
		filter := fmt.Sprintf("campaign_id = %d", campaign.id)
		if diff := cmp.Diff(want, readReport(t, w, filter), closely, ignored); diff != "" {
			t.Errorf("after %s, campaign %d: want (-), got (+):\n%s", after, campaign.id, diff)
		}
		if diff := cmp.Diff(want, readReport(t, w, "campaign = '"+quoted(campaign.name)+"'"), closely, ignored); diff != "" {
			t.Errorf("after %s, campaign %s by name: want (-), got (+):\n%s", after, campaign.name, diff)
		}
		if diff := cmp.Diff(world.classes(campaign), readClasses(t, w, filter)); diff != "" {
			t.Errorf("after %s, classes of campaign %d: want (-), got (+):\n%s", after, campaign.id, diff)
		}
		tally := world.tally(campaign, messages)
		t.Logf("after %s: %+v", after, tally)
		rates := tally.estimates()
		if diff := cmp.Diff(rates, estimates[campaign.id], cmpopts.EquateApprox(1e-9, 1e-12)); diff != "" {
			t.Errorf("after %s, estimates of campaign %d, %+v: want (-), got (+):\n%s", after, campaign.id, tally, diff)
		}
		if after == "merged" {
			if diff := cmp.Diff(rates, readEstimates(t, w, filter)[campaign.id], cmpopts.EquateApprox(1e-9, 1e-12)); diff != "" {
				t.Errorf("estimates of campaign %d by a filter: want (-), got (+):\n%s", campaign.id, diff)
			}
		}
		holdRanges(t, want, rates)
	}
}

// holdRanges checks the relations between the numbers of every campaign.
func holdRanges(t *testing.T, r report, rates map[string]estimate) {
	t.Helper()
	for name, e := range rates {
		if e.Rate != nil && (e.Low == nil || e.High == nil || *e.Low > *e.Rate || *e.Rate > *e.High) {
			t.Errorf("%s: rate %v is not in its range %v … %v", name, *e.Rate, e.Low, e.High)
		}
		if e.Low != nil && (*e.Low < 0 || *e.High > 1 || *e.Low > *e.High) {
			t.Errorf("%s: range %v … %v", name, *e.Low, *e.High)
		}
	}
	if r.AdjustedRate != nil && (*r.AdjustedRate < *r.RateLow || *r.AdjustedRate > *r.RateHigh) {
		t.Errorf("adjusted rate %v is not in %v … %v", *r.AdjustedRate, *r.RateLow, *r.RateHigh)
	}
}

// readEstimates reads campaign_estimates under a filter, by campaign and name.
func readEstimates(t *testing.T, w *enginetest.Warehouse, filter string) map[uint64]map[string]estimate {
	t.Helper()
	if filter != "" {
		filter = " WHERE " + filter
	}
	text := w.Text(t, enginetest.ReaderUser, "SELECT campaign_id, name, rate, low, high, n FROM campaign_estimates"+filter+" FORMAT JSONEachRow",
		map[string]string{"output_format_json_quote_64bit_integers": "1"})
	all := map[uint64]map[string]estimate{}
	for decoder := json.NewDecoder(strings.NewReader(text)); decoder.More(); {
		var row struct {
			CampaignID uint64 `json:"campaign_id,string"`
			Name       string
			estimate
		}
		if err := decoder.Decode(&row); err != nil {
			t.Fatal(err)
		}
		if all[row.CampaignID] == nil {
			all[row.CampaignID] = map[string]estimate{}
		}
		if _, twice := all[row.CampaignID][row.Name]; twice {
			t.Fatalf("estimate %s twice", row.Name)
		}
		all[row.CampaignID][row.Name] = row.estimate
	}
	return all
}

func insertRows(t *testing.T, w *enginetest.Warehouse, into string, rows []string) {
	t.Helper()
	if len(rows) == 0 {
		t.Fatalf("no rows for %s", into)
	}
	w.Text(t, enginetest.WarehouseUser, "INSERT INTO "+into+" VALUES\n"+strings.Join(rows, ",\n"),
		map[string]string{"insert_deduplicate": "0", "max_query_size": "1000000000"})
}

func insertSends(t *testing.T, w *enginetest.Warehouse, world *world) {
	t.Helper()
	insertRows(t, w, "sends (campaign_id, message_id, recipient, recipient_key, domain, state, tracking, test, registration, sent_at)", world.sendRows())
}

func insertOpens(t *testing.T, w *enginetest.Warehouse, opens []open, batches int) {
	t.Helper()
	for i := range batches {
		var rows []string
		for _, o := range opens[i*len(opens)/batches : (i+1)*len(opens)/batches] {
			rows = append(rows, o.row())
		}
		insertRows(t, w, "opens (campaign_id, message_id, opened_at, event_id, time_suspect, class, reason, path, ruleset_version, verdict_version, client, client_vendor, os, device, country, network)", rows)
	}
}

func insertDeliveries(t *testing.T, w *enginetest.Warehouse, deliveries []delivery) {
	t.Helper()
	var rows []string
	for _, d := range deliveries {
		rows = append(rows, d.row())
	}
	insertRows(t, w, "deliveries (campaign_id, message_id, kind, occurred_at, link_hash, class, user_agent, ip, bounce_type, automatic, verdict_version)", rows)
}
