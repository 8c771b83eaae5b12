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
	TimeSuspect      int8      // as the table's Enum8: SuspectNone, …
	UserAgent        string
	IP               netip.Addr // zero: not kept
	Network          string
	NetworkListDate  time.Time // day, UTC, of the list that told it; zero: none did
	ASNumber         uint32
	Country          string
	Region           string
	ConnectionType   string
	ProxyType        string
	ProxyDescription string
	BotDetection     string
	BotName          string
	BotCategory      string
	Method           string
	Protocol         string
	JA4              string
	HeaderBits       uint16
	HeaderFacts      uint32 // beside HeaderBits, which are all taken
	RefererHost      string
	TokenStatus      int8      // as the table's Enum8
	Path             string    // of the URL, where the line has it
	KeyID            uint8     // of the token; 0: none
	IssuedAt         time.Time // of the token, seconds; zero: none
	Class            int8      // as the table's Enum8
	Reason           string
	Client           string
	ClientVendor     string
	OS               string
	Device           string
	RulesetVersion   uint16
	VerdictVersion   uint32
	Edge             string
	POP              string
	ServiceVersion   string
	SandboxRequest   uint32 // the how many-th of its sandbox, from 1; 0: not known
	Source           string
	Extra            string
}

// The values of time_suspect. A suspect time never is the first or the last
// open of a message.
const (
	SuspectNone         int8 = iota
	SuspectBeforeToken       // opened before its token was issued, less a day
	SuspectAfterReceipt      // opened minutes after it was received
)

var openColumns = []column[Open]{
	{"campaign_id", of(func(o *Open) uint64 { return o.CampaignID })},
	{"message_id", of(func(o *Open) uuid.UUID { return o.MessageID })},
	{"opened_at", of(func(o *Open) int64 { return o.OpenedAt.UnixMilli() })},
	{"event_id", of(func(o *Open) uint64 { return o.EventID })},
	{"received_at", of(func(o *Open) int64 { return o.ReceivedAt.UnixMilli() })},
	{"time_suspect", of(func(o *Open) int8 { return o.TimeSuspect })},
	{"user_agent", of(func(o *Open) string { return o.UserAgent })},
	{"ip", of(func(o *Open) netip.Addr { return ipv6(o.IP) })},
	{"network", of(func(o *Open) string { return o.Network })},
	{"network_list_date", of(func(o *Open) time.Time { return day(o.NetworkListDate) })},
	{"as_number", of(func(o *Open) uint32 { return o.ASNumber })},
	{"country", of(func(o *Open) string { return o.Country })},
	{"region", of(func(o *Open) string { return o.Region })},
	{"connection_type", of(func(o *Open) string { return o.ConnectionType })},
	{"proxy_type", of(func(o *Open) string { return o.ProxyType })},
	{"proxy_description", of(func(o *Open) string { return o.ProxyDescription })},
	{"bot_detection", of(func(o *Open) string { return o.BotDetection })},
	{"bot_name", of(func(o *Open) string { return o.BotName })},
	{"bot_category", of(func(o *Open) string { return o.BotCategory })},
	{"method", of(func(o *Open) string { return o.Method })},
	{"protocol", of(func(o *Open) string { return o.Protocol })},
	{"ja4", of(func(o *Open) string { return o.JA4 })},
	{"header_bits", of(func(o *Open) uint16 { return o.HeaderBits })},
	{"header_facts", of(func(o *Open) uint32 { return o.HeaderFacts })},
	{"referer_host", of(func(o *Open) string { return o.RefererHost })},
	{"token_status", of(func(o *Open) int8 { return o.TokenStatus })},
	{"path", of(func(o *Open) string { return o.Path })},
	{"key_id", of(func(o *Open) uint8 { return o.KeyID })},
	{"issued_at", of(func(o *Open) time.Time { return orEpoch(o.IssuedAt) })},
	{"class", of(func(o *Open) int8 { return o.Class })},
	{"reason", of(func(o *Open) string { return o.Reason })},
	{"client", of(func(o *Open) string { return o.Client })},
	{"client_vendor", of(func(o *Open) string { return o.ClientVendor })},
	{"os", of(func(o *Open) string { return o.OS })},
	{"device", of(func(o *Open) string { return o.Device })},
	{"ruleset_version", of(func(o *Open) uint16 { return o.RulesetVersion })},
	{"verdict_version", of(func(o *Open) uint32 { return o.VerdictVersion })},
	// What a run of judge or reclassify fills in: see migrations/00014_judgements.sql.
	{"judged_run", of(func(*Open) uint32 { return 0 })},
	{"request_class", of(func(*Open) int8 { return 0 })},
	{"request_reason", of(func(*Open) string { return "" })},
	{"class_before", of(func(*Open) int8 { return 0 })},
	{"reason_before", of(func(*Open) string { return "" })},
	{"rest_before", of(func(*Open) string { return "" })},
	{"edge", of(func(o *Open) string { return o.Edge })},
	{"pop", of(func(o *Open) string { return o.POP })},
	{"service_version", of(func(o *Open) string { return o.ServiceVersion })},
	{"sandbox_request", of(func(o *Open) uint32 { return o.SandboxRequest })},
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
