package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"glint/schema"
)

// Report holds the numbers of a campaign, as the view campaign_report defines
// them. Rates are fractions; nil is unknown: an empty denominator, no opens.
type Report struct {
	Campaign                string
	CampaignID              uint64
	Sends                   uint64
	Delivered               uint64
	OpensTotal              uint64
	UniqueOpens             uint64
	BotFilteredUniqueOpens  uint64
	ReliableUniqueOpens     uint64
	MPPOnly                 uint64
	MPPAdjustedOpenRate     *float64
	OpenRateLow             *float64
	OpenRateHigh            *float64
	CILow                   *float64
	CIHigh                  *float64
	FirstOpenAt             *time.Time
	LastOpenAt              *time.Time
	UnregisteredOpensTotal  uint64
	UnregisteredUniqueOpens uint64
	Tests                   uint64 // messages; in no other number

	Classes []ClassCount
}

// ClassCount is the share of one class in a campaign's opens.
type ClassCount struct {
	Class       string
	OpensTotal  uint64
	UniqueOpens uint64
}

// ReportOf returns the report of the campaign of that name or, failing that,
// of that id; ErrNoCampaign if there is neither.
func (w *Warehouse) ReportOf(ctx context.Context, campaign string) (*Report, error) {
	id, err := w.campaignID(ctx, campaign)
	if err != nil {
		return nil, err
	}
	var r Report
	err = w.conn.QueryRow(ctx, schema.Query("report"), clickhouse.Named("campaign_id", id)).Scan(
		&r.Campaign, &r.CampaignID, &r.Sends, &r.Delivered, &r.OpensTotal, &r.UniqueOpens, &r.BotFilteredUniqueOpens,
		&r.ReliableUniqueOpens, &r.MPPOnly, &r.MPPAdjustedOpenRate, &r.OpenRateLow, &r.OpenRateHigh, &r.CILow, &r.CIHigh,
		&r.FirstOpenAt, &r.LastOpenAt, &r.UnregisteredOpensTotal, &r.UnregisteredUniqueOpens, &r.Tests)
	if err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	r.Classes, err = w.classes(ctx, id)
	return &r, err
}

// campaignID looks for the name as CampaignNamed does, then for the id.
func (w *Warehouse) campaignID(ctx context.Context, campaign string) (uint64, error) {
	lookUp := func(query string, argument any) (id uint64, err error) {
		var name string
		var createdAt time.Time
		err = w.conn.QueryRow(ctx, schema.Query(query), argument).Scan(&id, &name, &createdAt)
		return id, err
	}
	for _, form := range nameForms(campaign) {
		if id, err := lookUp("campaign_by_name", clickhouse.Named("campaign", form)); !errors.Is(err, sql.ErrNoRows) {
			return id, findError(err)
		}
	}
	number, err := strconv.ParseUint(campaign, 10, 64)
	if err != nil {
		return 0, ErrNoCampaign
	}
	id, err := lookUp("campaign_by_id", clickhouse.Named("campaign_id", number))
	return id, findError(err)
}

func findError(err error) error {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrNoCampaign
	case err != nil:
		return fmt.Errorf("find campaign: %w", err)
	}
	return nil
}

func (w *Warehouse) classes(ctx context.Context, id uint64) ([]ClassCount, error) {
	rows, err := w.conn.Query(ctx, schema.Query("report_classes"), clickhouse.Named("campaign_id", id))
	if err != nil {
		return nil, fmt.Errorf("read opens by class: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var classes []ClassCount
	for rows.Next() {
		var c ClassCount
		if err := rows.Scan(&c.Class, &c.OpensTotal, &c.UniqueOpens); err != nil {
			return nil, fmt.Errorf("read opens by class: %w", err)
		}
		classes = append(classes, c)
	}
	return classes, rows.Err()
}
