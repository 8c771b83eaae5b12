package warehouse

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"

	"glint/schema"
)

// CampaignOpens is a campaign with its number of rows in opens.
type CampaignOpens struct {
	ID    uint64
	Opens uint64
}

// CampaignsToJudge returns, by id, the campaigns with opens or clicks since one
// time that also received something since another. A zero time means no limit.
func (w *Warehouse) CampaignsToJudge(ctx context.Context, since, touched time.Time) ([]CampaignOpens, error) {
	var n uint64
	var ids, opens []uint64
	args := []any{clickhouse.Named("since_ms", milliseconds(since)), clickhouse.Named("touched_ms", milliseconds(touched))}
	if err := w.ask(ctx, "judge_campaigns", args, &n, &ids, &opens); err != nil {
		return nil, fmt.Errorf("look for campaigns to judge: %w", err)
	}
	if uint64(len(ids)) != n || uint64(len(opens)) != n {
		return nil, fmt.Errorf("look for campaigns to judge: %w", ErrAnswer)
	}
	campaigns := make([]CampaignOpens, n)
	for i := range campaigns {
		campaigns[i] = CampaignOpens{ids[i], opens[i]}
	}
	return campaigns, nil
}

// Section is an inclusive range of campaigns, or one part of their messages.
type Section struct {
	From, Until uint64
	Part, Parts uint64
}

func (s Section) args(more ...any) []any {
	return append(more, clickhouse.Named("from", s.From), clickhouse.Named("until", s.Until),
		clickhouse.Named("part", s.Part), clickhouse.Named("parts", max(s.Parts, 1)))
}

// RequestFacts are the facts of a request that the rules use, and the stored
// names of the program. Hash identifies the combination.
type RequestFacts struct {
	Hash                                                     uint64
	Method, UserAgent, RefererHost, Network                  string
	ASNumber                                                 uint32
	ProxyType, ProxyDescription, Protocol, JA4, BotDetection string
	HeaderBits                                               uint16
	HeaderFacts                                              uint32
	Client, ClientVendor, OS, Device                         string
	Agent                                                    uint64 // hash of UserAgent
}

// JudgedOpen is an open with its verdicts and the facts of its message.
type JudgedOpen struct {
	CampaignID    uint64
	MessageID     uuid.UUID
	OpenedAt      int64 // Unix milliseconds
	EventID       uint64
	Facts         uint64
	IP            netip.Addr // :: if not stored
	Class         int8       // the verdict in force
	Reason        string
	RequestClass  int8 // the verdict on the request alone
	RequestReason string
	Suspect       bool // its time contradicts the line
	MessageState
}

// MessageState holds the facts of a sent message.
type MessageState struct {
	Known       bool  // registered, tracked individually, and not a test
	SentAt      int64 // Unix milliseconds; 0: not known
	DeliveredAt int64
	Domain      string // of the recipient
}

// JudgedClick is a click with its verdicts.
type JudgedClick struct {
	CampaignID    uint64
	MessageID     uuid.UUID
	OccurredAt    int64 // Unix milliseconds
	LinkHash      uint64
	IP            netip.Addr // :: if not known
	UserAgent     string
	Network       string
	ASNumber      uint32
	Class         int8
	Reason        string
	RequestClass  int8
	RequestReason string
	Honeypot      bool
	MessageState
}

// RowCounts are the numbers of rows that the answers about a section must have
// at least.
type RowCounts struct{ Opens, Clicks uint64 }

// CountToJudge counts the rows of a section.
func (w *Warehouse) CountToJudge(ctx context.Context, s Section) (n RowCounts, err error) {
	if err := w.ask(ctx, "judge_rows", s.args(), &n.Opens, &n.Clicks); err != nil {
		return n, fmt.Errorf("count opens to judge: %w", err)
	}
	return n, nil
}

// FactsToJudge calls visit with each combination of facts in a section's
// campaigns.
func (w *Warehouse) FactsToJudge(ctx context.Context, s Section, visit func(*RequestFacts)) error {
	return w.stream(ctx, "judge_facts", s.args(), func(scan func(...any) error) error {
		var f RequestFacts
		err := scan(&f.Hash, &f.Method, &f.UserAgent, &f.RefererHost, &f.Network, &f.ASNumber, &f.ProxyType, &f.ProxyDescription, &f.HeaderBits,
			&f.HeaderFacts, &f.Protocol, &f.JA4, &f.BotDetection, &f.Client, &f.ClientVendor, &f.OS, &f.Device, &f.Agent)
		if err == nil {
			visit(&f)
		}
		return err
	})
}

