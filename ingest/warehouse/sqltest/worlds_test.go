package sqltest

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"glint/ingest/warehouse/enginetest"
	"glint/ingest/worlds"
)

// estimators in the order in which they are printed.
var estimators = []string{"hubspot", "strict", "visible_recipients", "visible_lambda", "clicks", "bounds", "overall"}

// judged is a campaign whose truth is known, with the numbers of the views.
type judged struct {
	world     worlds.World
	truth     float64
	estimates map[string]estimate
}

// TestOverallCoversTheTruth plays generated accounts through the views, and
// compares all estimates with the recount. With GLINT_WORLDS=all it takes all
// named worlds, 200 random and 120 varied ones, judges the width too, and prints
// bias, coverage and width of each estimator.
func TestOverallCoversTheTruth(t *testing.T) {
	random := worlds.Random(200, worlds.Seed)
	varied := worlds.Varied(120, worlds.Seed)
	all := slices.Concat(worlds.Named(), random, varied)
	switch os.Getenv("GLINT_WORLDS") {
	case "all":
	case "varied":
		all = varied
	default:
		all = slices.Clone(varied[:12])
		small, apple := 0, 0 // a few of the smaller ones, and of those that the width is judged by
		for _, world := range random {
			switch {
			case world.AppleShare >= 0.3 && world.Clicks && apple < 5:
				apple++
				all = append(all, world)
			case world.Recipients <= 2000 && small < 8:
				small++
				all = append(all, world)
			}
		}
	}
	w := enginetest.Open(t)
	var campaigns []judged
	for i, world := range all {
		got := judge(t, w, world, worlds.Seed+uint64(i))
		campaigns = append(campaigns, got...)
		t.Log(summary(world.Name, got))
	}
	inWorld := func(keep func(worlds.World) bool) (kept []judged) {
		for _, c := range campaigns {
			if keep(c.world) {
				kept = append(kept, c)
			}
		}
		return kept
	}
	seen := inWorld(func(w worlds.World) bool { return w.Cloaked == 0 && strings.HasPrefix(w.Name, "random") })
	t.Log(summary("random worlds", seen))
	if covered := coverage(seen, "overall"); len(seen) > 0 && covered < 0.95 {
		t.Errorf("overall covers the truth in %.1f %% of %d campaigns, want 95", 100*covered, len(seen))
	}
	others := inWorld(func(w worlds.World) bool { return strings.HasPrefix(w.Name, "varied") })
	t.Log(summary("varied worlds", others))
	if covered := coverage(others, "overall"); covered < 0.95 {
		t.Errorf("overall covers the truth in %.1f %% of %d campaigns of varied worlds, want 95", 100*covered, len(others))
	}
	apple := inWorld(func(w worlds.World) bool {
		return w.Cloaked == 0 && w.AppleShare >= 0.3 && w.Clicks && strings.HasPrefix(w.Name, "random")
	})
	t.Log(summary("random worlds with Apple Mail and clicks", apple))
	// A few worlds, some of them small, do not determine a median.
	if ratio := widthRatio(apple); os.Getenv("GLINT_WORLDS") == "all" && (ratio > 0.6 || len(apple) == 0) {
		t.Errorf("median width of overall is %.2f of the bounds' in %d campaigns, want 0.6 at most", ratio, len(apple))
	}
}

// judge plays the account of a world and reads the estimates of its judged
// campaigns. They equal those of the recount.
func judge(t *testing.T, w *enginetest.Warehouse, world worlds.World, seed uint64) []judged {
	t.Helper()
	w.Empty(t)
	account := worlds.Generate(world, seed, time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC))
	insertAccount(t, w, account)
	recount := recountable(account)
	messages := recount.messages()
	var got []judged
	for i := world.First; i < len(account.Campaigns); i++ {
		got = append(got, judged{world, account.Campaigns[i].Truth(), readEstimates(t, w, fmt.Sprintf("campaign_id = %d", i+1))[uint64(i+1)]})
		tally := recount.tally(campaign{id: uint64(i + 1)}, messages)
		if diff := cmp.Diff(tally.estimates(), got[len(got)-1].estimates, cmpopts.EquateApprox(1e-9, 1e-12)); diff != "" {
			t.Errorf("%s, campaign %d, %+v: want (-), got (+):\n%s", world.Name, i+1, tally, diff)
		}
		holdRanges(t, report{}, got[len(got)-1].estimates)
	}
	return got
}

