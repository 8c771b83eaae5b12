package warehouse

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// badTokenRow is fullBadToken as the table shows it, a line per column.
const badTokenRow = `opened_at:         2026-03-04 12:00:00.123
event_id:          17361925168090707703
time_suspect:      after_receipt
fault:             signature
token_status:      bad
token:             x
path:              /o/a%2Fb.gif
key_id:            255
issued_at:         2026-03-04 11:00:00
named_campaign_id: 18364758544493064720
method:            GET
protocol:          HTTP/2
ja4:               t13d1516h2_8daaf6152771_b0da82dd1658
header_bits:       65535
header_facts:      4294967295
referer_host:      mail.example
user_agent:        agent
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
edge:              compute
pop:               FRA
service_version:   12
sandbox_request:   4294967294
source:            live
extra:             {"a":1}
moved:             0`

func TestEveryColumnOfABadTokenArrives(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	b := fullBadToken()
	b.ReceivedAt = time.Now().Add(-time.Hour).Truncate(time.Second) // rows live for 7 days from then
	for i, v := 0, reflect.ValueOf(b); i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Fatalf("the test says nothing of %s", v.Type().Field(i).Name)
		}
	}
	if err := w.InsertBadTokens(t.Context(), "full", []BadToken{b}); err != nil {
		t.Fatal(err)
	}
	row := text(t, e, "SELECT * EXCEPT (received_at) FROM bad_tokens FORMAT Vertical SETTINGS output_format_pretty_single_large_number_tip_threshold = 0")
	_, row, _ = strings.Cut(row, "─\n")
	if got := strings.TrimSpace(row); got != badTokenRow {
		t.Errorf("got\n%s\nwant\n%s", got, badTokenRow)
	}
	if got := text(t, e, "SELECT toUnixTimestamp64Milli(received_at) FROM bad_tokens"); got != fmt.Sprintln(b.ReceivedAt.UnixMilli()) {
		t.Errorf("received at %s, want %d", got, b.ReceivedAt.UnixMilli())
	}
}

// TestABadTokenHasTheFactsOfAnOpen checks that it can be judged again.
func TestABadTokenHasTheFactsOfAnOpen(t *testing.T) {
	e, _ := engine(t)
	missing := text(t, e, `SELECT name FROM system.columns WHERE database = 'glint' AND table = 'opens'
		AND name NOT IN (SELECT name FROM system.columns WHERE database = 'glint' AND table = 'bad_tokens') ORDER BY name`)
	verdict := "campaign_id\nclass\nclass_before\nclient\nclient_vendor\ndevice\njudged_run\nmessage_id\nos\nreason\nreason_before\n" +
		"request_class\nrequest_reason\nrest_before\nruleset_version\nverdict_version\n"
	if missing != verdict {
		t.Errorf("bad_tokens lacks, beside the verdict:\n%s", missing)
	}
}

// TestABadTokenMovesOnceAKeyIsFound moves some bad tokens, twice, and reads them
// by pages before and after.
func TestABadTokenMovesOnceAKeyIsFound(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	var bad []BadToken
	for i := range 10 {
		b := fullBadToken()
		b.ReceivedAt = time.Now().Truncate(time.Millisecond).UTC()
		b.EventID, b.OpenedAt, b.Fault, b.KeyID = uint64(i+1), noon.Add(time.Duration(i/3)*time.Second), "unknown_key", 7
		if i == 4 {
			b.Fault, b.KeyID, b.IP, b.IssuedAt, b.NetworkListDate = "signature", 0, netip.Addr{}, time.Time{}, time.Time{}
		}
		bad = append(bad, b)
	}
	for _, name := range []string{"a", "b"} { // a line that came twice
		if err := w.InsertBadTokens(t.Context(), name, bad); err != nil {
			t.Fatal(err)
		}
	}
	read := func(faults ...string) (all []BadToken) {
		t.Helper()
		var after *BadToken
		for {
			page, err := w.BadTokensOf(t.Context(), faults, after, 4)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				return all
			}
			all = append(all, page...)
			after = &page[len(page)-1]
		}
	}
	if got := read("unknown_key", "signature"); !reflect.DeepEqual(got, bad) {
		t.Errorf("read\n%+v\nwant\n%+v", got, bad)
	}
	wantCounts(t, w, BadTokenCount{"signature", nil, 1}, BadTokenCount{"unknown_key", new(uint8(7)), 9})
	var found []Open
	for i, b := range read("unknown_key")[:5] {
		o := fullOpen()
		o.OpenedAt, o.EventID, o.MessageID = b.OpenedAt, b.EventID, messageOf(i)
		found = append(found, o)
	}
	for range 2 {
		if err := w.MoveBadTokens(t.Context(), found); err != nil {
			t.Fatal(err)
		}
	}
	wantCounts(t, w, BadTokenCount{"signature", nil, 1}, BadTokenCount{"unknown_key", new(uint8(7)), 4})
	if got := text(t, e, "SELECT groupArray(event_id) FROM (SELECT event_id FROM opens FINAL ORDER BY event_id)"); got != "[1,2,3,4,6]\n" {
		t.Errorf("opens: %s", got)
	}
	if n, err := w.Waiting(t.Context()); err != nil || n.BadTokens != 5 {
		t.Errorf("%+v, %v", n, err)
	}
	text(t, e, "OPTIMIZE TABLE bad_tokens FINAL")
	wantCounts(t, w, BadTokenCount{"signature", nil, 1}, BadTokenCount{"unknown_key", new(uint8(7)), 4})
}

