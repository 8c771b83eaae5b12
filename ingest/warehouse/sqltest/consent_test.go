package sqltest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"glint/ingest/warehouse/enginetest"
)

const zeroID = "00000000-0000-0000-0000-000000000000"

// stratum is a part of a campaign in the differencing attack.
type stratum struct {
	messages int
	opens    []int // by hour
}

// aggregateWorld fills a campaign with strata.
func aggregateWorld(t *testing.T, w *enginetest.Warehouse, campaign int, strata []stratum) {
	t.Helper()
	text := func(statement string) { w.Text(t, enginetest.WarehouseUser, statement, nil) }
	text(fmt.Sprintf("INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (%d, 'attack %d', now64(3), '')", campaign, campaign))
	event := 0
	var sends, opens []string
	for i, s := range strata {
		id := uuid.NewSHA1(uuid.Nil, fmt.Append(nil, campaign, i)).String()
		text(fmt.Sprintf("INSERT INTO strata VALUES (%d, '%s', 'provider', 's%02d')", campaign, id, i))
		for m := range s.messages {
			sends = append(sends, fmt.Sprintf("(%d, '%s', 'r%d.%d', 'aggregate', 's%02d')", campaign, uuid.NewString(), i, m, i))
		}
		for hour, n := range s.opens {
			for range n {
				event++
				opens = append(opens, fmt.Sprintf("(%d, '%s', toDateTime('2026-11-28 %02d:00:00', 'UTC'), %d, 'human_direct', 1)", campaign, id, hour, event))
			}
		}
	}
	if len(sends) > 0 {
		text("INSERT INTO sends (campaign_id, message_id, recipient, tracking, stratum) VALUES " + strings.Join(sends, ","))
	}
	if len(opens) > 0 {
		insert := "INSERT INTO aggregate_opens (campaign_id, stratum_id, opened_hour, event_id, class, verdict_version) VALUES " + strings.Join(opens, ",")
		text(insert)
		text(insert) // a repeat changes no count
	}
}

// cells are the counts of one division that a reader sees; -1: hidden.
func cells(t *testing.T, w *enginetest.Warehouse, campaign int, dimension string) map[string]int {
	t.Helper()
	all := map[string]int{}
	answer := w.Text(t, enginetest.ReaderUser, fmt.Sprintf("SELECT value, ifNull(opens, -1) FROM aggregate_counts WHERE campaign_id = %d AND dimension = '%s' FORMAT TSVRaw", campaign, dimension), nil)
	for line := range strings.Lines(answer) {
		value, count, _ := strings.Cut(strings.TrimSpace(line), "\t")
		n, err := strconv.Atoi(count)
		if err != nil {
			t.Fatal(err)
		}
		all[value] = n
	}
	return all
}

