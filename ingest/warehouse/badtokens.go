package warehouse

import (
	"context"
	"net/netip"
	"time"
)

// BadToken is one row of the table bad_tokens: a request whose token no key of
// ours has signed.
type BadToken struct {
	OpenedAt    time.Time // UTC, milliseconds
	EventID     uint64
	ReceivedAt  time.Time // UTC, milliseconds
	Fault       string    // what is wrong with it; never the token itself
	TokenStatus string    // what the edge said
	Token       string
	Method      string
	UserAgent   string
	IP          netip.Addr // zero: not kept
	Network     string
	ASNumber    uint32
	Country     string
	POP         string
	Source      string
}

var badTokenColumns = []column[BadToken]{
	{"opened_at", of(func(b *BadToken) int64 { return b.OpenedAt.UnixMilli() })},
	{"event_id", of(func(b *BadToken) uint64 { return b.EventID })},
	{"received_at", of(func(b *BadToken) int64 { return b.ReceivedAt.UnixMilli() })},
	{"fault", of(func(b *BadToken) string { return b.Fault })},
	{"token_status", of(func(b *BadToken) string { return b.TokenStatus })},
	{"token", of(func(b *BadToken) string { return b.Token })},
	{"method", of(func(b *BadToken) string { return b.Method })},
	{"user_agent", of(func(b *BadToken) string { return b.UserAgent })},
	{"ip", of(func(b *BadToken) netip.Addr { return ipv6(b.IP) })},
	{"network", of(func(b *BadToken) string { return b.Network })},
	{"as_number", of(func(b *BadToken) uint32 { return b.ASNumber })},
	{"country", of(func(b *BadToken) string { return b.Country })},
	{"pop", of(func(b *BadToken) string { return b.POP })},
	{"source", of(func(b *BadToken) string { return b.Source })},
}

// InsertBadTokens keeps the rows in one named insert: see InsertOpens.
func (w *Warehouse) InsertBadTokens(ctx context.Context, name string, bad []BadToken) error {
	return insert(ctx, w, "bad_tokens", badTokenColumns, name, bad)
}
