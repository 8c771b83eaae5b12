package ingest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/ingest/consent"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

const sendsToken = "a-token-for-sends"

// sendsHome is a home with a policy and edges.
type sendsHome struct {
	consent.Book
	policy sends.Policy
	modes  map[string]bool
}

func (h sendsHome) WithdrawnFate() (warehouse.Fate, error) { return warehouse.FateCount, nil }

func (h sendsHome) RegisterRules(base string) (sends.Policy, warehouse.Fate, bool, error) {
	return h.policy, warehouse.FateCount, h.modes[base], nil
}

func withSends(tb testing.TB, h sendsHome) func(*Config) {
	tb.Helper()
	tokens := filepath.Join(tb.TempDir(), "tokens")
	if err := os.WriteFile(tokens, []byte("shop:sends:"+sendsToken), 0o600); err != nil {
		tb.Fatal(err)
	}
	return func(c *Config) {
		c.TokensFile, c.Consent, c.PixelBaseURL = tokens, h, "https://pixel.example.com"
	}
}

type sendsAnswer struct {
	CampaignID                        string `json:"campaign_id"`
	Reason, Message                   string
	Stored, Changed, Repeated, Faulty int
	Skipped                           int
	Left                              []postedFault `json:"left_out"`
	Messages                          []postedMessage
	status                            int
}

