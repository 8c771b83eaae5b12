package warehouse

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
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

// TestABadTokenHasTheFactsOfAnOpen holds that it can be judged again.
func TestABadTokenHasTheFactsOfAnOpen(t *testing.T) {
	e, _ := engine(t)
	missing := text(t, e, `SELECT name FROM system.columns WHERE database = 'glint' AND table = 'opens'
		AND name NOT IN (SELECT name FROM system.columns WHERE database = 'glint' AND table = 'bad_tokens') ORDER BY name`)
	verdict := "campaign_id\nclass\nclient\nclient_vendor\ndevice\nmessage_id\nos\nreason\nruleset_version\nverdict_version\n"
	if missing != verdict {
		t.Errorf("bad_tokens lacks, beside the verdict:\n%s", missing)
	}
}
