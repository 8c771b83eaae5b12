package warehouse

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/ingest/warehouse/enginetest"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

// engine returns the test engine and a Warehouse on it.
func engine(tb testing.TB) (*enginetest.Warehouse, *Warehouse) {
	tb.Helper()
	e := enginetest.Open(tb)
	w, err := Connect(tb.Context(), e.Address(enginetest.WarehouseUser))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = w.Close() })
	return e, w
}

// text runs one statement as the warehouse user.
func text(tb testing.TB, e *enginetest.Warehouse, statement string) string {
	tb.Helper()
	return e.Text(tb, enginetest.WarehouseUser, statement, nil)
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// fullOpen has a value of its own in each column.
func fullOpen() Open {
	return Open{
		CampaignID: 0xfedcba9876543210, MessageID: uuid.MustParse("00112233-4455-8677-8899-aabbccddeeff"),
		Facts: Facts{
			OpenedAt: noon.Add(123 * time.Millisecond), EventID: 0xf0f1f2f3f4f5f6f7, ReceivedAt: noon.Add(time.Second + 7*time.Millisecond),
			TimeSuspect: SuspectAfterReceipt,
			UserAgent:   "agent \" \\ \x00 ä", IP: netip.MustParseAddr("2001:db8::1"), Network: "scanner:x",
			NetworkListDate: time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC), ASNumber: 4_294_967_295,
			Country: "DE", Region: "BE", ConnectionType: "mobile", ProxyType: "hosting", ProxyDescription: "cloud",
			BotDetection: "verified", BotName: "ExampleBot", BotCategory: "PAGE-PREVIEW",
			Method: "GET", Protocol: "HTTP/2", JA4: "t13d1516h2_8daaf6152771_b0da82dd1658", HeaderBits: 65535, HeaderFacts: 4_294_967_295,
			RefererHost: "mail.example", Path: "/o/a%2Fb.gif", KeyID: 255, IssuedAt: noon.Add(-time.Hour),
			Edge: "compute", POP: "FRA", ServiceVersion: "12", SandboxRequest: 4_294_967_294, Source: "live", Extra: `{"a":1}`,
		},
		TokenStatus: 1, Class: 9, Reason: "reason", Client: "Gmail", ClientVendor: "Google", OS: "unknown behind Gmail", Device: "phone",
		RulesetVersion: 65535, VerdictVersion: 4_294_967_295,
	}
}

// fullBadToken has a value of its own in each column.
func fullBadToken() BadToken {
	o := fullOpen()
	o.UserAgent = "agent"
	return BadToken{Facts: o.Facts, Fault: "signature", TokenStatus: "bad", Token: "x", NamedCampaign: o.CampaignID}
}

// manyOpens resemble the opens of a campaign: few networks, many user agents.
func manyOpens(campaign uint64, n int) []Open {
	opens := make([]Open, n)
	for i := range opens {
		var id uuid.UUID
		binary.BigEndian.PutUint64(id[:], uint64(i)*0x9e3779b97f4a7c15)
		binary.BigEndian.PutUint64(id[8:], uint64(i)*0xc2b2ae3d27d4eb4f)
		opens[i] = Open{
			CampaignID: campaign, MessageID: id,
			Facts: Facts{
				OpenedAt: noon.Add(time.Duration(i) * 37 * time.Millisecond), EventID: uint64(i) * 0x9e3779b97f4a7c15, ReceivedAt: noon.Add(time.Hour),
				UserAgent: fmt.Sprintf("Mozilla/5.0 (iPhone; CPU iPhone OS 18_%d like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E%d", i%7, i%911),
				IP:        netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), 0}), Network: []string{"none", "apple_relay", "unknown"}[i%3],
				ASNumber: 64496 + uint32(i%50), Country: []string{"DE", "US", "FR", "GB"}[i%4], Region: fmt.Sprint("R", i%60),
				ProxyType: "?", ProxyDescription: "?", Method: "GET", HeaderBits: uint16(i % 9), RefererHost: "",
				POP: fmt.Sprint("P", i%40), Source: "live", ConnectionType: []string{"mobile", "broadband"}[i%2], Protocol: []string{"HTTP/2", "HTTP/3"}[i%2],
				JA4: fmt.Sprintf("t13d15%02dh2_8daaf6152771_b0da82dd1658", i%80), HeaderFacts: uint32(i % 13),
				KeyID: 1, IssuedAt: noon.Add(-time.Hour), Edge: "compute", ServiceVersion: "12", SandboxRequest: uint32(i % 60),
			},
			TokenStatus: 1, Class: int8(i % 4), Reason: []string{"apple_mpp", "mail_client"}[i%2], Client: "Apple Mail",
			ClientVendor: "Apple", OS: []string{"iOS", "unknown behind Apple Mail"}[i%2], Device: "phone", RulesetVersion: 1, VerdictVersion: 65534,
		}
	}
	return opens
}
