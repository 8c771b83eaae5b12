package warehouse

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// openRow is fullOpen as the table shows it, a line per column.
const openRow = `campaign_id:       18364758544493064720
message_id:        00112233-4455-8677-8899-aabbccddeeff
opened_at:         2026-03-04 12:00:00.123
event_id:          17361925168090707703
received_at:       2026-03-04 12:00:01.007
user_agent:        agent " \ 00 ä
ip:                2001:db8::1
network:           scanner:x
network_list_date: 2026-02-28
as_number:         4294967295
country:           DE
region:            BE
proxy_type:        hosting
proxy_description: cloud
method:            GET
header_bits:       65535
referer_host:      mail.example
token_status:      valid
class:             not_image
reason:            reason
client:            Gmail
client_vendor:     Google
os:                unknown behind Gmail
device:            phone
ruleset_version:   65535
verdict_version:   4294967295
pop:               FRA
source:            live
extra:             {"a":1}`

func TestEveryColumnOfAnOpenArrives(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	o := fullOpen()
	for i, v := 0, reflect.ValueOf(o); i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Fatalf("the test says nothing of %s", v.Type().Field(i).Name)
		}
	}
	if err := w.InsertOpens(t.Context(), "full", []Open{o}); err != nil {
		t.Fatal(err)
	}
	row := text(t, e, "SELECT * REPLACE (replaceAll(user_agent, char(0), '00') AS user_agent) FROM opens FORMAT Vertical SETTINGS output_format_pretty_single_large_number_tip_threshold = 0")
	_, row, _ = strings.Cut(row, "─\n")
	if got := strings.TrimSpace(row); got != openRow {
		t.Errorf("got\n%s\nwant\n%s", got, openRow)
	}
}

func TestAnOpenWithoutFacts(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	if err := w.InsertOpens(t.Context(), "empty", []Open{{OpenedAt: noon, ReceivedAt: noon}}); err != nil {
		t.Fatal(err)
	}
	got := text(t, e, "SELECT ip, user_agent, network_list_date, as_number, class, token_status, extra FROM opens")
	if want := "::\t\t1970-01-01\t0\tunknown\tunchecked\t\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestADayThatTheTableCannotHoldIsNone(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	days := []time.Time{
		time.Date(2149, 6, 6, 23, 0, 0, 0, time.UTC), time.Date(2149, 6, 7, 0, 0, 0, 0, time.UTC),
		time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC),
		{},
		time.Date(2149, 6, 6, 0, 0, 0, 0, time.UTC), time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC),
	}
	opens := manyOpens(1, len(days))
	for i := range opens {
		opens[i].NetworkListDate = days[i]
	}
	if err := w.InsertOpens(t.Context(), "days", opens); err != nil {
		t.Fatal(err)
	}
	got := text(t, e, "SELECT groupArray(network_list_date) FROM (SELECT network_list_date FROM opens ORDER BY opened_at)")
	want := "['1970-01-01','1970-01-01','1970-01-01','1970-01-01','1970-01-01','2149-06-06','1970-01-02']\n"
	if got != want {
		t.Errorf("got %s", got)
	}
}

func TestIPv4IsKeptMapped(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	if err := w.InsertOpens(t.Context(), "ipv4", manyOpens(1, 1)); err != nil {
		t.Fatal(err)
	}
	if got := text(t, e, "SELECT ip FROM opens"); got != "::ffff:192.0.0.0\n" {
		t.Errorf("got %s", got)
	}
}

func TestTheSameNameTwiceChangesNothing(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	opens := manyOpens(7, 1000)
	for range 3 {
		if err := w.InsertOpens(t.Context(), "once", opens); err != nil {
			t.Fatal(err)
		}
	}
	if got := text(t, e, "SELECT count() FROM opens"); got != "1000\n" {
		t.Errorf("%s rows", got)
	}
	if err := w.InsertOpens(t.Context(), "twice", opens); err != nil {
		t.Fatal(err)
	}
	if got := text(t, e, "SELECT count() FROM opens FINAL"); got != "1000\n" {
		t.Errorf("%s rows after the same rows under another name", got)
	}
}

func TestAnInsertMaySpanManyMonths(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	opens := manyOpens(1, 180)
	for i := range opens {
		opens[i].OpenedAt = noon.AddDate(0, -i, 0)
	}
	if err := w.InsertOpens(t.Context(), "archive", opens); err != nil {
		t.Fatal(err)
	}
	if got := text(t, e, "SELECT uniqExact(_partition_id) FROM opens"); got != "180\n" {
		t.Errorf("%s months", got)
	}
}

func TestNoRowsAreNoInsert(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	if err := w.InsertOpens(t.Context(), "nothing", nil); err != nil {
		t.Error(err)
	}
}

func TestAClassThatTheTableDoesNotKnowIsPermanent(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	o := fullOpen()
	o.Class = 99
	err := w.InsertOpens(t.Context(), "class 99", []Open{fullOpen(), o})
	if err == nil || Retryable(err) {
		t.Errorf("%v, retryable %v", err, Retryable(err))
	}
	if got := text(t, e, "SELECT count() FROM opens"); got != "0\n" {
		t.Errorf("%s rows of a refused insert", got)
	}
}

func TestEveryColumnOfASendArrives(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	sends := []Send{
		{
			CampaignID: 1, MessageID: uuid.MustParse("00112233-4455-8677-8899-aabbccddeeff"), Recipient: "ä@example.com",
			Sequence: 3, SentAt: noon, DeliveredAt: noon.Add(time.Minute),
		},
		{CampaignID: 1 << 63, MessageID: uuid.MustParse("10112233-4455-8677-8899-aabbccddeeff"), Recipient: "b@example.com"},
	}
	for range 2 {
		if err := w.InsertSends(t.Context(), "sends", sends); err != nil {
			t.Fatal(err)
		}
	}
	got := text(t, e, "SELECT campaign_id, message_id, recipient, sequence, sent_at, delivered_at, state FROM sends ORDER BY campaign_id")
	want := "1\t00112233-4455-8677-8899-aabbccddeeff\tä@example.com\t3\t2026-03-04 12:00:00\t2026-03-04 12:01:00\tregistered\n" +
		"9223372036854775808\t10112233-4455-8677-8899-aabbccddeeff\tb@example.com\t0\t1970-01-01 00:00:00\t1970-01-01 00:00:00\tregistered\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestColumnsAreReadOnce(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	if err := w.InsertOpens(t.Context(), "first", manyOpens(1, 10)); err != nil {
		t.Fatal(err)
	}
	kept := w.columns.tables["opens"]
	if err := w.InsertOpens(t.Context(), "second", manyOpens(2, 10)); err != nil {
		t.Fatal(err)
	}
	if again := w.columns.tables["opens"]; len(kept) != len(openColumns) || &kept[0] != &again[0] {
		t.Errorf("%d columns were kept, and read again", len(kept))
	}
	if got := text(t, e, "SELECT count() FROM opens"); got != "20\n" {
		t.Errorf("%s rows", got)
	}
}

func TestAMissingTableIsNotKeptInMind(t *testing.T) {
	_, w := engine(t)
	columns := []column[Open]{{"a", of(func(o *Open) uint64 { return o.EventID })}}
	err := insert(t.Context(), w, "missing", columns, "x", []Open{{}})
	if !errors.Is(err, ErrNoSchema) || !Retryable(err) {
		t.Errorf("%v", err)
	}
	if len(w.columns.tables) != 0 {
		t.Errorf("kept %v", w.columns.tables)
	}
}
