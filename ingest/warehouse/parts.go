package warehouse

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Part is an active part of a table. It contains the inserts First to Last of
// its partition, as far as those numbers exist.
type Part struct {
	Name, Partition string
	First, Last     int64
}

// Parts returns the active parts of the given tables, by table.
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

// Identity returns an id that distinguishes this database from one created
// later in its place; "" before the first migration.
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
