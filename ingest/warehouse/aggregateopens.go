package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
)

// AggregateOpen is one row of the table aggregate_opens: an open that belongs
// to a campaign or a stratum, not to a message.
type AggregateOpen struct {
	CampaignID     uint64    // 0: only the arrival of the event may be kept
	StratumID      uuid.UUID // zero: the recipient of its message has withdrawn
	OpenedHour     time.Time // UTC, truncated to the hour
	EventID        uint64
	Class          int8 // as the table's Enum8
	Reason         string
	Client         string // empty, as the next three, unless the withdrawal allows facts about the client
	OS             string
	Device         string
	Country        string
	ReducedByEdge  bool // the edge had already removed the facts that may not be kept
	RulesetVersion uint16
	VerdictVersion uint32
}

var aggregateColumns = []column[AggregateOpen]{
	{"campaign_id", of(func(o *AggregateOpen) uint64 { return o.CampaignID })},
	{"stratum_id", of(func(o *AggregateOpen) uuid.UUID { return o.StratumID })},
	{"opened_hour", of(func(o *AggregateOpen) time.Time { return orEpoch(o.OpenedHour) })},
	{"event_id", of(func(o *AggregateOpen) uint64 { return o.EventID })},
	{"class", of(func(o *AggregateOpen) int8 { return o.Class })},
	{"reason", of(func(o *AggregateOpen) string { return o.Reason })},
	{"client", of(func(o *AggregateOpen) string { return o.Client })},
	{"os", of(func(o *AggregateOpen) string { return o.OS })},
	{"device", of(func(o *AggregateOpen) string { return o.Device })},
	{"country", of(func(o *AggregateOpen) string { return o.Country })},
	{"reduced_by", of(func(o *AggregateOpen) int8 { return int8(flag(o.ReducedByEdge)) })},
	{"ruleset_version", of(func(o *AggregateOpen) uint16 { return o.RulesetVersion })},
	{"verdict_version", of(func(o *AggregateOpen) uint32 { return o.VerdictVersion })},
}

// InsertAggregateOpens inserts the rows in one named insert: see InsertOpens.
func (w *Warehouse) InsertAggregateOpens(ctx context.Context, name string, opens []AggregateOpen) error {
	return insert(ctx, w, "aggregate_opens", aggregateColumns, name, opens)
}

// AbsentAggregateOpens returns the given rows that are not in the table
// aggregate_opens.
func (w *Warehouse) AbsentAggregateOpens(ctx context.Context, opens []AggregateOpen) ([]AggregateOpen, error) {
	return absent(ctx, w, "absent_aggregate_opens", opens, func(o *AggregateOpen) rowKey {
		return rowKey{o.CampaignID, o.StratumID, o.OpenedHour, o.EventID}
	})
}

// Stratum is a part of a campaign whose recipients share one pixel URL.
type Stratum struct {
	CampaignID uint64
	ID         uuid.UUID
	Dimension  string // column by which the campaign is divided, or all, or provider
	Name       string
}

var stratumColumns = []column[Stratum]{
	{"campaign_id", of(func(s *Stratum) uint64 { return s.CampaignID })},
	{"stratum_id", of(func(s *Stratum) uuid.UUID { return s.ID })},
	{"dimension", of(func(s *Stratum) string { return s.Dimension })},
	{"stratum", of(func(s *Stratum) string { return s.Name })},
}

// InsertStrata inserts the rows in one named insert: see InsertOpens.
func (w *Warehouse) InsertStrata(ctx context.Context, name string, strata []Stratum) error {
	return insert(ctx, w, "strata", stratumColumns, name, strata)
}

// StrataDimension returns the dimension by which a campaign is divided, or ""
// if it has no strata.
func (w *Warehouse) StrataDimension(ctx context.Context, campaign uint64) (dimension string, err error) {
	var n uint64
	if err := w.ask(ctx, "campaign_strata", []any{clickhouse.Named("campaign_id", campaign)}, &n, &dimension); err != nil {
		return "", fmt.Errorf("read strata: %w", err)
	}
	return dimension, nil
}

// StratumOpens returns the number of a stratum's aggregate opens, and the number of them
// from edges that apply privacy modes.
func (w *Warehouse) StratumOpens(ctx context.Context, campaign uint64, stratum uuid.UUID) (opens, byEdge uint64, err error) {
	args := []any{clickhouse.Named("campaign_id", campaign), clickhouse.Named("stratum_id", stratum.String())}
	if err := w.ask(ctx, "stratum_open", args, &opens, &byEdge); err != nil {
		return 0, 0, fmt.Errorf("read opens of a stratum: %w", err)
	}
	return opens, byEdge, nil
}
