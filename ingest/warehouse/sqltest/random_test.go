package sqltest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"glint/ingest/warehouse/enginetest"
)

const (
	randomCampaigns = 5
	randomMessages  = 400
	randomOpens     = 4000
)

// TestViewsAgreeWithTheDefinitions fills the tables with random rows, computes
// every column in Go, and compares; then again after each way in which rows
// may come back, and after every verdict was judged again.
func TestViewsAgreeWithTheDefinitions(t *testing.T) {
	w := enginetest.Open(t)
	w.Empty(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	world := newWorld(random)

	insertRows(t, w, "campaigns (campaign_id, name, created_at, id_key)", world.campaignRows())
	insertRows(t, w, "sends (campaign_id, message_id, recipient, state)", world.sendRows())
	insertOpens(t, w, world.opens, 5)
	compareReports(t, w, world, "first copies")

	for _, part := range [][]open{world.opens, world.opens[:randomOpens/2], withNewerRules(world.opens)} {
		repeated := append([]open(nil), part...)
		random.Shuffle(len(repeated), func(i, j int) { repeated[i], repeated[j] = repeated[j], repeated[i] })
		insertOpens(t, w, repeated, 3)
	}
	insertRows(t, w, "sends (campaign_id, message_id, recipient, state)", world.sendRows())
	compareReports(t, w, world, "repeats, shuffled")

	world.judgeAgain(random)
	insertOpens(t, w, world.opens, 2)
	compareReports(t, w, world, "judged again")

	w.Text(t, enginetest.WarehouseUser, "OPTIMIZE TABLE opens FINAL", nil)
	w.Text(t, enginetest.WarehouseUser, "OPTIMIZE TABLE sends FINAL", nil)
	compareReports(t, w, world, "merged")
}

func compareReports(t *testing.T, w *enginetest.Warehouse, world *world, after string) {
	t.Helper()
	closely := cmpopts.EquateApprox(1e-12, 1e-12)
	for _, campaign := range world.campaigns {
		want := world.report(campaign)
		filter := fmt.Sprintf("campaign_id = %d", campaign.id)
		if diff := cmp.Diff(want, readReport(t, w, filter), closely); diff != "" {
			t.Errorf("after %s, campaign %d: want (-), got (+):\n%s", after, campaign.id, diff)
		}
		if diff := cmp.Diff(want, readReport(t, w, "campaign = '"+quoted(campaign.name)+"'"), closely); diff != "" {
			t.Errorf("after %s, campaign %s by name: want (-), got (+):\n%s", after, campaign.name, diff)
		}
		if diff := cmp.Diff(world.classes(campaign), readClasses(t, w, filter)); diff != "" {
			t.Errorf("after %s, classes of campaign %d: want (-), got (+):\n%s", after, campaign.id, diff)
		}
	}
}

func insertRows(t *testing.T, w *enginetest.Warehouse, into string, rows []string) {
	t.Helper()
	if len(rows) == 0 {
		t.Fatalf("no rows for %s", into)
	}
	w.Text(t, enginetest.WarehouseUser, "INSERT INTO "+into+" VALUES\n"+strings.Join(rows, ",\n"),
		map[string]string{"insert_deduplicate": "0", "max_query_size": "100000000"})
}

func insertOpens(t *testing.T, w *enginetest.Warehouse, opens []open, batches int) {
	t.Helper()
	for i := range batches {
		var rows []string
		for _, o := range opens[i*len(opens)/batches : (i+1)*len(opens)/batches] {
			rows = append(rows, o.row())
		}
		insertRows(t, w, "opens (campaign_id, message_id, opened_at, event_id, class, reason, ruleset_version, verdict_version)", rows)
	}
}
