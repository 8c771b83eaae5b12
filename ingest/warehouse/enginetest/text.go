package enginetest

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"glint/ingest/warehouse/embedded"
)

// tables are the tables with data of campaigns.
var tables = []string{
	"campaigns", "sends", "message_campaigns", "opens", "unresolved_opens", "unresolved_deliveries", "bad_tokens", "registrations", "recipient_messages",
	"key_fingerprints", "deliveries", "campaign_changes", "campaign_totals",
	"campaign_estimate_totals", "campaign_breakdowns", "judgements", "web_events", "deleted_campaigns",
	"consents", "withdrawals", "strata", "aggregate_opens",
	"erasing", "erased_messages", "last_opens",
}

// Empty removes all rows, and the names of earlier inserts.
func (w *Warehouse) Empty(tb testing.TB) {
	tb.Helper()
	for _, table := range tables {
		if table != "opens" || w.shards == nil {
			w.Text(tb, WarehouseUser, "TRUNCATE TABLE "+table, nil)
			continue
		}
		for i := range w.shards.servers {
			if _, err := try(w.shards.URL(i), WarehouseUser, "TRUNCATE TABLE glint.opens_local", nil); err != nil {
				tb.Fatal(err)
			}
		}
	}
}

// Text runs one statement over ClickHouse's HTTP interface and returns the
// answer unchanged. The parameters go into the URL: settings by their name,
// query parameters as param_<name>.
func (w *Warehouse) Text(tb testing.TB, u User, statement string, parameters map[string]string) string {
	tb.Helper()
	text, err := w.try(u, statement, parameters)
	if err != nil {
		tb.Fatalf("%v\nin: %.2000s", err, statement)
	}
	return text
}

// Refused runs one statement that must fail and returns the engine's message.
func (w *Warehouse) Refused(tb testing.TB, u User, statement string) string {
	tb.Helper()
	text, err := w.try(u, statement, nil)
	if err == nil {
		tb.Fatalf("not refused to %s: %s\nanswer: %s", u.Name, statement, text)
	}
	return err.Error()
}

func (w *Warehouse) try(u User, statement string, parameters map[string]string) (string, error) {
	if w.shards != nil {
		with := map[string]string{"database": embedded.Database}
		maps.Copy(with, spreading)
		maps.Copy(with, parameters)
		parameters = with
	}
	return try(w.URL, u, statement, parameters)
}

func try(at string, u User, statement string, parameters map[string]string) (string, error) {
	values := url.Values{"wait_end_of_query": {"1"}, "async_insert": {"0"}}
	for name, value := range maps.All(parameters) {
		values.Set(name, value)
	}
	request, err := http.NewRequest(http.MethodPost, at+"/?"+values.Encode(), strings.NewReader(statement))
	if err != nil {
		return "", err
	}
	request.SetBasicAuth(u.Name, u.Password)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", response.Status, text)
	}
	return string(text), nil
}
