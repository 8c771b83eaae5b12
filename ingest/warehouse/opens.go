package warehouse

import (
	"context"
	"net/netip"
	"time"

	"github.com/google/uuid"
)

// Open is one row of the table opens: the facts of one event and the verdict.
type Open struct {
	CampaignID       uint64
	MessageID        uuid.UUID
	OpenedAt         time.Time // UTC, milliseconds
	EventID          uint64
	ReceivedAt       time.Time // UTC, milliseconds
	UserAgent        string
	IP               netip.Addr // zero: not kept
	Network          string
	NetworkListDate  time.Time // day, UTC, of the list that told it; zero: none did
	ASNumber         uint32
	Country          string
	Region           string
	ProxyType        string
	ProxyDescription string
	Method           string
	HeaderBits       uint16
	RefererHost      string
	TokenStatus      int8 // as the table's Enum8
	Class            int8 // as the table's Enum8
	Reason           string
	Client           string
	ClientVendor     string
	OS               string
	Device           string
	RulesetVersion   uint16
	VerdictVersion   uint32
	POP              string
	Source           string
	Extra            string
}

var openColumns = []column[Open]{
	{"campaign_id", of(func(o *Open) uint64 { return o.CampaignID })},
	{"message_id", of(func(o *Open) uuid.UUID { return o.MessageID })},
	{"opened_at", of(func(o *Open) int64 { return o.OpenedAt.UnixMilli() })},
	{"event_id", of(func(o *Open) uint64 { return o.EventID })},
	{"received_at", of(func(o *Open) int64 { return o.ReceivedAt.UnixMilli() })},
	{"user_agent", of(func(o *Open) string { return o.UserAgent })},
	{"ip", of(func(o *Open) netip.Addr { return ipv6(o.IP) })},
	{"network", of(func(o *Open) string { return o.Network })},
	{"network_list_date", of(func(o *Open) time.Time { return day(o.NetworkListDate) })},
	{"as_number", of(func(o *Open) uint32 { return o.ASNumber })},
	{"country", of(func(o *Open) string { return o.Country })},
	{"region", of(func(o *Open) string { return o.Region })},
	{"proxy_type", of(func(o *Open) string { return o.ProxyType })},
	{"proxy_description", of(func(o *Open) string { return o.ProxyDescription })},
	{"method", of(func(o *Open) string { return o.Method })},
	{"header_bits", of(func(o *Open) uint16 { return o.HeaderBits })},
	{"referer_host", of(func(o *Open) string { return o.RefererHost })},
	{"token_status", of(func(o *Open) int8 { return o.TokenStatus })},
	{"class", of(func(o *Open) int8 { return o.Class })},
	{"reason", of(func(o *Open) string { return o.Reason })},
	{"client", of(func(o *Open) string { return o.Client })},
	{"client_vendor", of(func(o *Open) string { return o.ClientVendor })},
	{"os", of(func(o *Open) string { return o.OS })},
	{"device", of(func(o *Open) string { return o.Device })},
	{"ruleset_version", of(func(o *Open) uint16 { return o.RulesetVersion })},
	{"verdict_version", of(func(o *Open) uint32 { return o.VerdictVersion })},
	{"pop", of(func(o *Open) string { return o.POP })},
	{"source", of(func(o *Open) string { return o.Source })},
	{"extra", of(func(o *Open) string { return o.Extra })},
}

// ipv6 is how the table keeps an address: IPv4 mapped into IPv6, :: for none.
func ipv6(a netip.Addr) netip.Addr {
	if !a.IsValid() {
		return netip.IPv6Unspecified()
	}
	return netip.AddrFrom16(a.As16())
}

// The first and the last day that a column of type Date can hold; the driver
// lets others wrap around. The first one stands for none.
var (
	firstDay = time.Unix(0, 0).UTC()
	lastDay  = time.Date(2149, 6, 6, 0, 0, 0, 0, time.UTC)
)

func day(t time.Time) time.Time {
	if t.Before(firstDay) || t.After(lastDay) {
		return firstDay
	}
	return t
}

// InsertOpens inserts the rows in one named insert: the same name again changes
// nothing, whatever the rows are, as long as the table remembers the name (its
// deduplication window). The strings are copied before it returns.
func (w *Warehouse) InsertOpens(ctx context.Context, name string, opens []Open) error {
	return insert(ctx, w, "opens", openColumns, name, opens)
}
