package batch

import (
	"context"

	"glint/ingest/warehouse"
)

// Caps grants room for rows in the tables that strangers can fill.
type Caps interface {
	TakeUnresolved(rows int) (taken int) // of rows
	TakeBadTokens(rows int) (taken int)
}

// admitUnresolved returns the opens of unregistered messages for which there is
// room, and counts the others. Opens that an earlier try has stored need no
// room: otherwise retries alone would fill the table, and stored opens would be
// counted as not kept.
func (l *Loader) admitUnresolved(ctx context.Context, d *decoder, r *Result, isRetry bool) (kept rows[warehouse.Open], err error) {
	all := d.unresolved
	if l.Caps == nil || len(all.rows) == 0 {
		return all, nil
	}
	absent := all.rows
	if isRetry {
		if absent, err = l.Warehouse.AbsentUnresolved(ctx, all.rows); err != nil {
			return kept, err
		}
	}
	free := l.Caps.TakeUnresolved(len(absent))
	if free == len(absent) {
		return all, nil
	}
	needsRoom := make(map[uint64]bool, len(absent))
	for i := range absent {
		needsRoom[absent[i].EventID] = true
	}
	for i := range all.rows {
		if needsRoom[all.rows[i].EventID] {
			if free == 0 {
				r.count(all.origins[i].body, OverCap, 0)
				continue
			}
			free--
		}
		kept.add(&all.rows[i], all.origins[i])
	}
	return kept, nil
}
