package ingest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"glint/edge/classify"
	"glint/edge/event"
	"glint/ingest/receiver/linegen"
	"glint/ingest/warehouse"
)

// TestABatchOfOlderRulesKeepsItsVerdict upgrades glint between two tries of a
// batch: the older one's insert took effect without its answer, and the newer one
// judges otherwise.
func TestABatchOfOlderRulesKeepsItsVerdict(t *testing.T) {
	const lines = 200
	const olderRules = classify.RulesetVersion - 1
	e := newEngine(t)
	dir := t.TempDir()
	var open atomic.Bool
	way := newLossyWay(t, e, func(string, string) fate {
		if open.Load() {
			return answered
		}
		return lostRequest
	})
	body := linegen.Body(3, lines)
	older := runService(t, dir, way.dsn(t), nil)
	older.post(t, body)
	eventually(t, "the first try", func() bool { return way.times("opens", lostRequest) > 0 })
	older.stop()

	name := ageManifest(t, filepath.Join(dir, "log", "batches", "live"), olderRules)
	if err := e.migrated(t).InsertOpens(t.Context(), name, judgedOtherwise(t, body, olderRules)); err != nil {
		t.Fatal(err)
	}
	open.Store(true)
	newer := runService(t, dir, way.dsn(t), nil)
	newer.drained(t)
	got := e.query(t, "SELECT count(), uniqExact(event_id), groupUniqArray((class, reason, ruleset_version)) FROM opens")
	if want := fmt.Sprintf("%d\t%d\t[('bot','older_rule',%d)]", lines, lines, olderRules); got != want {
		t.Errorf("rows, events and verdicts are %s, want %s", got, want)
	}
	newer.post(t, body) // the same lines once more are another batch, judged by the new rules
	newer.drained(t)
	got = e.query(t, "SELECT count(), groupUniqArray((class, reason, ruleset_version)) FROM opens FINAL")
	if want := fmt.Sprintf("%d\t[('bot','older_rule',%d)]", lines, olderRules); got != want {
		t.Errorf("after the same lines again they are %s, want %s", got, want)
	}
}

// ageManifest rewrites the one manifest as an older glint would have it, and
// returns the batch's name.
func ageManifest(t *testing.T, dir string, rules uint16) (name string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "0*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("manifests %v, %v; want one", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if m["ruleset_version"] != float64(classify.RulesetVersion) {
		t.Fatalf("the manifest is %s", text)
	}
	m["ruleset_version"] = rules
	if text, err = json.Marshal(m); err == nil {
		err = os.WriteFile(files[0], text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	name, _ = m["name"].(string)
	return strings.Clone(name)
}

// judgedOtherwise are the rows of a body as rules would have them that take
// everybody for a bot.
func judgedOtherwise(t *testing.T, body []byte, rules uint16) (opens []warehouse.Open) {
	t.Helper()
	ring := testRing(t)
	for _, e := range eventsOf(t, body) {
		opened, err := ring.Open(e.Token)
		if err != nil {
			t.Fatal(err)
		}
		opens = append(opens, warehouse.Open{
			CampaignID: uint64(opened.Campaign), MessageID: uuid.UUID(opened.Message),
			Facts:       warehouse.Facts{OpenedAt: e.OpenedAt, EventID: e.ID.Key(), ReceivedAt: e.OpenedAt, Method: e.Method},
			TokenStatus: map[event.TokenStatus]int8{event.TokenValid: 1}[e.TokenStatus],
			Class:       int8(classify.Bot), Reason: "older_rule", RulesetVersion: rules, VerdictVersion: 65535 - uint32(rules),
		})
	}
	return opens
}