func postSends(tb testing.TB, s *service, query, token string, body []byte, header ...string) (a sendsAnswer) {
	tb.Helper()
	r, err := http.NewRequest(http.MethodPost, s.Ingest+"/v1/sends"+query, bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if len(header) == 2 {
		r.Header.Set(header[0], header[1])
	}
	a.status = exchangeJSON(tb, r, &a)
	return a
}

func zipped(tb testing.TB, text string) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // into memory
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestMessagesOverHTTPAreRegisteredBeforeTheAnswer(t *testing.T) {
	engine := newEngine(t)
	engine.migrated(t)
	s := runService(t, t.TempDir(), engine.dsn, withSends(t, sendsHome{modes: map[string]bool{"https://modes.example.com": true}}))
	partly := []byte("recipient\nok@example.com\ntwo@example.com\nPERSON@x@example.com\nmy name <PERSON@example.com>\nOK@example.com\n")
	ada := `{"recipient":"Ada@Example.com","sent_at":"2026-01-02T03:04:05Z","plan":"pro"}`
	var tooMany bytes.Buffer
	for i := range sends.MaxAtOnce + 1 {
		fmt.Fprintf(&tooMany, "{\"recipient\":\"r%d\"}\n", i)
	}
	for _, c := range []struct {
		name, query, token       string
		body                     []byte
		status                   int
		reason                   string
		stored, repeated, faulty int
		header                   []string
	}{
		{"one object", "?campaign=spring&keep_columns=plan", sendsToken, []byte(ada), 200, "", 1, 0, 0, nil},
		{"again", "?campaign=spring&keep_columns=plan", sendsToken, []byte(ada), 200, "", 0, 1, 0, nil},
		{"again without the field", "?campaign=Spring%20&keep_columns=plan", sendsToken, []byte(ada), 200, "", 1, 0, 0, nil},
		{"a table", "?campaign=spring&format=csv", sendsToken, []byte("recipient,x\nada@example.com,1\nbob@example.com,2\n"), 200, "", 1, 1, 0, nil},
		{"a list, gzip", "?campaign=spring", sendsToken, zipped(t, `[{"recipient":"carl@example.com"},{"recipient":"dora@example.com"}]`), 200, "", 2, 0, 0, []string{"Content-Encoding", "gzip"}},
		{"the campaign in the objects", "", sendsToken, []byte(`{"campaign":"summer","recipient":"ada@example.com"}`), 200, "", 1, 0, 0, nil},
		{"two campaigns", "", sendsToken, []byte(`{"campaign":"a","recipient":"x"} {"campaign":"b","recipient":"y"}`), 400, "several_campaigns", 0, 0, 0, nil},
		{"no campaign", "", sendsToken, []byte(ada), 400, "no_campaign", 0, 0, 0, nil},
		{"a faulty row", "?campaign=spring", sendsToken, []byte(`{"recipient":"eve@example.com"} {"recipient":""}`), 400, "faulty_rows", 0, 0, 1, nil},
		{"a recipient twice", "?campaign=spring", sendsToken, []byte(`{"recipient":"eve@example.com"} {"recipient":"EVE@example.com"}`), 400, "faulty_rows", 0, 0, 1, nil},
		{"a recipient twice, the first counts", "?campaign=spring&duplicates=first&test=true", sendsToken, []byte(`{"recipient":"qa@example.com"} {"recipient":"QA@example.com"}`), 200, "", 1, 0, 0, nil},
		{"faulty rows, left out", "?campaign=part&faulty=skip&duplicates=first", sendsToken, partly, 200, "", 2, 0, 2, nil},
		{"a recipient twice is faulty", "?campaign=part&faulty=skip", sendsToken, []byte("recipient\nok@example.com\nOK@example.com\n"), 200, "", 0, 1, 1, nil},
		{"no row is right", "?campaign=part&faulty=skip", sendsToken, []byte(`{"recipient":""} {"recipient":" "}`), 400, "faulty_body", 0, 0, 0, nil},
		{"another way with faulty rows", "?campaign=part&faulty=first", sendsToken, []byte(ada), 400, "unknown_parameter", 0, 0, 0, nil},
		{"too many, most of them faulty", "?campaign=part&faulty=skip", sendsToken, slices.Concat([]byte(ada), bytes.Repeat([]byte(`{"recipient":""}`), sends.MaxAtOnce)), 413, "too_many", 0, 0, 0, nil},
		{"nothing", "?campaign=spring", sendsToken, nil, 400, "faulty_body", 0, 0, 0, nil},
		{"a broken body", "?campaign=spring", sendsToken, []byte("{"), 400, "faulty_body", 0, 0, 0, nil},
		{"an unknown parameter", "?campaigns=spring", sendsToken, []byte(ada), 400, "unknown_parameter", 0, 0, 0, nil},
		{"a parameter twice", "?campaign=a&campaign=b", sendsToken, []byte(ada), 400, "unknown_parameter", 0, 0, 0, nil},
		{"a private host", "?campaign=spring&pixel_base_url=https://pixel.lan", sendsToken, []byte(ada), 400, "unknown_parameter", 0, 0, 0, nil},
		{"aggregate at an unknown edge", "?campaign=agg&tracking=aggregate", sendsToken, []byte(ada), 400, "edge_unknown", 0, 0, 0, nil},
		{"aggregate by a bare id", "?campaign=agg&tracking=aggregate&url_style=uuid", sendsToken, []byte(ada), 400, "url_style", 0, 0, 0, nil},
		{"aggregate at an edge that knows", "?campaign=agg&tracking=aggregate&pixel_base_url=https://modes.example.com", sendsToken, []byte(ada), 200, "", 1, 0, 0, nil},
		{"too many", "?campaign=spring", sendsToken, tooMany.Bytes(), 413, "too_many", 0, 0, 0, nil},
		{"too large", "?campaign=spring", sendsToken, bytes.Repeat([]byte{' '}, maxSendBytes+1), 413, "too_large", 0, 0, 0, nil},
		{"a bomb", "?campaign=spring", sendsToken, zipped(t, strings.Repeat(" ", 2*maxSendBytes)), 413, "too_large", 0, 0, 0, []string{"Content-Encoding", "gzip"}},
		{"the log's token", "?campaign=spring", testToken, []byte(ada), 403, "wrong_scope", 0, 0, 0, nil},
		{"no token", "?campaign=spring", "", []byte(ada), 401, "unauthorized", 0, 0, 0, nil},
	} {
		got := postSends(t, s, c.query, c.token, c.body, c.header...)
		if got.status != c.status || got.Reason != c.reason || got.Stored != c.stored || got.Repeated != c.repeated || got.Faulty != c.faulty {
			t.Errorf("%s: %d %q (%s), stored %d, repeated %d, faulty %d", c.name, got.status, got.Reason, got.Message, got.Stored, got.Repeated, got.Faulty)
		}
	}
	part := postSends(t, s, "?campaign=part&faulty=skip&duplicates=first", sendsToken, partly)
	var left []int
	for _, row := range part.Left {
		left = append(left, row.Line)
		if row.Reason == "" || strings.Contains(row.Reason, "PERSON") || strings.Contains(strings.ToLower(row.Reason), "ok@") {
			t.Errorf("%+v", row)
		}
	}
	if part.Skipped != 1 || len(part.Messages) != 2 || !slices.Equal(left, []int{4, 5, 6}) {
		t.Errorf("%+v", part)
	}
	one := postSends(t, s, "?campaign=spring", sendsToken, []byte(ada)).Messages
	style := postSends(t, s, "?campaign=spring&url_style=query&pixel_base_url=https://cdn.example.com/img/dot.gif", sendsToken, []byte(ada)).Messages
	if len(one) != 1 || one[0].Recipient != "ada@example.com" || uuid.Validate(one[0].MessageID) != nil || !strings.HasPrefix(one[0].PixelURL, "https://pixel.example.com/o/") || one[0].Outcome != "repeated" {
		t.Errorf("%+v", one)
	}
	if len(style) != 1 || style[0].MessageID != one[0].MessageID || !strings.HasPrefix(style[0].PixelURL, "https://cdn.example.com/img/dot.gif?m=") || style[0].Outcome != "repeated" {
		t.Errorf("%+v", style)
	}
	s.registered(t)
	for query, want := range map[string]string{
		"SELECT campaign, sends, tests FROM glint.campaign_report WHERE campaign IN ('spring', 'summer', 'Spring', 'agg') ORDER BY campaign":                    "Spring\t1\t0\nagg\t1\t0\nspring\t4\t1\nsummer\t1\t0\n",
		"SELECT attributes['plan'], toUnixTimestamp(sent_at) FROM glint.sends FINAL WHERE recipient = 'ada@example.com' AND attributes['plan'] = 'pro' LIMIT 1": "pro\t1767323045\n",
		"SELECT count() FROM glint.sends WHERE recipient LIKE 'eve%' OR recipient LIKE 'r%'":                                                                    "0\n",
	} {
		if got := engine.query(t, query); got != strings.TrimSpace(want) {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	if m := s.metrics(t); m[`glint_posted_messages_total{outcome="faulty"}`] != 7 || m[`glint_posted_messages_total{outcome="stored"}`] < 7 {
		t.Errorf("metrics: %v", m[`glint_posted_messages_total{outcome="stored"}`])
	}
	manyAtOnce(t, engine, s)
	cutOff(t, engine, s)
	engine.stop(t)
	if got := postSends(t, s, "?campaign=spring", sendsToken, []byte(ada)); got.status != http.StatusServiceUnavailable {
		t.Errorf("without a warehouse: %+v", got)
	}
}

// manyAtOnce lets senders register the same and different recipients at the same time.
func manyAtOnce(t *testing.T, engine *testEngine, s *service) {
	const senders, each = 8, 12
	var wg sync.WaitGroup
	var mu sync.Mutex
	ids, stored := map[string]string{}, 0
	for sender := range senders {
		wg.Go(func() {
			for i := range each {
				recipient := fmt.Sprintf("reader%d@example.com", (sender/2)*each+i) // two senders have the same ones
				got := postSends(t, s, "?campaign=flood", sendsToken, fmt.Appendf(nil, `{"recipient":%q}`, recipient))
				if got.status != http.StatusOK || len(got.Messages) != 1 || got.Messages[0].Recipient != recipient {
					t.Errorf("%d: %+v", got.status, got)
					return
				}
				mu.Lock()
				if known := ids[recipient]; known != "" && known != got.Messages[0].MessageID {
					t.Errorf("%s has two messages", recipient)
				}
				ids[recipient] = got.Messages[0].MessageID
				stored += got.Stored
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if stored != senders/2*each || len(ids) != stored {
		t.Errorf("%d stored, %d recipients, want %d", stored, len(ids), senders/2*each)
	}
	s.registered(t)
	if got := engine.query(t, "SELECT sends FROM glint.campaign_report WHERE campaign = 'flood'"); strings.TrimSpace(got) != fmt.Sprint(stored) {
		t.Errorf("the report has %s", got)
	}
}

// cutOff takes away what an insert that was cut off has not filled: the same post
// again completes it.
func cutOff(t *testing.T, engine *testEngine, s *service) {
	body := []byte(`{"recipient":"cut@example.com"}`)
	first := postSends(t, s, "?campaign=cut&url_style=uuid", sendsToken, body)
	s.registered(t)
	for _, table := range []string{"message_campaigns", "recipient_messages"} {
		engine.query(t, "DELETE FROM glint."+table+" WHERE campaign_id = "+first.CampaignID)
		if got := postSends(t, s, "?campaign=cut&url_style=uuid", sendsToken, body); got.Stored != 1 || got.Messages[0] != first.Messages[0] {
			t.Errorf("%s: %+v", table, got)
		}
		s.registered(t)
		if engine.count(t, "SELECT count() FROM glint."+table+" FINAL WHERE campaign_id = "+first.CampaignID) != 1 {
			t.Errorf("%s was not filled again", table)
		}
	}
}

func TestThePolicyHoldsForPostedMessages(t *testing.T) {
	engine := newEngine(t)
	w := engine.migrated(t)
	hasher, err := w.RecipientHasher(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var choices []warehouse.Consent
	for i, c := range []struct {
		recipient string
		choice    warehouse.Choice
	}{{"yes@example.com", warehouse.Agreed}, {"no@example.com", warehouse.Refused}} {
		choices = append(choices, warehouse.Consent{
			Node: "n", Sequence: uint64(i + 1), Recipient: hasher.Key(c.recipient), Purpose: consent.PurposeOpens, Choice: c.choice,
			DecidedAt: time.Unix(1_700_000_000, 0), RecordedAt: time.Unix(1_700_000_000, 0), Method: "test", Hash: fmt.Sprint(i),
		})
	}
	if err := w.InsertConsents(t.Context(), "c", choices); err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"recipient":"yes@example.com"} {"recipient":"no@example.com"} {"recipient":"unasked@example.com"}`)
	for policy, want := range map[sends.Policy]string{
		sends.PolicyNone: "identified aggregate identified", sends.PolicyRequired: "identified aggregate aggregate",
	} {
		s := runService(t, t.TempDir(), engine.dsn, withSends(t, sendsHome{policy: policy, modes: map[string]bool{"https://pixel.example.com": true}}))
		var got []string
		for _, m := range postSends(t, s, "?campaign="+string(policy), sendsToken, body).Messages {
			got = append(got, m.Tracking)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("policy %s: %v, want %s", policy, got, want)
		}
		s.stop()
	}
}