// A reader subtracts what a division shows from the whole: the rest must be none, or
// of at least two parts and ten opens.
func TestAggregatedMeasurementWithstandsDifferencing(t *testing.T) {
	w := enginetest.Open(t)
	w.Empty(t)
	r := rand.New(rand.NewPCG(7, 7))
	worlds := [][]stratum{
		{{20, []int{30}}, {20, []int{4}}},                  // the total would show the 4
		{{20, []int{30}}, {20, []int{15}}, {3, []int{12}}}, // few people, many opens
		{{20, []int{9}}, {20, []int{9}}},
		{{20, []int{12, 11}}, {20, []int{10, 3}}},
		{{5, []int{3}}},
		{{20, []int{40}}, {20, []int{40}}},
	}
	for range 30 {
		var world []stratum
		for range 1 + r.IntN(6) {
			s := stratum{messages: r.IntN(40)}
			for range 1 + r.IntN(4) {
				s.opens = append(s.opens, r.IntN(25))
			}
			world = append(world, s)
		}
		worlds = append(worlds, world)
	}
	hiddenOnes, shown := 0, 0
	for i, world := range worlds {
		campaign := 1000 + i
		aggregateWorld(t, w, campaign, world)
		people, messages := 0, 0
		hours := map[int]int{}
		for _, s := range world {
			messages += s.messages
			for hour, n := range s.opens {
				people += n
				hours[hour] += n
			}
		}
		whole, there := cells(t, w, campaign, "campaign")["people"]
		if want := people; there && (want < 10 || messages < 10) != (whole < 0) || whole >= 0 && whole != want {
			t.Errorf("world %d: %d opens of %d messages show as %d", i, people, messages, whole)
		}
		for _, dimension := range []string{"provider", "hour"} {
			hidden, hiddenOpens := 0, people
			for value, n := range cells(t, w, campaign, dimension) {
				if n < 0 {
					hidden++
					continue
				}
				shown++
				hiddenOpens -= n
				if n < 10 {
					t.Errorf("world %d: %s %s shows %d", i, dimension, value, n)
				}
			}
			hiddenOnes += hidden
			if hidden > 0 && whole >= 0 && (hidden < 2 || hiddenOpens < 10) {
				t.Errorf("world %d: %s: the whole %d shows that %d hidden cells have %d opens", i, dimension, whole, hidden, hiddenOpens)
			}
		}
	}
	if hiddenOnes < 20 || shown < 20 {
		t.Errorf("%d cells are hidden and %d shown: the worlds are too much alike", hiddenOnes, shown)
	}
}

func TestHonestNumbersLeaveUntrackedSendsOut(t *testing.T) {
	w := enginetest.Open(t)
	w.Empty(t)
	text := func(statement string) string { return w.Text(t, enginetest.WarehouseUser, statement, nil) }
	text("INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (5, 'spring', now64(3), '')")
	for i := range 40 {
		id := uuid.NewString()
		text(fmt.Sprintf("INSERT INTO sends (campaign_id, message_id, recipient, domain) VALUES (5, '%s', 'r%d@gmail.com', 'gmail.com')", id, i))
		if i < 15 {
			text(fmt.Sprintf("INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES (5, '%s', now64(3), %d, 'human_direct', 'x', 1)", id, i))
		}
	}
	const rates = "SELECT reliable_unique_opens, measured, mpp_adjusted_open_rate, open_rate_low, open_rate_high, ci_low, ci_high FROM campaign_report WHERE campaign_id = 5"
	const estimates = "SELECT name, rate, low, high, n FROM campaign_estimates WHERE campaign_id = 5 ORDER BY name"
	before, beforeEstimates := text(rates), text(estimates)
	for i := range 25 {
		text(fmt.Sprintf("INSERT INTO sends (campaign_id, message_id, recipient, domain, tracking, stratum) VALUES (5, '%s', 's%d@example.com', 'example.com', '%s', '%s')",
			uuid.NewString(), i, []string{"aggregate", "off", "last_open"}[i%3], []string{"all", "", ""}[i%3]))
	}
	text(fmt.Sprintf("INSERT INTO aggregate_opens (campaign_id, stratum_id, opened_hour, event_id, class, verdict_version) VALUES (5, '%s', now(), 99, 'human_direct', 1)", zeroID))
	if after := text(rates); after != before {
		t.Errorf("rates %safter %s", before, after)
	}
	if after := text(estimates); after != beforeEstimates {
		t.Errorf("estimates\n%safter\n%s", beforeEstimates, after)
	}
	if got := text("SELECT round(measured_share, 4), delivered FROM campaign_report WHERE campaign_id = 5"); got != "0.6154\t65\n" {
		t.Errorf("measured share %s", got)
	}
	got := w.Text(t, enginetest.ReaderUser, "SELECT fact, value, measured, rest, round(difference, 2) FROM measured_and_rest WHERE campaign_id = 5 AND fact IN ('messages', 'provider', 'clicked') ORDER BY fact, value", nil)
	want := "clicked\tall\t0\t0\t0\nmessages\tall\t40\t25\t0\nprovider\tgmail\t40\t0\t1\nprovider\tother\t0\t25\t-1\n"
	if got != want {
		t.Errorf("measured and rest\n%swant\n%s", got, want)
	}
}
