package warehouse

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"glint/schema"
)

// BadToken is one row of the table bad_tokens: a request whose token was not
// signed by a key of ours.
type BadToken struct {
	Facts
	Fault         string // error of the token; never the token itself
	TokenStatus   string // the edge's opinion
	Token         string
	NamedCampaign uint64 // campaign named by the token or its beginning, unproven; 0: none
}

var badTokenColumns = append([]column[BadToken]{
	{"fault", of(func(b *BadToken) string { return b.Fault })},
	{"token_status", of(func(b *BadToken) string { return b.TokenStatus })},
	{"token", of(func(b *BadToken) string { return b.Token })},
	{"named_campaign_id", of(func(b *BadToken) uint64 { return b.NamedCampaign })},
}, factColumns(func(b *BadToken) *Facts { return &b.Facts })...)

// InsertBadTokens keeps the rows in one named insert: see InsertOpens.
func (w *Warehouse) InsertBadTokens(ctx context.Context, name string, bad []BadToken) error {
	return insert(ctx, w, "bad_tokens", badTokenColumns, name, bad)
}

// BadTokenCount is the number of stored requests with one fault.
type BadTokenCount struct {
	Fault    string `json:"fault"`
	KeyID    *uint8 `json:"key_id"` // key named by the tokens; nil: none, or not known
	Requests uint64 `json:"requests"`
}

// BadTokenCounts returns the stored bad tokens by fault and key id, without
// those moved into opens.
func (w *Warehouse) BadTokenCounts(ctx context.Context) ([]BadTokenCount, error) {
	var n uint64
	var faults []string
	var keys []uint8
	var requests []uint64
	if err := w.ask(ctx, "bad_token_faults", nil, &n, &faults, &keys, &requests); err != nil {
		return nil, fmt.Errorf("count bad tokens: %w", err)
	}
	counts := make([]BadTokenCount, len(faults))
	for i := range faults {
		counts[i] = BadTokenCount{Fault: faults[i], Requests: requests[i]}
		if keys[i] != 0 {
			counts[i].KeyID = &keys[i]
		}
	}
	return counts, nil
}

// BadTokensOf returns the bad tokens with some faults in the order of their
// time, at most limit of them, starting after the row after; nil: from the
// first. It returns no rows when there are no more.
func (w *Warehouse) BadTokensOf(ctx context.Context, faults []string, after *BadToken, limit int) ([]BadToken, error) {
	fail := func(err error) error { return fmt.Errorf("read bad tokens: %w", err) }
	var afterMS int64
	var afterEvent uint64
	if after != nil {
		afterMS, afterEvent = after.OpenedAt.UnixMilli(), after.EventID
	}
	args := []any{clickhouse.Named("faults", faults), clickhouse.Named("after_ms", afterMS), clickhouse.Named("after_event", afterEvent)}
	var n, lastEvent uint64
	var lastMS int64
	if err := w.ask(ctx, "bad_tokens_page", append(args, clickhouse.Named("limit", limit)), &n, &lastMS, &lastEvent); err != nil || n == 0 {
		if err != nil {
			return nil, fail(err)
		}
		return nil, nil
	}
	rows, err := w.conn.Query(ctx, schema.Query("bad_tokens"),
		append(args, clickhouse.Named("last_ms", lastMS), clickhouse.Named("last_event", lastEvent))...)
	if err != nil {
		return nil, fail(err)
	}
	defer func() { _ = rows.Close() }()
	bad := make([]BadToken, 0, n)
	for rows.Next() {
		var b BadToken
		var opened, received int64
		err := rows.Scan(&opened, &b.EventID, &received, &b.TimeSuspect, &b.Fault, &b.TokenStatus, &b.Token, &b.Path, &b.KeyID, &b.IssuedAt,
			&b.NamedCampaign, &b.Method, &b.Protocol, &b.JA4, &b.HeaderBits, &b.HeaderFacts, &b.RefererHost, &b.UserAgent, &b.IP, &b.Network,
			&b.NetworkListDate, &b.ASNumber, &b.Country, &b.Region, &b.ConnectionType, &b.ProxyType, &b.ProxyDescription,
			&b.BotDetection, &b.BotName, &b.BotCategory, &b.Edge, &b.POP, &b.ServiceVersion, &b.SandboxRequest, &b.Source, &b.Extra)
		if err != nil {
			return nil, fail(err)
		}
		b.OpenedAt, b.ReceivedAt = time.UnixMilli(opened).UTC(), time.UnixMilli(received).UTC()
		b.IssuedAt, b.NetworkListDate = fromEpoch(b.IssuedAt), fromEpoch(b.NetworkListDate)
		if b.IP.IsUnspecified() {
			b.IP = netip.Addr{}
		}
		bad = append(bad, b)
	}
	if err := rows.Err(); err != nil {
		return nil, fail(err)
	}
	if uint64(len(bad)) < n { // cut off, or rows have expired meanwhile
		return nil, fail(fmt.Errorf("%w: %d of %d rows", ErrAnswer, len(bad), n))
	}
	return bad, nil
}

// fromEpoch returns a time of the tables; the zero time for 1970, which means none there.
func fromEpoch(t time.Time) time.Time {
	if t.Unix() == 0 {
		return time.Time{}
	}
	return t.UTC()
}

// MoveBadTokens inserts the opens made from bad tokens, checks that they are
// there, and then marks the bad tokens with the same time and event as moved.
// It may be called again after any error: moving an open twice changes nothing.
func (w *Warehouse) MoveBadTokens(ctx context.Context, opens []Open) error {
	if len(opens) == 0 {
		return nil
	}
	if err := w.InsertOpens(ctx, "bad-tokens-"+rand.Text(), opens); err != nil {
		return err
	}
	absent, err := w.AbsentOpens(ctx, opens)
	if err != nil {
		return err
	}
	if len(absent) > 0 {
		return fmt.Errorf("move bad tokens: %w: %d of %d opens", ErrRowsMissing, len(absent), len(opens))
	}
	keys, err := newKeyTable()
	if err != nil {
		return fmt.Errorf("move bad tokens: %w", err)
	}
	for i := range opens {
		o := &opens[i]
		if err := keys.Append(o.MessageID, o.OpenedAt.UnixMilli(), o.EventID, o.CampaignID); err != nil {
			return fmt.Errorf("move bad tokens: %w", err)
		}
	}
	if err := w.conn.Exec(moving(ctx, keys), schema.Query("mark_bad_tokens")); err != nil {
		return fmt.Errorf("mark bad tokens as moved: %w", err)
	}
	return nil
}
