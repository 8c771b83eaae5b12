package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"glint/edge/event"
	"glint/ingest/receiver/linegen"
)

// TestTheSameLinesThreeTimesGiveTheSameReports posts the lines of four campaigns
// three times, each time in another order, in other bodies and encodings, with
// lines that come twice in one body. One campaign has URLs of plain UUIDs, and one
// of those is registered after its opens have come.
func TestTheSameLinesThreeTimesGiveTheSameReports(t *testing.T) {
	i := up(t, newHome(t))
	styles := map[string]string{"one": "token", "two": "token", "plain": "uuid", "late": "uuid"}
	var lines []string
	opens := map[string]map[event.ID]bool{}
	for n, campaign := range []string{"one", "two", "plain", "late"} {
		var events []event.Event
		events, opens[campaign] = playOn(t, registerAs(t, i, i.pixel, campaign, styles[campaign], 150), uint64(n))
		for k := range events {
			lines = append(lines, string(events[k].AppendJSON(nil)))
		}
	}
	// As if the last one were not registered yet: the table that finds a message's campaign.
	late := "campaign_id = (SELECT campaign_id FROM campaigns WHERE name = 'late')"
	backup := query(t, i, "SELECT * FROM message_campaigns FINAL WHERE "+late+" FORMAT Values")
	query(t, i, "ALTER TABLE message_campaigns DELETE WHERE "+late+" SETTINGS mutations_sync = 2")

	postShuffled(t, i, lines, 0)
	if got := fmt.Sprint(i.report(t, "late")["opens_total"]); got != "0" {
		t.Errorf("%s opens of a campaign count before it is registered", got)
	}
	query(t, i, "INSERT INTO message_campaigns VALUES "+backup)
	for campaign, events := range opens {
		eventually(t, "the opens of "+campaign, func() bool {
			return fmt.Sprint(i.report(t, campaign)["opens_total"]) == fmt.Sprint(len(events))
		})
	}
	first, printed := numbersOf(t, i), fmt.Sprint(i.report(t, "plain"))
	for round := 1; round < 3; round++ {
		postShuffled(t, i, lines, round)
		if again := numbersOf(t, i); again != first {
			t.Errorf("posted again (%d), the same lines gave other numbers:\n%s\nwant\n%s", round, again, first)
		}
	}
	if again := fmt.Sprint(i.report(t, "plain")); again != printed {
		t.Errorf("the report became\n%s\nwas\n%s", again, printed)
	}
	other := parsed(t, []byte(lines[0]+"\n"))[0]
	other.ID[15]++
	postShuffled(t, i, []string{string(other.AppendJSON(nil))}, 0)
	if numbersOf(t, i) == first {
		t.Error("one more open changed no number: the comparison sees nothing")
	}
}

// playOn has mixed clients open the messages, some of them several times.
func playOn(t *testing.T, messages []message, seed uint64) (events []event.Event, ids map[event.ID]bool) {
	t.Helper()
	chance := rand.New(rand.NewPCG(seed, 3))
	ids = map[event.ID]bool{}
	for _, e := range parsed(t, linegen.Body(seed, 400)) {
		m := messages[chance.IntN(len(messages)*3/4)] // the others never open
		if e.Token = tokenOf(m.url); strings.Contains(m.url, "/pixel/") {
			e.Kind, e.TokenStatus = event.KindUUID, event.TokenUnchecked
		}
		ids[e.ID] = true
		events = append(events, e)
	}
	return events, ids
}

// postShuffled posts the lines in the order, the bodies and the encoding of a
// round, one of ten twice, and waits until they are in the warehouse.
func postShuffled(t *testing.T, i *instance, lines []string, round int) {
	t.Helper()
	chance := rand.New(rand.NewPCG(8, uint64(round)))
	var all []string
	for _, line := range lines {
		all = append(all, line)
		if chance.IntN(10) == 0 {
			all = append(all, line)
		}
	}
	chance.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
	size := []int{97, 31, 700}[round]
	for start := 0; start < len(all); start += size {
		part := all[start:min(start+size, len(all))]
		if status, answer := post(t, i, []byte(strings.Join(part, "\n")+"\n"), []string{"", "gzip", "zstd"}[round]); status != http.StatusOK {
			t.Fatalf("status %d: %s", status, answer)
		}
	}
	eventually(t, "the lines to be in the warehouse", func() bool { return i.backlog(t) == 0 })
}

// numbersOf is every field of every report, and the opens by class.
func numbersOf(t *testing.T, i *instance) string {
	t.Helper()
	return query(t, i, "SELECT * EXCEPT (computed_at) FROM campaign_report ORDER BY campaign FORMAT Vertical") +
		query(t, i, "SELECT * FROM opens_by_class ORDER BY ALL FORMAT TSVWithNames") +
		query(t, i, "SELECT * FROM unique_opens ORDER BY campaign FORMAT TSVWithNames")
}
