package warehouse

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Part is a part of a table that is in use. It holds the inserts First to Last of its
// partition, as far as there are any of these numbers.
type Part struct {
	Name, Partition string
	First, Last     int64
}

// Parts returns the parts of some tables that are in use, by table.
func (w *Warehouse) Parts(ctx context.Context, tables []string) (map[string][]Part, error) {
	var of, names, partitions []string
	var firsts, lasts []int64
	if err := w.ask(ctx, "parts", []any{clickhouse.Named("tables", tables)}, &of, &names, &partitions, &firsts, &lasts); err != nil {
		return nil, fmt.Errorf("list parts: %w", err)
	}
	parts := make(map[string][]Part, len(tables))
	for i, table := range of {
		parts[table] = append(parts[table], Part{names[i], partitions[i], firsts[i], lasts[i]})
	}
	return parts, nil
}

// Identity tells this database from one that was made anew in its place; it is "" before
// the first migration.
func (w *Warehouse) Identity(ctx context.Context) (id string, err error) {
	if err = w.ask(ctx, "identity", nil, &id); err != nil {
		return "", fmt.Errorf("ask which database this is: %w", err)
	}
	return id, nil
}

// ConsentEnds returns the number of each node's last choice.
func (w *Warehouse) ConsentEnds(ctx context.Context) (map[string]uint64, error) {
	var nodes []string
	var last []uint64
	if err := w.ask(ctx, "consent_ends", nil, &nodes, &last); err != nil {
		return nil, fmt.Errorf("ask how far the choices are there: %w", err)
	}
	ends := make(map[string]uint64, len(nodes))
	for i, node := range nodes {
		ends[node] = last[i]
	}
	return ends, nil
}
