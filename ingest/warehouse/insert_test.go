package warehouse

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"
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
time_suspect:      after_receipt
user_agent:        agent " \ 00 ä
ip:                2001:db8::1
network:           scanner:x
network_list_date: 2026-02-28
as_number:         4294967295
country:           DE
region:            BE
connection_type:   mobile
proxy_type:        hosting
proxy_description: cloud
bot_detection:     verified
bot_name:          ExampleBot
bot_category:      PAGE-PREVIEW
method:            GET
protocol:          HTTP/2
ja4:               t13d1516h2_8daaf6152771_b0da82dd1658
header_bits:       65535
header_facts:      4294967295
referer_host:      mail.example
token_status:      valid
path:              /o/a%2Fb.gif
key_id:            255
issued_at:         2026-03-04 11:00:00
class:             not_image
reason:            reason
client:            Gmail
client_vendor:     Google
os:                unknown behind Gmail
device:            phone
ruleset_version:   65535
verdict_version:   4294967295
judged_run:        0
request_class:     unknown
request_reason:    
class_before:      unknown
reason_before:     
rest_before:       
edge:              compute
pop:               FRA
service_version:   12
sandbox_request:   4294967294
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
	if err := w.InsertOpens(t.Context(), "empty", []Open{{Facts: Facts{OpenedAt: noon, ReceivedAt: noon}}}); err != nil {
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

// sendRows are fullSend and an empty one as the table shows them.
const sendRows = `1 00112233-4455-8677-8899-aabbccddeeff ä@b@example.com example.com 3 2026-03-04 12:00:00 2026-03-04 12:01:00 bounced aggregate 1 uuid gmail {'a':'1','b':'','ä':'\''} 18364758544493064720 2026-03-04 12:00:00.123
9223372036854775808 10112233-4455-8677-8899-aabbccddeeff   0 1970-01-01 00:00:00 1970-01-01 00:00:00 registered identified 0   {} 0 1970-01-01 00:00:00.001
`

// fullSend has a value of its own in each column.
func fullSend() Send {
	return Send{
		CampaignID: 1, MessageID: uuid.MustParse("00112233-4455-8677-8899-aabbccddeeff"), Recipient: "ä@b@example.com",
		Sequence: 3, SentAt: noon, DeliveredAt: noon.Add(time.Minute), State: StateBounced, Tracking: Aggregate, Test: TestYes,
		URLStyle: StyleUUID, Stratum: "gmail", Attributes: map[string]string{"b": "", "a": "1", "ä": "'"},
		Registration: 0xfedcba9876543210, RegisteredAt: noon.Add(123 * time.Millisecond),
	}
}

func TestEveryColumnOfASendArrives(t *testing.T) {
	e, w := engine(t)
	for _, by := range []string{"native", "driver"} {
		e.Empty(t)
		sends := []Send{
			fullSend(),
			{CampaignID: 1 << 63, MessageID: uuid.MustParse("10112233-4455-8677-8899-aabbccddeeff"), RegisteredAt: time.UnixMilli(1)},
		}
		err := w.InsertSends(t.Context(), "sends", sends) // fills in the rest of the rows, too
		if by == "driver" {
			e.Empty(t)
			err = byDriver(t.Context(), w, "sends", sendColumns, "driver", sends)
		}
		if err != nil {
			t.Fatal(err)
		}
		got := text(t, e, "SELECT * EXCEPT (recipient_key, attributes, registration, registered_at), mapSort(attributes), registration, registered_at "+
			"FROM sends ORDER BY campaign_id FORMAT TSVRaw")
		if got = strings.ReplaceAll(got, "\t", " "); got != sendRows {
			t.Errorf("%s: got\n%s\nwant\n%s", by, got, sendRows)
		}
		keys := text(t, e, "SELECT lower(hex(reinterpretAsFixedString(recipient_key))) FROM sends ORDER BY campaign_id LIMIT 1")
		if want := fmt.Sprintf("%x\n", sends[0].RecipientKey[:]); keys != want {
			t.Errorf("%s: recipient key %s, want %s", by, keys, want)
		}
	}
}

// TestBlocksOfSendsAreOneInsert checks that all blocks arrive once, or none if one of them
// cannot be encoded or is cut off.
func TestBlocksOfSendsAreOneInsert(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	blocks := func(yield func([]Send) bool) {
		rows := make([]Send, 700) // the same for all blocks
		for b := range 5 {
			for i := range rows {
				var id uuid.UUID
				binary.BigEndian.PutUint32(id[:], uint32(b*len(rows)+i))
				rows[i] = Send{CampaignID: uint64(b), MessageID: id, Recipient: fmt.Sprint(b, "@", i)}
			}
			if !yield(rows) {
				return
			}
		}
	}
	const counts = "SELECT count(), uniqExact(message_id, recipient, recipient_key) FROM sends"
	for range 2 {
		if err := w.InsertSendBlocks(t.Context(), "blocks", blocks); err != nil {
			t.Fatal(err)
		}
		if got := text(t, e, counts); got != "3500\t3500\n" {
			t.Errorf("%s rows and messages, want 3500", got)
		}
	}
	for _, c := range []struct {
		name string
		end  func(context.CancelFunc, []Send)
		want []string
	}{
		{"faulty", func(_ context.CancelFunc, rows []Send) { rows[1].Tracking = 99 }, []string{"3500\t3500\n"}},
		// The end of the context may come after the last block is on its way: then the
		// insert is whole.
		{"cut off", func(cancel context.CancelFunc, _ []Send) { cancel() }, []string{"3500\t3500\n", "7000\t3500\n"}},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		err := w.InsertSendBlocks(ctx, c.name, func(yield func([]Send) bool) {
			n := 0
			for rows := range blocks {
				if n++; n == 4 {
					c.end(cancel, rows)
				}
				if !yield(rows) {
					return
				}
			}
		})
		if err == nil || ctx.Err() == nil && !errors.Is(err, ErrRows) {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := text(t, e, counts); !slices.Contains(c.want, got) {
			t.Errorf("%s: %s rows and messages after it, want one of %q", c.name, got, c.want)
		}
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
