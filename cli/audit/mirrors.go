package audit

import (
	"context"
	"fmt"
	"io"
	"time"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/mirrors"
	"glint/ingest/warehouse"
)

// Mirror is the result of comparing one mirror with the warehouse.
type Mirror struct {
	Mirror string               `json:"mirror"` // host:port
	Equal  bool                 `json:"equal"`
	Tables []mirrors.Difference `json:"tables"`
}

// Rows of the last moments are on their way to one of the two, and what differs is looked
// at again for a while.
const (
	mirrorMargin   = 10 * time.Second
	mirrorPatience = 30 * time.Second
)

// mirrors compares the warehouse with each mirror.
func (o *Options) mirrors(ctx context.Context, w *warehouse.Warehouse, now time.Time) ([]Mirror, error) {
	all := []Mirror{}
	for _, dsn := range o.Mirrors {
		other, err := o.App.OpenWarehouse(ctx, dsn, app.OwnDatabase)
		if err != nil {
			return nil, fmt.Errorf("mirror: %w", err)
		}
		m := Mirror{Equal: true}
		if m.Mirror, err = warehouse.Place(dsn); err != nil {
			return nil, err
		}
		m.Tables, err = mirrors.Compare(ctx, w, other, now.Add(-mirrorMargin), mirrorPatience)
		_ = other.Close()
		if err != nil {
			return nil, err
		}
		for _, d := range m.Tables {
			m.Equal = m.Equal && d.Equal
		}
		all = append(all, m)
	}
	return all, nil
}

// writeMirrors prints for each mirror whether it is equal, and the tables that differ.
func writeMirrors(w io.Writer, all []Mirror) {
	for _, m := range all {
		if m.Equal {
			fmt.Fprintf(w, "mirror %s is equal in %s\n", output.Safe(m.Mirror), output.Plural(len(m.Tables), "table", "tables"))
			continue
		}
		for _, d := range m.Tables {
			if !d.Equal {
				fmt.Fprintf(w, "mirror %s differs in %s: %s here, %s there\n", output.Safe(m.Mirror), d.Table,
					output.Plural(int(d.First), "row", "rows"), output.Count(d.Other))
			}
		}
	}
}
