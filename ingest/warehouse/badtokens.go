package warehouse

import (
	"context"
	"net/netip"
	"time"
)

// BadToken is one row of the table bad_tokens: a request whose token no key of
// ours has signed, with all facts of its line, so that it can be judged once the
// key is there.
type BadToken struct {
	OpenedAt         time.Time // UTC, milliseconds
	EventID          uint64
	ReceivedAt       time.Time // UTC, milliseconds
	TimeSuspect      int8      // as Open.TimeSuspect
	Fault            string    // what is wrong with the token; never the token itself
	TokenStatus      string    // the edge's opinion
	Token            string
	Path             string    // of the URL, where the line has it
	KeyID            uint8     // that the token names; 0: it names none
	IssuedAt         time.Time // that the token names, seconds; zero: it names none
	Method           string
	Protocol         string
	JA4              string
	HeaderBits       uint16
	HeaderFacts      uint32
	RefererHost      string
	UserAgent        string
	IP               netip.Addr // zero: not kept
	Network          string
	NetworkListDate  time.Time // day, UTC; zero: no list
	ASNumber         uint32
	Country          string
	Region           string
	ConnectionType   string
	ProxyType        string
	ProxyDescription string
	BotDetection     string
	BotName          string
	BotCategory      string
	Edge             string
	POP              string
	ServiceVersion   string
	SandboxRequest   uint32
	Source           string
	Extra            string
}

var badTokenColumns = []column[BadToken]{
	{"opened_at", of(func(b *BadToken) int64 { return b.OpenedAt.UnixMilli() })},
	{"event_id", of(func(b *BadToken) uint64 { return b.EventID })},
	{"received_at", of(func(b *BadToken) int64 { return b.ReceivedAt.UnixMilli() })},
	{"time_suspect", of(func(b *BadToken) int8 { return b.TimeSuspect })},
	{"fault", of(func(b *BadToken) string { return b.Fault })},
	{"token_status", of(func(b *BadToken) string { return b.TokenStatus })},
	{"token", of(func(b *BadToken) string { return b.Token })},
	{"path", of(func(b *BadToken) string { return b.Path })},
	{"key_id", of(func(b *BadToken) uint8 { return b.KeyID })},
	{"issued_at", of(func(b *BadToken) time.Time { return orEpoch(b.IssuedAt) })},
	{"method", of(func(b *BadToken) string { return b.Method })},
	{"protocol", of(func(b *BadToken) string { return b.Protocol })},
	{"ja4", of(func(b *BadToken) string { return b.JA4 })},
	{"header_bits", of(func(b *BadToken) uint16 { return b.HeaderBits })},
	{"header_facts", of(func(b *BadToken) uint32 { return b.HeaderFacts })},
	{"referer_host", of(func(b *BadToken) string { return b.RefererHost })},
	{"user_agent", of(func(b *BadToken) string { return b.UserAgent })},
	{"ip", of(func(b *BadToken) netip.Addr { return ipv6(b.IP) })},
	{"network", of(func(b *BadToken) string { return b.Network })},
	{"network_list_date", of(func(b *BadToken) time.Time { return day(b.NetworkListDate) })},
	{"as_number", of(func(b *BadToken) uint32 { return b.ASNumber })},
	{"country", of(func(b *BadToken) string { return b.Country })},
	{"region", of(func(b *BadToken) string { return b.Region })},
	{"connection_type", of(func(b *BadToken) string { return b.ConnectionType })},
	{"proxy_type", of(func(b *BadToken) string { return b.ProxyType })},
	{"proxy_description", of(func(b *BadToken) string { return b.ProxyDescription })},
	{"bot_detection", of(func(b *BadToken) string { return b.BotDetection })},
	{"bot_name", of(func(b *BadToken) string { return b.BotName })},
	{"bot_category", of(func(b *BadToken) string { return b.BotCategory })},
	{"edge", of(func(b *BadToken) string { return b.Edge })},
	{"pop", of(func(b *BadToken) string { return b.POP })},
	{"service_version", of(func(b *BadToken) string { return b.ServiceVersion })},
	{"sandbox_request", of(func(b *BadToken) uint32 { return b.SandboxRequest })},
	{"source", of(func(b *BadToken) string { return b.Source })},
	{"extra", of(func(b *BadToken) string { return b.Extra })},
}

// InsertBadTokens keeps the rows in one named insert: see InsertOpens.
func (w *Warehouse) InsertBadTokens(ctx context.Context, name string, bad []BadToken) error {
	return insert(ctx, w, "bad_tokens", badTokenColumns, name, bad)
}
