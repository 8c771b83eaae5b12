package warehouse

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// insertSettings makes an insert synchronous and, by its name, repeatable:
// ClickHouse 26.2 turned async_insert on, and older servers leave the
// deduplication in dependent views off.
func insertSettings(name string) clickhouse.Settings {
	return clickhouse.Settings{
		"async_insert":               0,
		"insert_deduplicate":         1,
		"insert_deduplication_token": name,
		"deduplicate_blocks_in_dependent_materialized_views": 1,
		"max_partitions_per_insert_block":                    0, // an archive may span many months
	}
}

// column is one column of a table, and how its values come out of rows R.
type column[R any] struct {
	name   string
	values func([]R) any // a slice with one value per row
}

func of[R, T any](get func(*R) T) func([]R) any {
	return func(rows []R) any {
		values := make([]T, len(rows))
		for i := range rows {
			values[i] = get(&rows[i])
		}
		return values
	}
}

// insert brings rows into table in one named insert, column by column: row by
// row each value would be boxed (see BenchmarkInsertOpens).
func insert[R any](ctx context.Context, w *Warehouse, table string, columns []column[R], name string, rows []R) error {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].name
	}
	types, err := w.columns.of(ctx, w.conn, table, names)
	if err != nil {
		return err
	}
	ctx = clickhouse.Context(ctx,
		clickhouse.WithSettings(insertSettings(name)),
		clickhouse.WithColumnNamesAndTypes(types))
	batch, err := w.conn.PrepareBatch(ctx, "INSERT INTO "+Database+"."+table+" ("+strings.Join(names, ", ")+")")
	if err != nil {
		return fmt.Errorf("prepare insert into %s: %w", table, err)
	}
	defer func() { _ = batch.Close() }()
	for i, c := range columns {
		if err := batch.Column(i).Append(c.values(rows)); err != nil {
			return fmt.Errorf("%w: %s.%s: %w", ErrRows, table, c.name, err)
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("insert into %s: %w", table, err)
	}
	return nil
}

// columnCache knows the types of the columns which are inserted into, so that
// not every batch has to ask for them.
type columnCache struct {
	mu     sync.Mutex
	tables map[string][]clickhouse.ColumnNameAndType
}

// of returns the named columns of table with their types, in the order asked.
func (c *columnCache) of(ctx context.Context, conn driver.Conn, table string, names []string) ([]clickhouse.ColumnNameAndType, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if columns, ok := c.tables[table]; ok {
		return columns, nil
	}
	types, err := columnTypes(ctx, conn, table)
	if err != nil {
		return nil, fmt.Errorf("read columns of %s: %w", table, err)
	}
	columns := make([]clickhouse.ColumnNameAndType, len(names))
	for i, name := range names {
		if types[name] == "" {
			return nil, fmt.Errorf("column %s.%s: %w", table, name, ErrNoSchema)
		}
		columns[i] = clickhouse.ColumnNameAndType{Name: name, Type: plain(types[name])}
	}
	if c.tables == nil {
		c.tables = map[string][]clickhouse.ColumnNameAndType{}
	}
	c.tables[table] = columns
	return columns, nil
}

// plain is the type as which a column is sent: ClickHouse makes the dictionary
// of a LowCardinality column itself, and faster than the driver.
func plain(kind string) string {
	if inner, ok := strings.CutPrefix(kind, "LowCardinality("); ok {
		return strings.TrimSuffix(inner, ")")
	}
	return kind
}

func columnTypes(ctx context.Context, conn driver.Conn, table string) (map[string]string, error) {
	rows, err := conn.Query(ctx,
		"SELECT name, type FROM system.columns WHERE database = {database:String} AND table = {table:String}",
		clickhouse.Named("database", Database), clickhouse.Named("table", table))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	types := map[string]string{}
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return nil, err
		}
		types[name] = kind
	}
	return types, rows.Err()
}
