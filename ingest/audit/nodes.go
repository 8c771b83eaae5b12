package audit

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"glint/ingest/receipts"
)

// NodeSpan says from when on the receipts of a node are complete.
//
// The json tags are a contract: cli/JSON.md.
type NodeSpan struct {
	Node  string    `json:"node"`
	Since time.Time `json:"since"`
}

// auditors returns one for each node. Errors: ErrNoReceipts.
func (o *Options) auditors() (all []*auditor, err error) {
	for _, node := range o.Nodes {
		a := &auditor{Options: *o, node: node, dir: filepath.Join(node.LogDir, receipts.Folder)}
		if a.since, err = receipts.Since(a.dir); err != nil {
			return nil, err
		}
		if a.since.IsZero() {
			return nil, fmt.Errorf("%w in %s", ErrNoReceipts, a.dir)
		}
		if a.since = a.since.UTC(); o.Since.After(a.since) {
			a.since = o.Since.UTC()
		}
		all = append(all, a)
	}
	return all, nil
}

// run audits one node after the other, and then, of all together, the archive: a line
// of the live stream may have come to any of them.
func (o *Options) run(ctx context.Context, nodes []*auditor) (*Result, error) {
	r := &Result{Rows: []Row{}, Lost: []Records{}, WithoutReceipt: []Records{}}
	if !o.Until.IsZero() {
		until := o.Until.UTC()
		r.Until = &until
	}
	for _, a := range nodes {
		a.result = r
		if err := a.run(ctx); err != nil {
			return nil, err
		}
		r.Nodes = append(r.Nodes, NodeSpan{a.node.Name, a.since})
		if r.Since.IsZero() || a.since.Before(r.Since) {
			r.Since = a.since
		}
	}
	slices.SortStableFunc(r.Rows, func(x, y Row) int { return cmp.Or(x.Hour.Compare(y.Hour), cmp.Compare(x.Source, y.Source)) })
	for i := range r.Rows {
		r.Total.add(&r.Rows[i].Counts)
	}
	var err error
	if r.BadTokens, err = o.Warehouse.BadTokenCounts(ctx); err != nil {
		return nil, err
	}
	if len(o.Archive) == 0 {
		return r, nil
	}
	if r.Live, err = o.liveStream(ctx, nodes); err != nil {
		return nil, err
	}
	r.Archived, err = o.archived(ctx)
	return r, err
}