// OpensToJudge calls visit with each open of a section, message by message. The
// open is overwritten after visit returns.
func (w *Warehouse) OpensToJudge(ctx context.Context, s Section, visit func(*JudgedOpen)) error {
	var o JudgedOpen
	var known, suspect uint8
	return w.stream(ctx, "judge_opens", s.args(), func(scan func(...any) error) error {
		err := scan(&o.CampaignID, &o.MessageID, &o.OpenedAt, &o.EventID, &o.Facts, &o.IP, &o.Class, &o.Reason, &o.RequestClass, &o.RequestReason, &suspect,
			&known, &o.SentAt, &o.DeliveredAt, &o.Domain)
		if err == nil {
			o.Known, o.Suspect = known != 0, suspect != 0
			visit(&o)
		}
		return err
	})
}

// ClicksToJudge calls visit with each click of a section, message by message.
// Clicks on honeypot links are marked.
func (w *Warehouse) ClicksToJudge(ctx context.Context, s Section, honeypots []string, visit func(*JudgedClick)) error {
	if honeypots == nil {
		honeypots = []string{}
	}
	var c JudgedClick
	var known, honeypot uint8
	return w.stream(ctx, "judge_clicks", s.args(clickhouse.Named("honeypots", honeypots)), func(scan func(...any) error) error {
		err := scan(&c.CampaignID, &c.MessageID, &c.OccurredAt, &c.LinkHash, &c.IP, &c.UserAgent, &c.Network, &c.ASNumber, &c.Class, &c.Reason,
			&c.RequestClass, &c.RequestReason, &honeypot, &known, &c.SentAt, &c.DeliveredAt, &c.Domain)
		if err == nil {
			c.Known, c.Honeypot = known != 0, honeypot != 0
			visit(&c)
		}
		return err
	})
}

func (w *Warehouse) stream(ctx context.Context, query string, args []any, row func(scan func(...any) error) error) error {
	rows, err := w.conn.Query(ctx, schema.Query(query), args...)
	if err != nil {
		return fmt.Errorf("read rows to judge: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return fmt.Errorf("read rows to judge: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read rows to judge: %w", err)
	}
	return nil
}

// BurstGroup holds opens from one network and user agent, of messages to one
// domain, in the order of their times.
type BurstGroup struct {
	IP       netip.Addr
	Agent    uint64 // hash of the user agent
	Domain   string
	Times    []int64  // Unix milliseconds
	Messages []uint64 // hashes of their ids
}

// BurstGroups returns the groups of a campaign with at least that many
// messages, counting opens with the given facts.
func (w *Warehouse) BurstGroups(ctx context.Context, campaign uint64, facts []uint64, recipients int) ([]BurstGroup, error) {
	if len(facts) == 0 {
		return nil, nil
	}
	fail := func(err error) error { return fmt.Errorf("look for bursts: %w", err) }
	wanted, err := ext.NewTable("burst_facts", ext.Column("facts", "UInt64"))
	if err != nil {
		return nil, fail(err)
	}
	if _, err := wanted.Block().Columns[0].Append(facts); err != nil {
		return nil, fail(err)
	}
	var n uint64
	var ips []string
	var agents []uint64
	var domains []string
	var times [][]int64
	var messages [][]uint64
	args := []any{clickhouse.Named("campaign_id", campaign), clickhouse.Named("recipients", recipients)}
	err = w.ask(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), "judge_bursts", args, &n, &ips, &agents, &domains, &times, &messages)
	if err != nil {
		return nil, fail(err)
	}
	if uint64(len(ips)) != n || uint64(len(messages)) != n {
		return nil, fail(ErrAnswer)
	}
	groups := make([]BurstGroup, n)
	for i := range groups {
		ip, err := netip.ParseAddr(ips[i])
		if err != nil {
			return nil, fail(err)
		}
		groups[i] = BurstGroup{ip, agents[i], domains[i], times[i], messages[i]}
	}
	return groups, nil
}

// TimeCounts counts the opens before their message was sent or delivered.
type TimeCounts struct {
	Opens  uint64 // with that time
	Before uint64
}

// CampaignTimes holds the counts of a campaign for opens through proxies that
// fetch when a person looks, and for other opens not proven to be by a machine.
type CampaignTimes struct {
	ProxiedSent, ProxiedDelivered, OtherSent, OtherDelivered TimeCounts
}

// CampaignTimes returns these counts. Opens within slack before the time do not
// count as before.
func (w *Warehouse) CampaignTimes(ctx context.Context, campaign uint64, slack time.Duration) (t CampaignTimes, err error) {
	args := []any{clickhouse.Named("campaign_id", campaign), clickhouse.Named("slack_ms", slack.Milliseconds())}
	err = w.ask(ctx, "judge_times", args, &t.ProxiedSent.Opens, &t.ProxiedSent.Before, &t.ProxiedDelivered.Opens, &t.ProxiedDelivered.Before,
		&t.OtherSent.Opens, &t.OtherSent.Before, &t.OtherDelivered.Opens, &t.OtherDelivered.Before)
	if err != nil {
		return t, fmt.Errorf("compare times of a campaign: %w", err)
	}
	return t, nil
}

