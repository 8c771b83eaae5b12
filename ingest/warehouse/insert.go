package warehouse

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// insertSettings makes an insert synchronous and, by its name, repeatable: ClickHouse 26.2
// turned async_insert on, and older servers do not deduplicate in dependent views. The
// server does not merge the rows of a block that have the same key, which would take longer
// than the rest of the insert: every query expects such rows, since two inserts may have them.
func insertSettings(name string) clickhouse.Settings {
	return clickhouse.Settings{
		"async_insert":               0,
		"optimize_on_insert":         0,
		"insert_deduplicate":         1,
		"insert_deduplication_token": name,
		"deduplicate_blocks_in_dependent_materialized_views": 1,
		"max_partitions_per_insert_block":                    0, // an archive may span many months
	}
}

// column is one column of a table, with the function that returns its values of rows R.
type column[R any] struct {
	name   string
	values func([]R, scratch) any // a slice with one value per row
}

// scratch holds a slice for each type of values, which the columns of that type share one
// after the other, since each is copied before the next. Nil holds none.
type scratch map[reflect.Type]any

func of[R, T any](get func(*R) T) func([]R, scratch) any {
	kind := reflect.TypeFor[T]()
	return func(rows []R, s scratch) any {
		values, _ := s[kind].([]T)
		values = slices.Grow(values[:0], len(rows))[:len(rows)]
		for i := range rows {
			values[i] = get(&rows[i])
		}
		if s != nil {
			s[kind] = values
		}
		return values
	}
}

// insert inserts rows into table in one named insert, column by column: row by row each
// value would be boxed (see BenchmarkInsertOpens).
func insert[R any](ctx context.Context, w *Warehouse, table string, columns []column[R], name string, rows []R) error {
	return insertBlocks(ctx, w, table, columns, insertSettings(name), slices.Values([][]R{rows}))
}

// insertBlocks is insert with other settings and rows that arrive in blocks.
func insertBlocks[R any](ctx context.Context, w *Warehouse, table string, columns []column[R], settings clickhouse.Settings, blocks iter.Seq[[]R]) error {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].name
	}
	types, err := w.columns.of(ctx, w.conn, table, names)
	if err != nil {
		return err
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(settings))
	statement := "INSERT INTO " + Database + "." + table + " (" + strings.Join(names, ", ") + ")"
	if w.options.Protocol == clickhouse.HTTP {
		err = insertNative(ctx, w, statement, columns, types, blocks)
	} else {
		err = insertColumns(ctx, w, statement, columns, blocks)
	}
	if err != nil {
		return fmt.Errorf("insert into %s: %w", table, err)
	}
	return nil
}

// insertNative encodes and sends blocks: a single one at once, several while they are
// encoded.
func insertNative[R any](ctx context.Context, w *Warehouse, statement string, columns []column[R], types []string, blocks iter.Seq[[]R]) error {
	next, stop := iter.Pull(blocks)
	defer stop()
	rows, ok := next()
	if !ok || len(rows) == 0 {
		return nil
	}
	block := freeBlocks.Get().(*native)
	if err := encode(block, columns, types, rows); err != nil {
		return err
	}
	if rows, ok = next(); !ok {
		if err := w.conn.InsertFormat(ctx, "Native", statement, bytes.NewReader(block.bytes)); err != nil {
			return err // the transport may still read the block: see http.RoundTripper
		}
		block.free()
		return nil
	}
	defer block.free()
	from, to := io.Pipe() // it copies the bytes
	inserted := make(chan error, 1)
	go func() {
		err := w.conn.InsertFormat(ctx, "Native", statement, from)
		_ = from.CloseWithError(cmp.Or(err, io.ErrClosedPipe)) // never fails
		inserted <- err
	}()
	_, err := to.Write(block.bytes)
	for ; ok && err == nil; rows, ok = next() {
		if len(rows) == 0 {
			continue
		}
		if err = encode(block, columns, types, rows); err == nil {
			_, err = to.Write(block.bytes)
		}
	}
	_ = to.CloseWithError(err) // never fails
	if refused := <-inserted; !errors.Is(err, ErrRows) {
		return cmp.Or(refused, err)
	}
	return err
}

// encode returns the block of rows, which are not empty.
func encode[R any](block *native, columns []column[R], types []string, rows []R) error {
	block.begin(len(columns))
	for chunk := range slices.Chunk(rows, chunkRows) {
		for i := range columns {
			if err := block.parts[i].add(types[i], columns[i].values(chunk, block.scratch)); err != nil {
				return fmt.Errorf("%w: %s: %w", ErrRows, columns[i].name, err)
			}
		}
	}
	block.end(len(rows), func(i int) string { return columns[i].name })
	return nil
}

// insertColumns inserts by the driver's own columns, for ClickHouse's native protocol.
func insertColumns[R any](ctx context.Context, w *Warehouse, statement string, columns []column[R], blocks iter.Seq[[]R]) error {
	batch, err := w.conn.PrepareBatch(ctx, statement)
	if err != nil {
		return err
	}
	defer func() { _ = batch.Close() }()
	for rows := range blocks {
		for i, c := range columns {
			if err := batch.Column(i).Append(forDriver(c.values(rows, nil))); err != nil {
				return fmt.Errorf("%w: %s: %w", ErrRows, c.name, err)
			}
		}
	}
	return batch.Send()
}

// forDriver returns the values in a form that the driver's columns take.
func forDriver(values any) any {
	keys, ok := values.([]RecipientKey)
	if !ok {
		return values
	}
	numbers := make([]*big.Int, len(keys))
	for i := range keys {
		numbers[i] = keys[i].number()
	}
	return numbers
}

// columnCache holds the types of the columns of inserts, so that not every batch asks for
// them.
type columnCache struct {
	mu     sync.Mutex
	tables map[string][]string
}

// of returns the types of the named columns of table, in the order of names.
func (c *columnCache) of(ctx context.Context, conn driver.Conn, table string, names []string) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if columns, ok := c.tables[table]; ok {
		return columns, nil
	}
	types, err := columnTypes(ctx, conn, table)
	if err != nil {
		return nil, fmt.Errorf("read columns of %s: %w", table, err)
	}
	columns := make([]string, len(names))
	for i, name := range names {
		if types[name] == "" {
			return nil, fmt.Errorf("column %s.%s: %w", table, name, ErrNoSchema)
		}
		columns[i] = types[name]
	}
	if c.tables == nil {
		c.tables = map[string][]string{}
	}
	c.tables[table] = columns
	return columns, nil
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
