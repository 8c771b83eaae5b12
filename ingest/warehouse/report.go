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

func (w *Warehouse) campaignID(ctx context.Context, campaign string) (uint64, error) {
	var (
		id        uint64
		name      string
		createdAt time.Time
	)
	err := w.conn.QueryRow(ctx, schema.Query("campaign_by_name"), clickhouse.Named("campaign", campaign)).Scan(&id, &name, &createdAt)
	if errors.Is(err, sql.ErrNoRows) {
		number, parseErr := strconv.ParseUint(campaign, 10, 64)
		if parseErr != nil {
			return 0, ErrNoCampaign
		}
		err = w.conn.QueryRow(ctx, schema.Query("campaign_by_id"), clickhouse.Named("campaign_id", number)).Scan(&id, &name, &createdAt)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return 0, ErrNoCampaign
	}
	if err != nil {
		return 0, fmt.Errorf("find campaign: %w", err)
	}
	return id, nil
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
