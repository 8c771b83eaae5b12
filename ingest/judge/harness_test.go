package judge

import (
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/edge/classify"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

func text(tb testing.TB, e *enginetest.Warehouse, statement string) string {
	tb.Helper()
	return e.Text(tb, enginetest.WarehouseUser, statement, nil)
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

const (
	chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	gmail  = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
	gmPre  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)

func messageID(campaign uint64, n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("%08x-0000-8000-8000-%012x", uint32(campaign), n))
}

// fetch is a request of the tests.
type fetch struct {
	message int
	after   time.Duration // since noon
	agent   string
	ip      string
	network string
	as      uint32
}

var events uint64

// open is the row of a fetch, judged as ingest judges it.
func open(campaign uint64, f fetch) warehouse.Open {
	events++
	r := classify.Request{UserAgent: f.agent, Network: f.network, ASNumber: f.as, Method: "GET"}
	v, facts := classify.Examine(&r)
	o := warehouse.Open{
		CampaignID: campaign, MessageID: messageID(campaign, f.message), Facts: warehouse.Facts{
			OpenedAt: noon.Add(f.after), EventID: events, ReceivedAt: noon.Add(f.after + time.Second),
			UserAgent: f.agent, Network: f.network, ASNumber: f.as, Method: "GET", Source: "live",
		},
		Class: int8(v.Class), Reason: v.Reason, Client: facts.Client, ClientVendor: facts.Vendor, OS: facts.OS, Device: facts.Device,
		RulesetVersion: classify.RulesetVersion, VerdictVersion: 65535 - uint32(classify.RulesetVersion),
	}
	if f.ip != "" {
		o.IP = netip.MustParseAddr(f.ip)
	}
	return o
}

// insert inserts a campaign with that number of messages to one domain, sent at noon,
// and its fetches.
func insert(tb testing.TB, e *enginetest.Warehouse, w *warehouse.Warehouse, campaign uint64, messages int, fetches ...fetch) {
	tb.Helper()
	text(tb, e, fmt.Sprintf("INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (%d, 'c%d', '2026-03-01 00:00:00', 'k')", campaign, campaign))
	text(tb, e, fmt.Sprintf(`INSERT INTO sends (campaign_id, message_id, recipient, domain, sent_at, registered_at)
		SELECT %d, toUUID(concat('%08x', '-0000-8000-8000-', leftPad(lower(hex(toUInt32(number))), 12, '0'))), toString(number), 'example.com', '2026-03-04 12:00:00', '2026-03-04 11:00:00'
		FROM numbers(%d)`, campaign, uint32(campaign), messages))
	var opens []warehouse.Open
	for _, f := range fetches {
		opens = append(opens, open(campaign, f))
	}
	if len(opens) > 0 {
		if err := w.InsertOpens(tb.Context(), fmt.Sprint("test-", campaign, "-", events), opens); err != nil {
			tb.Fatal(err)
		}
	}
}

func run(tb testing.TB, w *warehouse.Warehouse, o Options) *Result {
	tb.Helper()
	if o.Kind == 0 {
		o.Kind = warehouse.KindJudge
	}
	if o.Settings.BurstRecipients == 0 {
		o.Settings = Default()
	}
	r, err := Run(tb.Context(), w, o)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// verdicts returns the opens of a campaign as a report sees them.
func verdicts(tb testing.TB, e *enginetest.Warehouse, campaign uint64) string {
	tb.Helper()
	return text(tb, e, fmt.Sprintf(`SELECT reinterpretAsUInt8(substring(toString(message_id), 36, 1)) - 48 AS message, class, reason FROM judged_opens
		WHERE campaign_id = %d ORDER BY message_id, opened_at, event_id FORMAT TSV`, campaign))
}
