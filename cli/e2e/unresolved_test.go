package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
)

// TestAnOpenThatComesBeforeItsMessageIsRegisteredCountsAfterwards opens messages
// while the warehouse does not know them, and lets it know them then.
func TestAnOpenThatComesBeforeItsMessageIsRegisteredCountsAfterwards(t *testing.T) {
	i := up(t, newHome(t))
	messages := register(t, i, i.pixel, "uuid", 3)
	urls := make([]string, len(messages))
	for n, m := range messages {
		urls[n] = m.url
	}
	// As if they were not registered: the table that finds a message's campaign.
	backup := query(t, i, "SELECT * FROM message_campaigns FINAL FORMAT Values")
	query(t, i, "TRUNCATE TABLE message_campaigns")
	for _, url := range urls[:2] {
		answer, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
	}
	eventually(t, "the opens to wait", func() bool { return query(t, i, "SELECT count() FROM unresolved_opens FINAL WHERE moved = 0") == "2\n" })
	if got := fmt.Sprint(i.report(t, "uuid")["opens_total"]); got != "0" {
		t.Errorf("%s opens are counted before the messages are registered", got)
	}
	query(t, i, "INSERT INTO message_campaigns VALUES "+backup)
	eventually(t, "the opens to be counted", func() bool { return fmt.Sprint(i.report(t, "uuid")["unique_opens"]) == "2" })
	if got := query(t, i, "SELECT count() FROM unresolved_opens FINAL WHERE moved = 0"); got != "0\n" {
		t.Errorf("%s opens still wait", got)
	}
}
