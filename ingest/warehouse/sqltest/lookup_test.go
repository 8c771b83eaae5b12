package sqltest

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"

	"glint/ingest/warehouse/enginetest"
	"glint/schema"
)

func TestTenThousandMessagesAreFoundAtOnce(t *testing.T) {
	const wanted, registered = 10000, 7000
	w := enginetest.Open(t)
	w.Empty(t)
	// Twice, as a file that is registered again: the rows are not merged yet.
	for range 2 {
		w.Text(t, enginetest.WarehouseUser, `INSERT INTO sends (campaign_id, message_id, recipient)
			SELECT 18446744073709551615 - intDiv(number, 100), toUUID(concat('00000000-0000-8000-8000-', leftPad(toString(number), 12, '0'))), 'r'
			FROM numbers(7000)`, map[string]string{"insert_deduplicate": "0"})
	}
	table, err := ext.NewTable("wanted_messages", ext.Column("message_id", "UUID"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range wanted {
		if err := table.Append(message(i)); err != nil {
			t.Fatal(err)
		}
	}
	var n int
	var records string
	ctx := clickhouse.Context(t.Context(), clickhouse.WithExternalTable(table))
	if err := w.DB.QueryRowContext(ctx, schema.Query("lookup_messages")).Scan(&n, &records); err != nil {
		t.Fatal(err)
	}
	if len(records) != n*24 {
		t.Fatalf("%d bytes of %d records", len(records), n)
	}
	found := map[uuid.UUID]uint64{}
	for b := []byte(records); len(b) > 0; b = b[24:] {
		var id uuid.UUID
		binary.BigEndian.PutUint64(id[:8], binary.LittleEndian.Uint64(b))
		binary.BigEndian.PutUint64(id[8:], binary.LittleEndian.Uint64(b[8:]))
		found[id] = binary.LittleEndian.Uint64(b[16:])
	}
	if len(found) != registered {
		t.Errorf("found %d messages, want %d", len(found), registered)
	}
	for i := range registered {
		if want := ^uint64(0) - uint64(i/100); found[message(i)] != want {
			t.Fatalf("message %d is in campaign %d, want %d", i, found[message(i)], want)
		}
	}
}

// message returns the id that ends in the decimal digits of number.
func message(number int) uuid.UUID {
	id := uuid.MustParse("00000000-0000-8000-8000-000000000000")
	for i := 15; number > 0; i-- {
		id[i] = byte(number%10 + number/10%10<<4)
		number /= 100
	}
	return id
}

func TestACampaignsKeyIsThatOfTheOldest(t *testing.T) {
	w := enginetest.Open(t)
	w.Empty(t)
	runStatements(t, w, "testdata/one_name_many_ids/input.sql")
	row := w.Text(t, enginetest.WarehouseUser, schema.Query("campaign_key"), map[string]string{"param_campaign": "case", "default_format": "TSVRaw"})
	want := "4\t7\t2026-03-01 00:00:00.000\tk" + string(make([]byte, 31)) + "\t\t\t0\t0\t1\n"
	if row != want {
		t.Errorf("got %q, want %q", row, want)
	}
	named := w.Text(t, enginetest.ReaderUser, schema.Query("campaign_by_id"), map[string]string{"param_campaign_id": "9"})
	if named != "1\trenamed\n" {
		t.Errorf("campaign 9: got %q", named)
	}
	younger := w.Text(t, enginetest.ReaderUser, schema.Query("campaign_by_id"), map[string]string{"param_campaign_id": "8"})
	if !strings.HasPrefix(younger, "0\t") {
		t.Errorf("campaign 8, not the oldest of its name: got %q", younger)
	}
}
