package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Part is an active part of a table. It contains the inserts First to Last of
// its partition, as far as those numbers exist.
type Part struct {
	Name, Partition string // shards have the same names of parts; their partitions are different ones
	First, Last     int64
	Shard           int // from 1; 0: the table has none
}

// OtherParts returns the condition of SQL that selects the rows of none of these parts of
// a table.
func OtherParts(without []Part) string {
	if len(without) == 0 {
		return "1"
	}
	names := make([]string, len(without))
	for i, p := range without { // letters, digits and _ of ClickHouse's own
		names[i] = "'" + p.Name + "'"
		if p.Shard > 0 {
			names[i] = fmt.Sprintf("(%d, '%s')", p.Shard, p.Name)
		}
	}
	column := "_part"
	if without[0].Shard > 0 {
		column = "(_shard_num, _part)"
	}
	return column + " NOT IN (" + strings.Join(names, ", ") + ")"
}

// Parts returns the active parts of the given tables, by table.
func (w *Warehouse) Parts(ctx context.Context, tables []string) (map[string][]Part, error) {
	all, err := w.parts(ctx, tables)
	if err != nil || w.shards == nil || !slices.Contains(tables, "opens") {
		return all, err
	}
	found := make([][]Part, len(w.shards.all))
	err = w.eachShard(func(i int, shard *Warehouse) error {
		local, err := shard.parts(ctx, []string{"opens_local"})
		for _, p := range local["opens_local"] {
			p.Shard, p.Partition = i+1, fmt.Sprintf("%s of shard %d", p.Partition, i+1)
			found[i] = append(found[i], p)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	all["opens"] = slices.Concat(found...)
	return all, nil
}

// parts returns the parts on one server.
func (w *Warehouse) parts(ctx context.Context, tables []string) (map[string][]Part, error) {
	var of, names, partitions []string
	var firsts, lasts []int64
	if err := w.ask(ctx, "parts", []any{clickhouse.Named("tables", tables)}, &of, &names, &partitions, &firsts, &lasts); err != nil {
		return nil, fmt.Errorf("list parts: %w", err)
	}
	parts := make(map[string][]Part, len(tables))
	for i, table := range of {
		parts[table] = append(parts[table], Part{Name: names[i], Partition: partitions[i], First: firsts[i], Last: lasts[i]})
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