// recountable returns the account as rows that can be counted without SQL.
func recountable(account *worlds.Account) *world {
	w := &world{}
	for i, c := range account.Campaigns {
		for _, m := range c.Messages {
			id, number := uint64(i+1), 3*m.Recipient+1 // such a message's recipient has the same number
			state := map[bool]string{false: "registered", true: "bounced"}[m.Bounced]
			w.sends = append(w.sends, send{campaign: id, message: number, state: state, tracking: "identified", sentAt: c.SentAt})
			for _, f := range m.Fetches {
				w.opens = append(w.opens, open{campaign: id, message: number, openedAt: c.SentAt.Add(f.After), suspect: "none", class: f.Class, reason: f.Reason})
			}
			if m.Clicked && account.World.Clicks {
				w.deliveries = append(w.deliveries, delivery{campaign: id, message: number, kind: "clicked", class: "human_direct"})
			}
		}
	}
	return w
}

// insertAccount writes the account as tab-separated rows; campaign i has the id i + 1.
func insertAccount(t *testing.T, w *enginetest.Warehouse, account *worlds.Account) {
	t.Helper()
	rows := map[string]*strings.Builder{}
	into := func(table string) *strings.Builder {
		if rows[table] == nil {
			rows[table] = &strings.Builder{}
		}
		return rows[table]
	}
	const campaigns = "campaigns (campaign_id, name, created_at, id_key)"
	const sends = "sends (campaign_id, message_id, recipient, recipient_key, state, sent_at)"
	const opens = "opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version)"
	const deliveries = "deliveries (campaign_id, message_id, kind, occurred_at, class, verdict_version)"
	event := 0
	for i, c := range account.Campaigns {
		fmt.Fprintf(into(campaigns), "%d\tcampaign %d\t%s\tk\n", i+1, i+1, c.SentAt.Format(time.DateTime))
		for n, m := range c.Messages {
			state := map[bool]string{false: "registered", true: "bounced"}[m.Bounced]
			fmt.Fprintf(into(sends), "%d\t%s\tr\t%d\t%s\t%s\n", i+1, messageID(n), m.Recipient+1, state, c.SentAt.Format(time.DateTime))
			for _, f := range m.Fetches {
				event++
				fmt.Fprintf(into(opens), "%d\t%s\t%s\t%d\t%s\t%s\t65534\n", i+1, messageID(n), c.SentAt.Add(f.After).Format(millisecondsSQL), event, f.Class, f.Reason)
			}
			if m.Clicked && account.World.Clicks {
				fmt.Fprintf(into(deliveries), "%d\t%s\tclicked\t%s\thuman_direct\t65534\n", i+1, messageID(n), c.SentAt.Add(time.Hour).Format(millisecondsSQL))
			}
		}
	}
	for table, text := range rows {
		w.Text(t, enginetest.WarehouseUser, "INSERT INTO "+table+" FORMAT TSV\n"+text.String(), map[string]string{"insert_deduplicate": "0"})
	}
}

func (e estimate) width() float64 { return *e.High - *e.Low }

// coverage is the share of campaigns whose truth is in the estimator's range.
func coverage(campaigns []judged, name string) float64 {
	covered, known := 0.0, 0.0
	for _, c := range campaigns {
		if e := c.estimates[name]; e.Low != nil {
			known++
			covered += float64(one(*e.Low <= c.truth && c.truth <= *e.High))
		}
	}
	return covered / known
}

// widthRatio is the median width of overall as a share of the bounds' median.
func widthRatio(campaigns []judged) float64 {
	var overall, bounds []float64
	for _, c := range campaigns {
		if c.estimates["bounds"].Low != nil {
			overall = append(overall, c.estimates["overall"].width())
			bounds = append(bounds, c.estimates["bounds"].width())
		}
	}
	return median(overall) / median(bounds)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// summary prints bias in points, coverage in percent and median width in points
// of each estimator.
func summary(name string, campaigns []judged) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-45s %4d campaigns", name, len(campaigns))
	for _, estimator := range estimators {
		var bias, width []float64
		for _, c := range campaigns {
			e := c.estimates[estimator]
			if e.Rate != nil {
				bias = append(bias, 100*(*e.Rate-c.truth))
			}
			if e.Low != nil {
				width = append(width, 100*e.width())
			}
		}
		if len(width) == 0 {
			fmt.Fprintf(&b, " | %s –", estimator)
			continue
		}
		fmt.Fprintf(&b, " | %s", estimator)
		if len(bias) > 0 {
			fmt.Fprintf(&b, " %+.1f", mean(bias))
		}
		fmt.Fprintf(&b, " %.0f %% %.1f", 100*coverage(campaigns, estimator), median(width))
	}
	return b.String()
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
