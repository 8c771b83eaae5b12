package migrate

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/warehouse/enginetest"
	"glint/schema"
	"glint/schema/migrate"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

var allMigrations = []string{
	"00001_campaigns", "00002_sends", "00003_message_campaigns", "00004_opens", "00005_unresolved_opens", "00006_bad_tokens",
	"00007_client_facts", "00008_network_list_date", "00009_sound_rows", "00010_deliveries", "00011_unresolved_deliveries", "00012_snapshots", "00013_consent", "00014_judgements", "00015_web_events", "00016_arrivals", "00017_erasures", "00018_last_opens", "00019_deleted_campaigns", "00020_lessened", "00021_web_arrivals", "00022_packed_snapshots", "00023_breakdowns", "00024_one_column",
}

func TestUpOfACurrentDatabaseChangesNothing(t *testing.T) {
	w := enginetest.Open(t)
	mustUp(t, w, migrate.Result{})
	mustUp(t, w, migrate.Result{})
}

func TestStatusTellsWhatIsApplied(t *testing.T) {
	w := enginetest.Open(t)
	migrations, err := migrate.Status(t.Context(), w.DB)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range migrations {
		names = append(names, m.Name)
		if m.Pending() || !strings.HasPrefix(m.Name, fmt.Sprintf("%05d_", m.Version)) {
			t.Errorf("%+v is not applied, or under another number", m)
		}
	}
	if diff := cmp.Diff(allMigrations, names); diff != "" {
		t.Error(diff)
	}
}

func TestMigrationsThatWereCutOffAreAppliedAgainWithoutHarm(t *testing.T) {
	w := enginetest.Open(t)
	exec(t, w, "INSERT INTO opens (campaign_id, opened_at) VALUES (1, '2026-03-01 00:00:00')")
	exec(t, w, "TRUNCATE TABLE goose_db_version") // as if no migration had come to its end
	migrations, err := migrate.Status(t.Context(), w.DB)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range migrations {
		if !m.Pending() {
			t.Errorf("%s is not pending", m.Name)
		}
	}
	mustUp(t, w, migrate.Result{Applied: allMigrations})
	mustUp(t, w, migrate.Result{})
	if rows := exec(t, w, "SELECT count() FROM opens"); rows != "1\n" {
		t.Errorf("rows of opens: %q", rows)
	}
	w.Empty(t)
}

func TestAChangedViewIsCreatedAgainWithAllOthers(t *testing.T) {
	w := enginetest.Open(t)
	var all []string
	for _, view := range schema.Views() {
		all = append(all, view.Name)
	}
	tests := []struct{ name, change string }{
		{"other text under another hash", "CREATE OR REPLACE VIEW unique_opens AS SELECT 1 AS x COMMENT 'glint views 0'"},
		{"created by hand", "CREATE OR REPLACE VIEW campaign_counts AS SELECT 1 AS x"},
		{"missing", "DROP VIEW message_opens"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			exec(t, w, test.change)
			mustUp(t, w, migrate.Result{Views: all})
			mustUp(t, w, migrate.Result{})
			w.Text(t, enginetest.ReaderUser, "SELECT sends FROM unique_opens", nil)
		})
	}
}

func TestViewsOfAnEarlierProgramAreDroppedAndThoseOfOthersKept(t *testing.T) {
	w := enginetest.Open(t)
	exec(t, w, "CREATE VIEW `no longer; needed` AS SELECT 1 AS x COMMENT 'glint views 0'")
	exec(t, w, "CREATE VIEW other_owners AS SELECT 1 AS x COMMENT 'keep'")
	mustUp(t, w, migrate.Result{})
	left := exec(t, w, "SELECT name FROM system.tables WHERE database = currentDatabase() AND name IN ('no longer; needed', 'other_owners')")
	if left != "other_owners\n" {
		t.Errorf("left: %q", left)
	}
	// A view of this schema that a later program drops, and another view of that name.
	exec(t, w, "CREATE VIEW given_up AS SELECT 1 AS x")
	exec(t, w, "INSERT INTO schema_views SELECT name, 'h', hex(sipHash128(create_table_query)), now64(3) FROM system.tables WHERE database = currentDatabase() AND name = 'given_up'")
	mustUp(t, w, migrate.Result{})
	if left := exec(t, w, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'given_up'"); left != "0\n" {
		t.Error("a view of an earlier program is kept")
	}
	exec(t, w, "CREATE VIEW given_up AS SELECT 1 AS x")
	mustUp(t, w, migrate.Result{})
	exec(t, w, "DROP VIEW given_up") // fails if it was dropped
	exec(t, w, "DROP VIEW other_owners")
}

// TestViewsOfProgramsThatKeptTheHashInCommentsAreReplacedOnce upgrades what those
// programs left: marked comments, and no table of hashes.
func TestViewsOfProgramsThatKeptTheHashInCommentsAreReplacedOnce(t *testing.T) {
	w := enginetest.Open(t)
	exec(t, w, "DROP TABLE schema_views SYNC")
	exec(t, w, "DELETE FROM goose_db_version WHERE version_id >= 16")
	var all []string
	for _, view := range schema.Views() {
		all = append(all, view.Name)
		exec(t, w, view.SQL+"\nCOMMENT 'purpose of it (glint views 6efb730c0c725dee0181c8d573b8a854)'")
	}
	exec(t, w, "CREATE VIEW of_old AS SELECT 1 AS x COMMENT 'old (glint views 6efb730c0c725dee0181c8d573b8a854)'")
	mustUp(t, w, migrate.Result{Applied: allMigrations[15:], Views: all})
	mustUp(t, w, migrate.Result{})
	if left := exec(t, w, "SELECT name, comment FROM system.tables WHERE database = currentDatabase() AND (position(comment, 'glint views') > 0 OR name = 'of_old')"); left != "" {
		t.Errorf("left: %s", left)
	}
}

func TestADatabaseOfANewerProgramIsLeftAlone(t *testing.T) {
	w := enginetest.Open(t)
	exec(t, w, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
	exec(t, w, "CREATE OR REPLACE VIEW unique_opens AS SELECT 1 AS x COMMENT 'glint views newer'")
	result, err := migrate.Up(t.Context(), w.DB)
	if !errors.Is(err, migrate.ErrNewer) {
		t.Errorf("got %+v, %v; want ErrNewer", result, err)
	}
	if text := exec(t, w, "SHOW CREATE VIEW unique_opens"); !strings.Contains(text, "glint views newer") {
		t.Errorf("the newer view was replaced: %s", text)
	}
	exec(t, w, "DELETE FROM goose_db_version WHERE version_id = 99999")
	if _, err := migrate.Up(t.Context(), w.DB); err != nil {
		t.Error(err)
	}
}

func TestAReaderCannotMigrate(t *testing.T) {
	w := enginetest.Open(t)
	if result, err := migrate.Up(t.Context(), w.Reader); err == nil {
		t.Errorf("no error; %+v", result)
	}
}

func mustUp(t *testing.T, w *enginetest.Warehouse, want migrate.Result) {
	t.Helper()
	got, err := migrate.Up(t.Context(), w.DB)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func exec(t *testing.T, w *enginetest.Warehouse, statement string) string {
	t.Helper()
	return w.Text(t, enginetest.WarehouseUser, statement, nil)
}
