package migrate

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"glint/ingest/warehouse/enginetest"
	"glint/schema"
	"glint/schema/migrate"
)

// toVersion brings an empty database to an older version of the schema, without
// views, as its program left it.
func toVersion(t *testing.T, w *enginetest.Warehouse, version string) {
	t.Helper()
	names := strings.Fields(exec(t, w, "SELECT name FROM system.tables WHERE database = currentDatabase() AND name != 'goose_db_version' ORDER BY engine = 'MaterializedView' DESC"))
	for _, name := range names {
		exec(t, w, "DROP TABLE "+name+" SYNC")
	}
	exec(t, w, "TRUNCATE TABLE goose_db_version")
	exec(t, w, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1)")
	files, err := fs.Glob(schema.FS, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimPrefix(file, "migrations/")
		if name > version {
			break
		}
		text, err := fs.ReadFile(schema.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		_, text2, _ := strings.Cut(string(text), "-- +goose Up\n")
		for statement := range strings.SplitSeq(text2, ";\n") {
			if strings.TrimSpace(statement) != "" {
				exec(t, w, statement)
			}
		}
		exec(t, w, fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%s, 1)", strings.TrimLeft(name[:5], "0")))
	}
}

// TestRowsOfAnOlderProgramAreComplete upgrades a database with rows: nothing of
// their numbers changes, and what is new is filled in.
func TestRowsOfAnOlderProgramAreComplete(t *testing.T) {
	w := enginetest.Open(t)
	toVersion(t, w, "00008_z")
	exec(t, w, "INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (1, 'spring', '2026-03-01 00:00:00', 'k'), (2, 'summer', '2026-06-01 00:00:00', 'l')")
	exec(t, w, `INSERT INTO sends (campaign_id, message_id, recipient, state) SELECT 1 + number % 2, toUUID(concat('00000000-0000-8000-8000-', leftPad(toString(number), 12, '0'))),
		if(number < 2, 'a"@x"@exämple.com', concat('r', toString(number), '@example.com')), if(number = 5, 'bounced', 'registered') FROM numbers(2000)`)
	exec(t, w, "INSERT INTO sends (campaign_id, message_id, recipient) VALUES (1, '00000000-0000-8000-8000-000000000006', 'r6@example.com')") // again
	exec(t, w, `INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class) SELECT 1 + number % 2, toUUID(concat('00000000-0000-8000-8000-', leftPad(toString(number), 12, '0'))),
		'2026-06-02 00:00:00', number, 'human_direct' FROM numbers(100)`)
	exec(t, w, "INSERT INTO unresolved_opens (message_id, opened_at, event_id, received_at) SELECT generateUUIDv4(), now64(3), 1, now64(3)")
	exec(t, w, "INSERT INTO bad_tokens (opened_at, event_id, received_at, fault) SELECT now64(3), 1, now64(3), 'signature'")

	result, err := migrate.Up(t.Context(), w.DB)
	if err != nil || len(result.Applied) != len(allMigrations)-8 {
		t.Fatalf("%+v, %v", result, err)
	}
	mustUp(t, w, migrate.Result{})
	for query, want := range map[string]string{
		"SELECT sends, delivered, unique_opens, tests, first_open_at FROM campaign_report ORDER BY campaign": "1000\t1000\t50\t0\t2026-06-02 00:00:00.000\n1000\t1000\t50\t0\t2026-06-02 00:00:00.000\n",
		"SELECT count() FROM message_campaigns FINAL WHERE url_style = ''":                                   "2000\n",
		"SELECT uniqExact(recipient_key), countIf(recipient_key = 0) FROM sends":                             "1999\t0\n",
		"SELECT count(), uniqExact(recipient_key) FROM recipient_messages FINAL":                             "2000\t1999\n",
		"SELECT groupUniqArray(domain) FROM sends WHERE domain != 'example.com'":                             "['exämple.com']\n",
		"SELECT groupUniqArray((toString(tracking), test, registration, url_style)) FROM sends":              "[('identified',0,0,'')]\n",
		"SELECT groupUniqArray((toString(tracking), sent_known, archived)) FROM campaigns":                   "[('identified',1,0)]\n",
		"SELECT count() FROM unresolved_opens WHERE path = '' AND moved = 0":                                 "1\n",
		"SELECT count() FROM bad_tokens WHERE moved = 0 AND key_id = 0":                                      "1\n",
	} {
		if got := exec(t, w, query); got != want {
			t.Errorf("%s\ngot %swant %s", query, got, want)
		}
	}
	// A row that an older program writes afterwards is filled in by the next run.
	exec(t, w, "INSERT INTO sends (campaign_id, message_id, recipient) VALUES (2, generateUUIDv4(), 'r6@example.com')")
	mustUp(t, w, migrate.Result{})
	if got := exec(t, w, "SELECT uniqExact(recipient_key), count() FROM sends FINAL WHERE recipient = 'r6@example.com'"); got != "1\t2\n" {
		t.Errorf("keys and rows of one recipient: %s", got)
	}
	compareWithGo(t, w)
}

// compareWithGo computes the keys of some recipients by Go's own HMAC.
func compareWithGo(t *testing.T, w *enginetest.Warehouse) {
	t.Helper()
	var secrets uint64
	var inner, outer string
	if err := w.DB.QueryRowContext(t.Context(), schema.Query("recipient_secret")).Scan(&secrets, &inner, &outer); err != nil || secrets != 1 {
		t.Fatalf("%d secrets, %v", secrets, err)
	}
	key := []byte(inner)
	for i := range key {
		key[i] ^= 0x36
		if outer[i] != key[i]^0x5c {
			t.Fatal("the two pads are not of one key")
		}
	}
	if string(key[32:]) != string(make([]byte, 32)) || string(key[:32]) == string(make([]byte, 32)) {
		t.Error("the key is not of 32 random bytes")
	}
	for _, recipient := range []string{`a"@x"@exämple.com`, "r6@example.com", "r1999@example.com"} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(recipient))
		got := exec(t, w, "SELECT DISTINCT lower(hex(reinterpretAsFixedString(recipient_key))) FROM sends WHERE recipient = '"+recipient+"'")
		if want := fmt.Sprintf("%x\n", mac.Sum(nil)[:16]); got != want {
			t.Errorf("%s: %swant %s", recipient, got, want)
		}
	}
}