func wantCounts(t *testing.T, w *Warehouse, want ...BadTokenCount) {
	t.Helper()
	if got, err := w.BadTokenCounts(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("counts are %+v, %v; want %+v", got, err, want)
	}
}

func TestAKeyIsRecordedOnce(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	if keys, err := w.KeyFingerprints(t.Context()); err != nil || len(keys) != 0 {
		t.Errorf("%+v, %v", keys, err)
	}
	first := KeyFingerprint{KeyID: 1, Fingerprint: "aa", FirstSeen: noon}
	other := KeyFingerprint{KeyID: 1, Fingerprint: "bb", FirstSeen: noon.Add(time.Hour)} // a lost key that was made anew
	later := first
	later.FirstSeen = noon.Add(2 * time.Hour)
	for _, keys := range [][]KeyFingerprint{{first}, {later, other, other}, {{KeyID: 9, Fingerprint: "cc", FirstSeen: noon}}} {
		if err := w.RecordKeyFingerprints(t.Context(), keys); err != nil {
			t.Fatal(err)
		}
	}
	want := []KeyFingerprint{first, other, {KeyID: 9, Fingerprint: "cc", FirstSeen: noon}}
	if got, err := w.KeyFingerprints(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// TestABareIDCountsOnlyInItsStyle asks for messages of each style, before and
// after the tables merge.
func TestABareIDCountsOnlyInItsStyle(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	styles := []string{StyleUnknown, StyleToken, StyleUUID, StyleBoth}
	var sends []Send
	var ids []uuid.UUID
	var waiting []Open
	for i, style := range styles {
		sends = append(sends, Send{CampaignID: 42, MessageID: messageOf(i), Recipient: "a@example.com", URLStyle: style})
		ids = append(ids, messageOf(i))
		o := waitingOpen(byte(i + 1))
		o.MessageID = messageOf(i)
		waiting = append(waiting, o)
	}
	if err := errors.Join(w.InsertSends(t.Context(), "s", sends), w.InsertUnresolved(t.Context(), "u", waiting)); err != nil {
		t.Fatal(err)
	}
	for _, merge := range []string{"SELECT 1", "OPTIMIZE TABLE message_campaigns FINAL"} {
		text(t, e, merge)
		found, err := w.CampaignsOf(t.Context(), ids)
		if err != nil || len(found) != 3 || found[ids[1]] != 0 || found[ids[0]] != 42 {
			t.Errorf("after %s: %v, %v", merge, found, err)
		}
	}
	move(t, w, 10, 3)
	if got := text(t, e, "SELECT message_id FROM unresolved_opens FINAL WHERE moved = 0"); got != ids[1].String()+"\n" {
		t.Errorf("%s waits", got)
	}
	// The same message is registered in the other style as well.
	sends[1].URLStyle = StyleBoth
	if err := w.InsertSends(t.Context(), "s2", sends[1:2]); err != nil {
		t.Fatal(err)
	}
	move(t, w, 10, 1)
}
