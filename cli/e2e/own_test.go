package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestOpensOfOnesOwnNetworkAreKeptAndNeverCount names a network while glint
// runs. Opens of the campaign probe show when it has taken effect.
func TestOpensOfOnesOwnNetworkAreKeptAndNeverCount(t *testing.T) {
	i := up(t, newHome(t))
	messages, probe := register(t, i, i.pixel, "token", 3), register(t, i, i.pixel, "uuid", 1)
	stranger, own := fetchers[5], fetchers[5] // a mail client
	stranger.address, own.address = "127.0.5.1", "127.0.6.1"

	own.fetch(t, messages[0].url)
	eventually(t, "the open before the network was named", func() bool { return fmt.Sprint(i.report(t, "token")["opens_total"]) == "1" })

	i.must(t, "ignore", "add", "127.0.6.0/24")
	eventually(t, "the network to be ignored", func() bool {
		own.fetch(t, probe[0].url)
		return query(t, i, "SELECT countIf(reason = 'ignored_network') > 0 FROM opens FINAL") == "1\n"
	})
	own.fetch(t, messages[1].url)
	stranger.fetch(t, messages[2].url)
	eventually(t, "the stranger's open", func() bool { return fmt.Sprint(i.report(t, "token")["opens_total"]) == "2" })

	const sql = "SELECT class, reason, count() FROM opens FINAL WHERE campaign_id = %s GROUP BY ALL ORDER BY ALL"
	const want = "human_direct\tmail_client\t2\nnot_image\tignored_network\t1\n"
	eventually(t, "the opens of all three", func() bool { return query(t, i, fmt.Sprintf(sql, i.report(t, "token")["campaign_id"])) == want })
	r := i.report(t, "token")
	if opens, unique := fmt.Sprint(r["opens_total"]), fmt.Sprint(r["unique_opens"]); opens != "2" || unique != "2" {
		t.Errorf("%s opens, %s unique ones; the first is counted still, the second never", opens, unique)
	}
	if i.metrics(t)[`glint_list_reloads_total{list="ignore",outcome="taken"}`] != 1 {
		t.Error("the change of the list was not counted")
	}
}

// TestAListThatComesLaterIsTakenAndDated updates Apple's list beside a running
// pixel.
func TestAListThatComesLaterIsTakenAndDated(t *testing.T) {
	i := up(t, newHome(t))
	if !strings.Contains(i.stderr.String(), "see: glint networks list") {
		t.Errorf("the start says nothing of lists that are missing: %s", i.stderr)
	}
	apple := fetchers[3]
	m := register(t, i, i.pixel, "token", 1)[0]
	apple.fetch(t, m.url)
	const sql = "SELECT network, network_list_date, class FROM opens FINAL ORDER BY opened_at DESC LIMIT 1"
	eventually(t, "the open of an unknown network", func() bool { return query(t, i, sql) == "unknown\t1970-01-01\tunknown\n" })

	list := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(list, []byte(apple.address+"/32,US,US-CA,Los Angeles\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	if err := os.Chtimes(list, at, at); err != nil {
		t.Fatal(err)
	}
	i.must(t, "networks", "update", "--from", list)
	eventually(t, "an open that the list recognizes", func() bool {
		apple.fetch(t, m.url)
		return query(t, i, sql) == "apple_relay\t2026-05-06\tmachine_prefetch\n"
	})
	metrics := i.metrics(t)
	for name, want := range map[string]float64{
		`glint_networks_list_timestamp_seconds{list="apple_relay"}`:    float64(at.Unix()),
		`glint_list_reloads_total{list="apple_relay",outcome="taken"}`: 1,
	} {
		if metrics[name] != want {
			t.Errorf("%s is %v, want %v", name, metrics[name], want)
		}
	}
}
