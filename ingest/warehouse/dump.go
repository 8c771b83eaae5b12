package warehouse

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Table is a table of the database in a backup.
type Table struct {
	Name    string
	Columns []TableColumn // the columns that are stored
	Rows    uint64        // on disk, including replaced rows
	Bytes   uint64        // on disk
}

// TableColumn is a column with its type, as ClickHouse writes it.
type TableColumn struct{ Name, Type string }

// ErrProtocol means that the address uses the native protocol, which cannot
// transfer blocks in a format.
var ErrProtocol = errors.New("warehouse: this needs an http:// or https:// address of ClickHouse, not clickhouse://")

// Tables returns the tables of the database in the order of their names. With shards, opens
// is one table.
func (w *Warehouse) Tables(ctx context.Context) ([]Table, error) {
	tables, err := w.tables(ctx)
	if err != nil || w.shards == nil {
		return tables, err
	}
	tables = slices.DeleteFunc(tables, func(t Table) bool { return t.Name == "opens_swept_local" })
	at := slices.IndexFunc(tables, func(t Table) bool { return t.Name == "opens_local" })
	if at < 0 {
		return tables, nil // not migrated yet
	}
	tables[at].Name = "opens"
	for _, shard := range w.shards.all[1:] {
		others, err := shard.tables(ctx)
		if err != nil {
			return nil, err
		}
		for _, t := range others {
			if t.Name == "opens_local" {
				tables[at].Rows, tables[at].Bytes = tables[at].Rows+t.Rows, tables[at].Bytes+t.Bytes
			}
		}
	}
	return tables, nil
}

// tables returns the tables of one server.
func (w *Warehouse) tables(ctx context.Context) ([]Table, error) {
	var names, columns []string
	var rows, sizes []uint64
	if err := w.ask(ctx, "tables", nil, &names, &rows, &sizes, &columns); err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	tables := make([]Table, len(names))
	for i := range names {
		tables[i] = Table{Name: names[i], Rows: rows[i], Bytes: sizes[i]}
		words := strings.Split(columns[i], "\n")
		for j := 0; j+1 < len(words); j += 2 {
			tables[i].Columns = append(tables[i].Columns, TableColumn{words[j], words[j+1]})
		}
	}
	return tables, nil
}

// dumpSettings allow a statement the time that a large table needs.
var dumpSettings = clickhouse.Settings{
	"async_insert": 0, "insert_deduplicate": 0, "max_partitions_per_insert_block": 0, "max_execution_time": 0,
}

// ExportTable reads a consistent snapshot of all rows of a table, and calls
// visit with each block in the Native format, as InsertBlocks takes it. The
// block is valid until visit returns. It returns an error if the answer is cut
// off.
func (w *Warehouse) ExportTable(ctx context.Context, t *Table, visit func(block []byte, rows uint64) error) error {
	return w.ExportRows(ctx, t, "1", visit)
}

// ExportRows is ExportTable for the rows that meet a condition in ClickHouse's
// SQL.
func (w *Warehouse) ExportRows(ctx context.Context, t *Table, condition string, visit func(block []byte, rows uint64) error) error {
	if w.options.Protocol != clickhouse.HTTP {
		return ErrProtocol
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(dumpSettings))
	stream, err := w.conn.QueryFormat(ctx, "Native", "SELECT "+columnNames(t.Columns)+" FROM "+Database+"."+quoteName(t.Name)+" WHERE "+condition)
	if err != nil {
		return fmt.Errorf("read table %s: %w", t.Name, err)
	}
	defer func() { _ = stream.Close() }()
	r := blockReader{in: bufio.NewReaderSize(stream, 1<<18)}
	for {
		rows, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read table %s: %w", t.Name, withoutURLs(err))
		}
		if rows == 0 {
			continue
		}
		if err := visit(r.block.Bytes(), rows); err != nil {
			return err
		}
	}
}

// InsertBlocks inserts blocks of ExportTable. It matches columns by name.
func (w *Warehouse) InsertBlocks(ctx context.Context, table string, columns []TableColumn, blocks []byte) error {
	if w.options.Protocol != clickhouse.HTTP {
		return ErrProtocol
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(dumpSettings))
	statement := "INSERT INTO " + Database + "." + quoteName(table) + " (" + columnNames(columns) + ")"
	if err := w.conn.InsertFormat(ctx, "Native", statement, bytes.NewReader(blocks)); err != nil {
		return fmt.Errorf("insert into %s: %w", table, err)
	}
	return nil
}

// Truncate removes all rows of a table.
func (w *Warehouse) Truncate(ctx context.Context, table string) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"alter_sync": 2}))
	err := w.eachPart(table, func(server *Warehouse, table string) error {
		return server.conn.Exec(ctx, "TRUNCATE TABLE "+Database+"."+quoteName(table))
	})
	if err != nil {
		return fmt.Errorf("empty table %s: %w", table, err)
	}
	return nil
}

func columnNames(columns []TableColumn) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = quoteName(c.Name)
	}
	return strings.Join(names, ", ")
}

// quoteName quotes a name for ClickHouse, whatever characters it has.
func quoteName(name string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(name) + "`"
}
