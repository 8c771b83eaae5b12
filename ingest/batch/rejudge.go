package batch

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/google/uuid"

	"glint/edge/classify"
	"glint/edge/event"
	"glint/edge/pixel"
	"glint/edge/token"
	"glint/ingest/warehouse"
)

// BadTokenWarehouse is what RejudgeBadTokens needs of ClickHouse.
type BadTokenWarehouse interface {
	BadTokenCounts(ctx context.Context) ([]warehouse.BadTokenCount, error)
	BadTokensOf(ctx context.Context, faults []string, after *warehouse.BadToken, limit int) ([]warehouse.BadToken, error)
	MoveBadTokens(ctx context.Context, opens []warehouse.Open) error
}

// mendable are the faults that a key which comes back can take away.
var mendable = []string{"unknown_key", "signature"}

// rejudgePage is how many bad tokens are held at a time.
const rejudgePage = 10_000

// RejudgeBadTokens judges the bad tokens that are kept again, by the ring of now,
// and returns how many became opens: those of keys that were missing when they
// came. It may be called again after any error, and by several at once: moving an
// open twice changes nothing. Where no bad token names a key of the ring, it reads
// none.
func (l *Loader) RejudgeBadTokens(ctx context.Context, w BadTokenWarehouse) (moved int, err error) {
	counts, err := w.BadTokenCounts(ctx)
	if err != nil {
		return 0, err
	}
	var ids []uint8
	for _, k := range l.Ring.Keys() {
		if k.State != token.Revoked {
			ids = append(ids, k.ID)
		}
	}
	if !slices.ContainsFunc(counts, func(c warehouse.BadTokenCount) bool {
		return slices.Contains(mendable, c.Fault) && (c.KeyID == 0 || slices.Contains(ids, c.KeyID))
	}) {
		return 0, nil
	}
	d := &decoder{ring: l.Ring, ignore: l.Ignore, withdrawn: l.Withdrawn}
	for after := (*warehouse.BadToken)(nil); ; {
		bad, err := w.BadTokensOf(ctx, mendable, after, rejudgePage)
		if err != nil || len(bad) == 0 {
			return moved, err
		}
		var opens []warehouse.Open
		for i := range bad {
			if open, ok := d.rejudge(&bad[i]); ok {
				opens = append(opens, open)
			}
		}
		if err := w.MoveBadTokens(ctx, opens); err != nil {
			return moved, err
		}
		moved += len(opens)
		after = &bad[len(bad)-1]
	}
}

// rejudge returns the open of a bad token that is good by now, and false for one
// that may not be kept as an open of a message: it stays where it is, and goes with
// the others of its day.
func (d *decoder) rejudge(b *warehouse.BadToken) (warehouse.Open, bool) {
	found := pixel.Find(d.ring, event.KindToken, b.Token, b.Path)
	if found.Kind != event.KindToken || found.Token.Mode > token.Pseudonymous ||
		d.withdrawn.Fate(uuid.UUID(found.Message)) != warehouse.FateKeep {
		return warehouse.Open{}, false
	}
	agent := d.agent(b.UserAgent)
	v, client := classify.ExamineAgent(&agent, &classify.Request{
		Method: b.Method, RefererHost: b.RefererHost,
		Network: b.Network, ASNumber: b.ASNumber, ProxyType: b.ProxyType, ProxyDescription: b.ProxyDescription,
		Headers: classify.HeaderFacts(b.HeaderBits),
	})
	ip := b.IP
	if ip.Is4In6() {
		ip = netip.AddrFrom4(ip.As4())
	}
	v, version := d.own(v, ip, b.UserAgent)
	t := &found.Token
	issued := time.Unix(int64(t.IssuedAt), 0).UTC()
	suspect := b.TimeSuspect
	if b.OpenedAt.Before(issued.Add(-issuedSlack)) {
		suspect = warehouse.SuspectBeforeToken
	}
	return warehouse.Open{
		CampaignID: uint64(t.Campaign), MessageID: uuid.UUID(t.Message),
		OpenedAt: b.OpenedAt, EventID: b.EventID, ReceivedAt: b.ReceivedAt, TimeSuspect: suspect,
		UserAgent: b.UserAgent, IP: b.IP, Network: b.Network, NetworkListDate: b.NetworkListDate, ASNumber: b.ASNumber,
		Country: b.Country, Region: b.Region, ConnectionType: b.ConnectionType, ProxyType: b.ProxyType, ProxyDescription: b.ProxyDescription,
		BotDetection: b.BotDetection, BotName: b.BotName, BotCategory: b.BotCategory,
		Method: b.Method, Protocol: b.Protocol, JA4: b.JA4, HeaderBits: b.HeaderBits, HeaderFacts: b.HeaderFacts,
		RefererHost: b.RefererHost, TokenStatus: tokenValid, Path: b.Path, KeyID: t.Key, IssuedAt: issued,
		Class: int8(v.Class), Reason: v.Reason,
		Client: client.Client, ClientVendor: client.Vendor, OS: client.OS, Device: client.Device,
		RulesetVersion: classify.RulesetVersion, VerdictVersion: version,
		Edge: b.Edge, POP: b.POP, ServiceVersion: b.ServiceVersion, SandboxRequest: b.SandboxRequest,
		Source: b.Source, Extra: b.Extra,
	}, true
}
