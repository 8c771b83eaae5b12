package warehouse

import (
	"context"
	"net/netip"
	"time"

	"github.com/google/uuid"
)

// WebEvent is one row of the table web_events: a page view, or a custom event,
// which has a name.
type WebEvent struct {
	Site         string // "": not a configured site
	Name         string
	OccurredAt   time.Time // UTC, milliseconds
	EventID      uint64
	ReceivedAt   time.Time // UTC, milliseconds
	PageHost     string
	PagePath     string
	Title        string
	ReferrerHost string
	ReferrerPath string
	UTMSource    string
	UTMMedium    string
	UTMCampaign  string
	UTMTerm      string
	UTMContent   string
	Visitor      uint64 // 0: not distinguished
	Properties   string // a JSON object, or ""
	Certain      bool
	CampaignID   uint64    // campaign of its token; 0: no token
	MessageID    uuid.UUID // likewise

	Class              int8
	RulesetVersion     uint16
	Reason             string
	Client, OS, Device string
	UserAgent          string
	IP                 netip.Addr // zero: not kept
	Network            string
	ASNumber           uint32
	Country            string
	HeaderBits         uint16
	HeaderFacts        uint32
	POP                string
	Source             string
	Extra              string
}

var webEventColumns = []column[WebEvent]{
	{"site", of(func(e *WebEvent) string { return e.Site })},
	{"name", of(func(e *WebEvent) string { return e.Name })},
	{"occurred_at", of(func(e *WebEvent) int64 { return e.OccurredAt.UnixMilli() })},
	{"event_id", of(func(e *WebEvent) uint64 { return e.EventID })},
	{"received_at", of(func(e *WebEvent) int64 { return e.ReceivedAt.UnixMilli() })},
	{"page_host", of(func(e *WebEvent) string { return e.PageHost })},
	{"page_path", of(func(e *WebEvent) string { return e.PagePath })},
	{"title", of(func(e *WebEvent) string { return e.Title })},
	{"referrer_host", of(func(e *WebEvent) string { return e.ReferrerHost })},
	{"referrer_path", of(func(e *WebEvent) string { return e.ReferrerPath })},
	{"utm_source", of(func(e *WebEvent) string { return e.UTMSource })},
	{"utm_medium", of(func(e *WebEvent) string { return e.UTMMedium })},
	{"utm_campaign", of(func(e *WebEvent) string { return e.UTMCampaign })},
	{"utm_term", of(func(e *WebEvent) string { return e.UTMTerm })},
	{"utm_content", of(func(e *WebEvent) string { return e.UTMContent })},
	{"visitor", of(func(e *WebEvent) uint64 { return e.Visitor })},
	{"properties", of(func(e *WebEvent) string { return e.Properties })},
	{"certain", of(func(e *WebEvent) uint8 { return flag(e.Certain) })},
	{"campaign_id", of(func(e *WebEvent) uint64 { return e.CampaignID })},
	{"message_id", of(func(e *WebEvent) uuid.UUID { return e.MessageID })},
	{"class", of(func(e *WebEvent) int8 { return e.Class })},
	{"reason", of(func(e *WebEvent) string { return e.Reason })},
	{"client", of(func(e *WebEvent) string { return e.Client })},
	{"os", of(func(e *WebEvent) string { return e.OS })},
	{"device", of(func(e *WebEvent) string { return e.Device })},
	{"ruleset_version", of(func(e *WebEvent) uint16 { return e.RulesetVersion })},
	{"user_agent", of(func(e *WebEvent) string { return e.UserAgent })},
	{"ip", of(func(e *WebEvent) netip.Addr { return ipv6(e.IP) })},
	{"network", of(func(e *WebEvent) string { return e.Network })},
	{"as_number", of(func(e *WebEvent) uint32 { return e.ASNumber })},
	{"country", of(func(e *WebEvent) string { return e.Country })},
	{"header_bits", of(func(e *WebEvent) uint16 { return e.HeaderBits })},
	{"header_facts", of(func(e *WebEvent) uint32 { return e.HeaderFacts })},
	{"pop", of(func(e *WebEvent) string { return e.POP })},
	{"source", of(func(e *WebEvent) string { return e.Source })},
	{"extra", of(func(e *WebEvent) string { return e.Extra })},
}

// InsertWebEvents stores the rows in one named insert: see InsertOpens.
func (w *Warehouse) InsertWebEvents(ctx context.Context, name string, events []WebEvent) error {
	return insert(ctx, w, "web_events", webEventColumns, name, events)
}

// AbsentWebEvents returns the given rows that are not in the table web_events.
func (w *Warehouse) AbsentWebEvents(ctx context.Context, events []WebEvent) ([]WebEvent, error) {
	return absent(ctx, w, "absent_web_events", events, func(e *WebEvent) rowKey {
		return rowKey{openedAt: e.OccurredAt, event: e.EventID}
	})
}
