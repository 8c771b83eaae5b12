package warehouse

import (
	"net/netip"
	"time"
)

// Facts are the facts of one event's line and of its receipt. Rows of opens and
// of bad_tokens have the same facts, so that a bad token can be classified once
// its key is there.
type Facts struct {
	OpenedAt         time.Time // UTC, milliseconds
	EventID          uint64
	ReceivedAt       time.Time // UTC, milliseconds
	TimeSuspect      int8      // as the table's Enum8: SuspectNone, …
	UserAgent        string
	IP               netip.Addr // zero: not kept
	Network          string
	NetworkListDate  time.Time // UTC day of the list that Network came from; zero: from no list
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
	HeaderFacts      uint32 // in addition to HeaderBits, which are all used
	RefererHost      string
	Path             string    // path of the URL, if the line has it
	KeyID            uint8     // key id in the token; 0: none. For a bad token unproven
	IssuedAt         time.Time // in the token, in seconds; zero: none. For a bad token unproven
	Edge             string
	POP              string
	ServiceVersion   string
	SandboxRequest   uint32 // number of the request in its sandbox, from 1; 0: not known
	Source           string
	Extra            string
}

// The values of time_suspect. A suspect time is never the first or the last
// open of a message.
const (
	SuspectNone         int8 = iota
	SuspectBeforeToken       // opened more than a day before its token was issued
	SuspectAfterReceipt      // opened minutes after it was received
)

// factColumns returns the columns for the Facts of rows R.
func factColumns[R any](facts func(*R) *Facts) []column[R] {
	return []column[R]{
		{"opened_at", of(func(r *R) int64 { return facts(r).OpenedAt.UnixMilli() })},
		{"event_id", of(func(r *R) uint64 { return facts(r).EventID })},
		{"received_at", of(func(r *R) int64 { return facts(r).ReceivedAt.UnixMilli() })},
		{"time_suspect", of(func(r *R) int8 { return facts(r).TimeSuspect })},
		{"user_agent", of(func(r *R) string { return facts(r).UserAgent })},
		{"ip", of(func(r *R) netip.Addr { return ipv6(facts(r).IP) })},
		{"network", of(func(r *R) string { return facts(r).Network })},
		{"network_list_date", of(func(r *R) time.Time { return day(facts(r).NetworkListDate) })},
		{"as_number", of(func(r *R) uint32 { return facts(r).ASNumber })},
		{"country", of(func(r *R) string { return facts(r).Country })},
		{"region", of(func(r *R) string { return facts(r).Region })},
		{"connection_type", of(func(r *R) string { return facts(r).ConnectionType })},
		{"proxy_type", of(func(r *R) string { return facts(r).ProxyType })},
		{"proxy_description", of(func(r *R) string { return facts(r).ProxyDescription })},
		{"bot_detection", of(func(r *R) string { return facts(r).BotDetection })},
		{"bot_name", of(func(r *R) string { return facts(r).BotName })},
		{"bot_category", of(func(r *R) string { return facts(r).BotCategory })},
		{"method", of(func(r *R) string { return facts(r).Method })},
		{"protocol", of(func(r *R) string { return facts(r).Protocol })},
		{"ja4", of(func(r *R) string { return facts(r).JA4 })},
		{"header_bits", of(func(r *R) uint16 { return facts(r).HeaderBits })},
		{"header_facts", of(func(r *R) uint32 { return facts(r).HeaderFacts })},
		{"referer_host", of(func(r *R) string { return facts(r).RefererHost })},
		{"path", of(func(r *R) string { return facts(r).Path })},
		{"key_id", of(func(r *R) uint8 { return facts(r).KeyID })},
		{"issued_at", of(func(r *R) time.Time { return orEpoch(facts(r).IssuedAt) })},
		{"edge", of(func(r *R) string { return facts(r).Edge })},
		{"pop", of(func(r *R) string { return facts(r).POP })},
		{"service_version", of(func(r *R) string { return facts(r).ServiceVersion })},
		{"sandbox_request", of(func(r *R) uint32 { return facts(r).SandboxRequest })},
		{"source", of(func(r *R) string { return facts(r).Source })},
		{"extra", of(func(r *R) string { return facts(r).Extra })},
	}
}

// ipv6 returns an address as the table stores it: IPv4 mapped into IPv6, :: for
// none.
func ipv6(a netip.Addr) netip.Addr {
	if !a.IsValid() {
		return netip.IPv6Unspecified()
	}
	return netip.AddrFrom16(a.As16())
}

// The first and the last day of a column of type Date; the driver lets other days wrap
// around. The first day means none.
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
