package mirrors

import (
	"context"
	"fmt"
	"time"

	"glint/ingest/host/backoff"
	"glint/ingest/warehouse"
)

// Difference is what two warehouses have of one table.
type Difference struct {
	Table string `json:"table"`
	First uint64 `json:"rows_first"`
	Other uint64 `json:"rows_other"`
	Equal bool   `json:"equal"`
}

// bounds are the conditions under which the rows of a table are compared, beside the time
// when they came. An event that has moved on has its row elsewhere; what a table keeps for
// some days goes from each warehouse in its own time.
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

// comparePause is between two looks at tables that differ.
const comparePause = time.Second

// Compare compares all tables that are copied. In a table that differs it compares the rows
// that came before a time alone, again and again until patience is over: the others may be
// on their way to one of the two.
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
