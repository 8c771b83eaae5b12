package e2e_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"glint/edge/event"
)

// TestNothingOlderThanItsTimeIsLeft lets facts, recipients, page views and dead letters
// live for seconds: what identifies is in no file then, decoded, and every number of the
// report but those that ask for a recipient's history is as it was.
func TestNothingOlderThanItsTimeIsLeft(t *testing.T) {
	const people = 200
	i := up(t, newHome(t), "--site", "shop=https://shop.example.com", "--log-retain", "1s")
	all := registerPeople(t, i, t.TempDir(), people)
	const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.5.3-unmistakable"
	var body bytes.Buffer
	var traces [][]byte
	for _, p := range all {
		e := event.Event{
			Version: event.Version, OpenedAt: time.Now().UTC(), Kind: event.KindToken, Token: p.token, Method: "GET",
			UserAgent: agent, IP: "198.51.100.0", Network: "none",
		}
		fillID(&e.ID, rand.Uint64())
		body.Write(append(e.AppendJSON(nil), '\n'))
		traces = append(traces, []byte(p.address))
	}
	fmt.Fprintln(&body, "no event, about", all[0].address)
	traces = append(traces, []byte("Thunderbird/140.5.3-unmistakable"), []byte("a-page-of-its-own"))
	if status, answer := post(t, i, body.Bytes(), ""); status != http.StatusOK {
		t.Fatal(status, answer)
	}
	a, err := http.Get(i.pixel + "/p.gif?site=shop&page=https://shop.example.com/a-page-of-its-own")
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close()
	eventually(t, "the opens and the view", func() bool {
		return query(t, i, "SELECT uniqExact(message_id) FROM opens") == fmt.Sprintln(people) && query(t, i, "SELECT count() FROM web_events") == "1\n"
	})
	if found := search(t, i.home, traces); len(found) == 0 {
		t.Fatal("the search finds nothing even before")
	}
	before := i.report(t, "rules")

	i.must(t, "retention", "set", "identified=3s", "pseudonymous=3s", "facts=3s", "web=3s", "dead-letters=3s", "--yes")
	eventually(t, "all to be gone from the tables", func() bool {
		return query(t, i, "SELECT countIf(user_agent != '' OR ip != toIPv6('::') OR method != '' OR network != '') FROM opens") == "0\n" &&
			query(t, i, "SELECT countIf(recipient != '' OR recipient_key != 0) FROM sends") == "0\n" &&
			query(t, i, "SELECT (SELECT count() FROM recipient_messages) + (SELECT count() FROM web_events)") == "0\n"
	})
	if n := query(t, i, "SELECT countIf(id_key != toFixedString('', 32)) FROM campaigns"); n != "0\n" {
		t.Errorf("%s keys of campaigns are left", n)
	}
	eventually(t, "no dead letter", func() bool {
		return strings.TrimSpace(i.must(t, "log", "deadletters", "list", "--format", "json")) == "[]"
	})
	after := i.report(t, "rules")
	for _, name := range []string{
		"sends", "delivered", "measured", "opens_total", "unique_opens", "reliable_unique_opens", "mpp_only", "unknown_only", "open_rate_low", "open_rate_high",
		"first_open_at", "last_open_at",
	} {
		if fmt.Sprint(before[name]) != fmt.Sprint(after[name]) {
			t.Errorf("%s was %v and is %v", name, before[name], after[name])
		}
	}
	if n := query(t, i, "SELECT countIf(class = 'human_direct') FROM opens FINAL"); n != fmt.Sprintln(people) {
		t.Errorf("%s opens have kept their verdict", n)
	}
	i.must(t, "reclassify")
	if n := query(t, i, "SELECT countIf(class = 'human_direct') FROM opens FINAL"); n != fmt.Sprintln(people) {
		t.Errorf("after reclassify %s opens have their verdict", n)
	}
	i.must(t, "retention", "set", "facts=forever", "web=forever", "identified=forever", "pseudonymous=forever")
	eventually(t, "lifetimes to go", func() bool {
		return query(t, i, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name IN ('opens', 'deliveries', 'web_events') AND position(create_table_query, 'TTL') > 0") == "0\n"
	})
}
