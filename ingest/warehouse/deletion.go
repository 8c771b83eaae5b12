package warehouse

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"glint/schema"
)

// CampaignRows counts the rows stored for a campaign.
type CampaignRows struct{ Messages, Opens, AggregateOpens, Deliveries uint64 }

// CampaignRows returns the number of rows stored for a campaign.
func (w *Warehouse) CampaignRows(ctx context.Context, campaign uint64) (r CampaignRows, err error) {
	err = w.ask(ctx, "campaign_rows", []any{clickhouse.Named("campaign_id", campaign)}, &r.Messages, &r.Opens, &r.AggregateOpens, &r.Deliveries)
	if err != nil {
		return r, fmt.Errorf("count rows of the campaign: %w", err)
	}
	return r, nil
}

type deletedCampaign struct {
	id uint64
	at time.Time
}

var deletedColumns = []column[deletedCampaign]{
	{"campaign_id", of(func(d *deletedCampaign) uint64 { return d.id })},
	{"deleted_at", of(func(d *deletedCampaign) int64 { return d.at.UnixMilli() })},
}

// DeleteCampaign deletes a campaign with all its rows. It first records the
// campaign as deleted, so that no further rows are stored. After an error the
// next SweepDeleted deletes the rest.
func (w *Warehouse) DeleteCampaign(ctx context.Context, campaign uint64) error {
	rows := []deletedCampaign{{campaign, time.Now()}}
	if err := insert(ctx, w, "deleted_campaigns", deletedColumns, "delete-"+strconv.FormatUint(campaign, 10), rows); err != nil {
		return fmt.Errorf("delete campaign: %w", err)
	}
	return w.SweepDeleted(ctx)
}

// SweepDeleted deletes all rows of deleted campaigns, also rows that arrived
// later. If there are none, it only reads. It may run concurrently.
func (w *Warehouse) SweepDeleted(ctx context.Context) error {
	fail := func(err error) error { return fmt.Errorf("delete rows of deleted campaigns: %w", err) }
	var tables []string
	if err := w.ask(ctx, "deleted_rows", nil, &tables); err != nil {
		return fail(err)
	}
	kept := false
	for _, table := range tables {
		query, args := "delete_campaign_rows", []any{clickhouse.Named("table", table)}
		switch table {
		case "web_events":
			query, args = "detach_web_events", nil
		case "opens", "aggregate_opens":
			if !kept {
				if err := w.conn.Exec(sweeping(ctx), schema.Query("keep_deleted_events")); err != nil {
					return fail(err)
				}
			}
			kept = true
		}
		err := error(nil)
		if table == "opens" && w.shards != nil {
			err = w.deleteSpread(ctx)
		} else {
			err = w.conn.Exec(sweeping(ctx), schema.Query(query), args...)
		}
		if err != nil {
			return fail(err)
		}
	}
	return nil
}

// deleteSpread deletes the opens of deleted campaigns from each shard.
func (w *Warehouse) deleteSpread(ctx context.Context) error {
	deleted, err := w.DeletedCampaigns(ctx)
	if err != nil {
		return err
	}
	ids := slices.Sorted(maps.Keys(deleted))
	return w.eachPart("opens", func(server *Warehouse, table string) error {
		return server.conn.Exec(sweeping(ctx), "ALTER TABLE "+table+" DELETE WHERE campaign_id IN {ids:Array(UInt64)}", clickhouse.Named("ids", ids))
	})
}

// DeletedCampaigns returns the campaigns that were deleted.
func (w *Warehouse) DeletedCampaigns(ctx context.Context) (map[uint64]struct{}, error) {
	const size = 8
	rows, err := w.records(ctx, "deleted_campaigns", size)
	if err != nil {
		return nil, fmt.Errorf("read deleted campaigns: %w", err)
	}
	all := make(map[uint64]struct{}, len(rows)/size)
	for ; len(rows) > 0; rows = rows[size:] {
		all[binary.LittleEndian.Uint64(rows)] = struct{}{}
	}
	return all, nil
}
