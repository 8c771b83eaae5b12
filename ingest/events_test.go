package ingest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"glint/ingest/warehouse"
)

const (
	eventsToken  = "a-token-for-events"
	webhookToken = "a-secret-of-a-webhook"
)

// withEvents lets the service take events by a token and by a webhook.
func withEvents(t *testing.T) func(*Config) {
	t.Helper()
	dir := t.TempDir()
	tokens, webhooks := filepath.Join(dir, "tokens"), filepath.Join(dir, "webhooks")
	for path, text := range map[string]string{tokens: "esp:deliveries:" + eventsToken, webhooks: "hook:postmark:path:" + webhookToken} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(c *Config) { c.TokensFile, c.WebhooksFile = tokens, webhooks }
}

type eventsAnswer struct {
	status  int
	Reason  string
	Stored  int
	Waiting int
	Faulty  int
	Opens   int `json:"opens_left_out"`
	Repeats int `json:"repeated"`
}

// postEvents posts a body; a token is sent as long as the path names no source.
func postEvents(t *testing.T, s *service, path, token, contentType, body string) (a eventsAnswer) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.Ingest+"/v1/deliveries"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	a.status = exchangeJSON(t, r, &a)
	return a
}

func TestEventsOverHTTPAreStoredBeforeTheAnswer(t *testing.T) {
	engine := newEngine(t)
	w := engine.migrated(t)
	s := runService(t, t.TempDir(), engine.dsn, withEvents(t))
	campaign, err := w.EnsureCampaign(t.Context(), "spring")
	if err != nil {
		t.Fatal(err)
	}
	ids := []uuid.UUID{{1, 15: 1}, {2, 15: 2}}
	if err := w.InsertSends(t.Context(), "s", []warehouse.Send{{CampaignID: campaign.ID, MessageID: ids[0], Recipient: "ada@example.com"}}); err != nil {
		t.Fatal(err)
	}
	line := func(id uuid.UUID, kind string) string {
		return fmt.Sprintf(`{"event":%q,"at":"2026-01-02T03:04:05Z","message_id":%q}`, kind, id) + "\n"
	}
	click := fmt.Sprintf(`{"RecordType":"Click","ReceivedAt":"2026-01-02T03:04:05Z","OriginalLink":"https://example.com/","Metadata":{"glint_message_id":%q}}`, ids[0])
	for _, c := range []struct {
		name, path, token, contentType, body string
		want                                 eventsAnswer
	}{
		{"events", "", eventsToken, "", line(ids[0], "bounced") + line(ids[0], "bounced") + line(ids[1], "sent") + line(ids[0], "open") + "nonsense\n", eventsAnswer{status: 200, Stored: 1, Repeats: 1, Waiting: 1, Faulty: 1, Opens: 1}},
		{"by recipient", "?format=csv&campaign=spring", eventsToken, "text/csv", "event,at,recipient\nunsubscribed,2026-01-02T03:04:05Z,Ada@example.com\n", eventsAnswer{status: 200, Stored: 1}},
		{"a form", "?format=mailgun", eventsToken, "application/x-www-form-urlencoded", "event=complained&timestamp=1767323045&glint_message_id=" + ids[0].String(), eventsAnswer{status: 200, Stored: 1}},
		{"a webhook", "/hook/" + webhookToken, "", "", click, eventsAnswer{status: 200, Stored: 1}},
		{"again", "/hook/" + webhookToken, "", "", click, eventsAnswer{status: 200, Repeats: 1}},
		{"a wrong secret", "/hook/" + webhookToken + "x", eventsToken, "", click, eventsAnswer{status: 401, Reason: "unproven"}},
		{"no secret", "/hook", eventsToken, "", click, eventsAnswer{status: 401, Reason: "unproven"}},
		{"another source", "/other/" + webhookToken, eventsToken, "", click, eventsAnswer{status: 401, Reason: "unproven"}},
		{"no token", "", "", "", click, eventsAnswer{status: 401, Reason: "unauthorized"}},
		{"the log's token", "", testToken, "", click, eventsAnswer{status: 403, Reason: "wrong_scope"}},
		{"nothing", "", eventsToken, "", "hello", eventsAnswer{status: 400, Reason: "unknown_format"}},
		{"an empty body", "", eventsToken, "", "", eventsAnswer{status: 400, Reason: "unknown_format"}},
		{"no event", "?format=jsonl", eventsToken, "", "{}\n", eventsAnswer{status: 400, Reason: "no_events", Faulty: 1}},
		{"a wrong format", "?format=xml", eventsToken, "", click, eventsAnswer{status: 400, Reason: "unknown_parameter"}},
	} {
		if got := postEvents(t, s, c.path, c.token, c.contentType, c.body); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	if got := engine.query(t, "SELECT groupArray(toString(kind)) FROM (SELECT kind FROM glint.deliveries FINAL ORDER BY kind)"); strings.TrimSpace(got) != "['bounced','complained','clicked','unsubscribed']" {
		t.Errorf("the table has %s", got)
	}
	m := s.metrics(t)
	if m[`glint_deliveries_total{outcome="stored"}`] != 4 || m[`glint_deliveries_total{outcome="waiting"}`] != 1 {
		t.Errorf("%v stored, %v waiting", m[`glint_deliveries_total{outcome="stored"}`], m[`glint_deliveries_total{outcome="waiting"}`])
	}
	for name := range m {
		if strings.Contains(name, webhookToken) {
			t.Errorf("a metric has a secret: %s", name)
		}
	}
	if err := w.InsertSends(t.Context(), "s2", []warehouse.Send{{CampaignID: campaign.ID, MessageID: ids[1], Recipient: "bob@example.com"}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the waiting event to move", func() bool {
		return engine.count(t, "SELECT count() FROM glint.deliveries FINAL WHERE kind = 'sent'") == 1
	})
	engine.stop(t)
	if got := postEvents(t, s, "", eventsToken, "", line(ids[0], "converted")); got.status != http.StatusServiceUnavailable {
		t.Errorf("without a warehouse: %+v", got)
	}
}
