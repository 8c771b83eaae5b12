package mirrors

import (
	"context"
	"fmt"
	"time"

	"glint/ingest/host/backoff"
	"glint/ingest/warehouse"
)

// Difference is the result of comparing one table of two warehouses.
type Difference struct {
	Table string `json:"table"`
	First uint64 `json:"rows_first"`
	Other uint64 `json:"rows_other"`
	Equal bool   `json:"equal"`
}

// bounds are further conditions on the compared rows of a table, besides their time of
// receipt. The row of a moved event is in another table, and each warehouse deletes expired
// rows at its own pace.
var bounds = map[string]struct{ received, others string }{
	"opens":                 {"received_at", "1"},
	"unresolved_opens":      {"received_at", "moved = 0 AND received_at > now() - INTERVAL 29 DAY"},
	"bad_tokens":            {"received_at", "moved = 0 AND received_at > now() - INTERVAL 6 DAY"},
	"web_events":            {"received_at", "1"},
	"deliveries":            {"received_at", "1"},
	"unresolved_deliveries": {"received_at", "moved = 0 AND received_at > now() - INTERVAL 29 DAY"},
	"sends":                 {"registered_at", "1"},
	"withdrawals":           {"changed_at", "1"},
	"consents":              {"recorded_at", "1"},
}

// comparePause is the pause between two comparisons of tables that differ.
const comparePause = time.Second

// Compare compares all copied tables. If a table differs, it repeatedly compares the rows
// that were received before a time, until they are equal or patience is over: later rows may
// be in transit to one of the two.
func Compare(ctx context.Context, first, other *warehouse.Warehouse, before time.Time, patience time.Duration) ([]Difference, error) {
	all := make([]Difference, len(tables))
	listed, err := list(ctx, first)
	if err != nil {
		return nil, err
	}
	until := time.Now().Add(patience)
	for i := range tables {
		if all[i], err = compare(ctx, first, other, listed, tables[i].name, time.Now().AddDate(1, 0, 0)); err != nil {
			return nil, err
		}
		for !all[i].Equal {
			if all[i], err = compare(ctx, first, other, listed, tables[i].name, before); err != nil {
				return nil, err
			}
			if all[i].Equal || time.Now().After(until) {
				break
			}
			if err := backoff.Sleep(ctx, comparePause); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

func compare(ctx context.Context, first, other *warehouse.Warehouse, listed map[string]warehouse.Table, name string, before time.Time) (Difference, error) {
	condition := "1"
	if b, ok := bounds[name]; ok {
		condition = fmt.Sprintf("%s < fromUnixTimestamp64Milli(%d) AND %s", b.received, before.UnixMilli(), b.others)
	}
	t := listed[name]
	a, err := first.Digest(ctx, &t, condition)
	if err != nil {
		return Difference{}, err
	}
	b, err := other.Digest(ctx, &t, condition)
	if err != nil {
		return Difference{}, err
	}
	return Difference{name, a.Rows, b.Rows, a == b}, nil
}
