package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"golang.org/x/sync/errgroup"
)

// The table campaign_breakdowns stores the breakdowns of large campaigns, from
// SmallCampaign on, as snapshot.go describes for reports. Those of a small campaign
// are always computed when they are asked for.

// breakdownsLater is how much older than a report its breakdowns may be: they take several
// times as long, and are computed less often.
const breakdownsLater = 5

// Elements of the lists in the view snapshot_breakdowns.
type (
	storedQuarter struct {
		Start               time.Time `ch:"quarter_hour"`
		Opens               int64     `ch:"opens_total"`
		UniqueOpens         int64     `ch:"unique_opens"`
		ReliableUniqueOpens int64     `ch:"reliable_unique_opens"`
	}
	storedDelay struct {
		From     *int64 `ch:"from_minutes"`
		To       *int64 `ch:"to_minutes"`
		Messages int64  `ch:"messages"`
	}
	storedValue struct {
		Dimension           string `ch:"dimension"`
		Value               string `ch:"value"`
		UniqueOpens         int64  `ch:"unique_opens"`
		ReliableUniqueOpens int64  `ch:"reliable_unique_opens"`
	}
)

// RefreshBreakdowns computes and stores the breakdowns of a campaign. One whose numbers
// have not been computed has none.
func (w *Warehouse) RefreshBreakdowns(ctx context.Context, campaign uint64) error {
	return w.refresh(ctx, "refresh_breakdowns", campaign)
}

// stored asks a query of the view snapshot_breakdowns for one campaign. It reports whether there is a
// snapshot that is recent enough.
func (w *Warehouse) stored(ctx context.Context, query string, id uint64, args []any, into ...any) (recent bool, err error) {
	var found bool
	var mark, currentMark uint64
	var age float64
	var rows int64
	g, within := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		found, err = w.askForOne(within, query, append(args, clickhouse.Named("campaign_id", id)), append(into, &mark, &age, &rows)...)
		return err
	})
	g.Go(func() (err error) {
		currentMark, err = w.mark(within, id)
		return err
	})
	if err := g.Wait(); err != nil {
		return false, fmt.Errorf("read breakdowns: %w", err)
	}
	return found && breakdownsMayBeShown(mark == currentMark, rows, age), nil
}

// breakdownsMayBeShown is mayBeShown for columns of the view snapshot_breakdowns.
func breakdownsMayBeShown(current bool, rows int64, ageSeconds float64) bool {
	return mayBeShown(current, uint64(rows), time.Duration(ageSeconds*float64(time.Second))/breakdownsLater)
}

func (w *Warehouse) storedTimeline(ctx context.Context, campaignID uint64) (*Timeline, error) {
	var t Timeline
	var quarters []storedQuarter
	recent, err := w.stored(ctx, "snapshot_timeline", campaignID, nil, &t.SentAt, &quarters)
	if err != nil || !recent {
		return nil, err
	}
	t.Quarters = make([]TimeCount, len(quarters))
	for i, q := range quarters {
		t.Quarters[i] = TimeCount{Opens: uint64(q.Opens), UniqueOpens: uint64(q.UniqueOpens), ReliableUniqueOpens: uint64(q.ReliableUniqueOpens)}
		if q.Start.Unix() != 0 {
			t.Quarters[i].Start = q.Start.UTC()
		}
	}
	return &t, nil
}

func (w *Warehouse) storedBreakdowns(ctx context.Context, campaignID uint64, dimensions []string) (map[string][]ValueCount, error) {
	var values []storedValue
	recent, err := w.stored(ctx, "snapshot_dimensions", campaignID, []any{clickhouse.Named("dimensions", dimensions)}, &values)
	if err != nil || !recent {
		return nil, err
	}
	counts := make(map[string][]ValueCount, len(dimensions))
	for _, v := range values {
		counts[v.Dimension] = append(counts[v.Dimension], ValueCount{v.Value, uint64(v.UniqueOpens), uint64(v.ReliableUniqueOpens)})
	}
	return counts, nil
}

// storedTimesToOpen returns those of several campaigns, and the campaigns without them.
func (w *Warehouse) storedTimesToOpen(ctx context.Context, campaigns []uint64) (all map[uint64]*TimeToOpen, rest []uint64, err error) {
	var n uint64
	var ids []uint64
	var delays [][]storedDelay
	var current []uint8
	var ages []float64
	var rows []int64
	err = w.ask(ctx, "snapshot_delays", []any{clickhouse.Named("campaign_ids", campaigns)}, &n, &ids, &delays, &current, &ages, &rows)
	if err != nil {
		return nil, nil, fmt.Errorf("read breakdowns: %w", err)
	}
	all = make(map[uint64]*TimeToOpen, len(campaigns))
	for i, id := range ids {
		if !breakdownsMayBeShown(current[i] == 1, rows[i], ages[i]) {
			continue
		}
		all[id] = &TimeToOpen{}
		for _, d := range delays[i] {
			if d.From == nil || d.To == nil {
				all[id].add(-1, -1, uint64(d.Messages))
			} else {
				all[id].add(*d.From, *d.To, uint64(d.Messages))
			}
		}
	}
	for _, id := range campaigns {
		if all[id] == nil {
			rest = append(rest, id)
		}
	}
	return all, rest, nil
}