// OpenVerdict is a run's verdict on an open.
type OpenVerdict struct {
	CampaignID                 uint64
	MessageID                  uuid.UUID
	OpenedAt                   int64 // Unix milliseconds
	EventID                    uint64
	Class                      int8
	Reason                     string
	RequestClass               int8
	RequestReason              string
	Client, Vendor, OS, Device string
	Again                      bool // the request was classified again, by the current rules
}

// ClickVerdict is a run's verdict on a click.
type ClickVerdict struct {
	CampaignID uint64
	MessageID  uuid.UUID
	OccurredAt int64
	LinkHash   uint64
	Class      int8
	Reason     string
}

// appendColumns fills an external table column by column.
func appendColumns(t *ext.Table, columns ...any) error {
	for i, values := range columns {
		if _, err := t.Block().Columns[i].Append(values); err != nil {
			return err
		}
	}
	return nil
}

func each[R, T any](rows []R, get func(*R) T) []T {
	values := make([]T, len(rows))
	for i := range rows {
		values[i] = get(&rows[i])
	}
	return values
}

// WriteOpenVerdicts stores a run's verdicts on opens, which become visible when
// the run is applied. Requests that were classified again get the version of
// their rules.
func (w *Warehouse) WriteOpenVerdicts(ctx context.Context, r *Run, ruleset uint16, v []OpenVerdict) error {
	if len(v) == 0 {
		return nil
	}
	judged, err := ext.NewTable("judged", ext.Column("campaign_id", "UInt64"), ext.Column("message_id", "UUID"), ext.Column("opened_at", "Int64"),
		ext.Column("event_id", "UInt64"), ext.Column("class", "Int8"), ext.Column("reason", "String"), ext.Column("request_class", "Int8"),
		ext.Column("request_reason", "String"), ext.Column("client", "String"), ext.Column("client_vendor", "String"), ext.Column("os", "String"),
		ext.Column("device", "String"), ext.Column("again", "UInt8"))
	if err == nil {
		err = appendColumns(judged, each(v, func(o *OpenVerdict) uint64 { return o.CampaignID }), each(v, func(o *OpenVerdict) uuid.UUID { return o.MessageID }),
			each(v, func(o *OpenVerdict) int64 { return o.OpenedAt }), each(v, func(o *OpenVerdict) uint64 { return o.EventID }),
			each(v, func(o *OpenVerdict) int8 { return o.Class }), each(v, func(o *OpenVerdict) string { return o.Reason }),
			each(v, func(o *OpenVerdict) int8 { return o.RequestClass }), each(v, func(o *OpenVerdict) string { return o.RequestReason }),
			each(v, func(o *OpenVerdict) string { return o.Client }), each(v, func(o *OpenVerdict) string { return o.Vendor }),
			each(v, func(o *OpenVerdict) string { return o.OS }), each(v, func(o *OpenVerdict) string { return o.Device }),
			each(v, func(o *OpenVerdict) uint8 {
				if o.Again {
					return 1
				}
				return 0
			}))
	}
	if err == nil {
		err = w.conn.Exec(replacing(ctx, clickhouse.WithExternalTable(judged)), schema.Query("apply_opens"), clickhouse.Named("run", r.Number), clickhouse.Named("ruleset", ruleset))
	}
	if err != nil {
		return fmt.Errorf("write verdicts on opens: %w", err)
	}
	return nil
}

// WriteClickVerdicts stores a run's verdicts on clicks, which become visible
// when the run is applied.
func (w *Warehouse) WriteClickVerdicts(ctx context.Context, r *Run, v []ClickVerdict) error {
	if len(v) == 0 {
		return nil
	}
	judged, err := ext.NewTable("judged", ext.Column("campaign_id", "UInt64"), ext.Column("message_id", "UUID"), ext.Column("occurred_at", "Int64"),
		ext.Column("link_hash", "UInt64"), ext.Column("class", "Int8"), ext.Column("reason", "String"))
	if err == nil {
		err = appendColumns(judged, each(v, func(c *ClickVerdict) uint64 { return c.CampaignID }), each(v, func(c *ClickVerdict) uuid.UUID { return c.MessageID }),
			each(v, func(c *ClickVerdict) int64 { return c.OccurredAt }), each(v, func(c *ClickVerdict) uint64 { return c.LinkHash }),
			each(v, func(c *ClickVerdict) int8 { return c.Class }), each(v, func(c *ClickVerdict) string { return c.Reason }))
	}
	if err == nil {
		err = w.conn.Exec(replacing(ctx, clickhouse.WithExternalTable(judged)), schema.Query("apply_clicks"), clickhouse.Named("run", r.Number))
	}
	if err != nil {
		return fmt.Errorf("write verdicts on clicks: %w", err)
	}
	return nil
}

// ErrCutOff means that an answer had fewer rows than the warehouse holds.
var ErrCutOff = errors.New("warehouse: fewer rows came than there are")
