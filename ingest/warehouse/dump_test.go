package warehouse

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// everyType has a column of each kind of type. ClickHouse generates its values randomly,
// so that some rows have empty lists, long texts and large dictionaries.
const everyType = "a UInt8, b UInt16, c UInt32, d UInt64, e UInt128, f UInt256, g Int8, h Int256, i Float32, j Float64, k Bool," +
	" l Enum8('x, (y' = 1, 'it''s \\\\ ' = -3), m Enum16('a' = 1000), n UUID, o IPv4, p IPv6, q Date, r Date32, s DateTime('UTC'), t DateTime64(3, 'UTC')," +
	" u Decimal(9, 2), v String, w FixedString(5), x Nullable(String), y LowCardinality(String), z LowCardinality(Nullable(String))," +
	" aa Array(String), ab Array(Array(UInt8)), ac Map(String, String), ad Map(LowCardinality(String), Array(UInt64)), ae Tuple(a UInt8, b LowCardinality(String))," +
	" af Array(LowCardinality(String)), ag Array(Nullable(UInt16)), ah Array(Tuple(String, IPv6)), ai SimpleAggregateFunction(max, UInt32), `odd name` String"

func TestEveryTypeIsExportedAndInsertedAsItIs(t *testing.T) {
	e, w := engine(t)
	ctx := t.Context()
	for _, name := range []string{"every_type", "every_copy"} {
		text(t, e, "CREATE TABLE "+name+" ("+everyType+", computed UInt8 MATERIALIZED a) ENGINE = MergeTree ORDER BY tuple()")
		t.Cleanup(func() { _, _ = w.DB().Exec("DROP TABLE " + name) })
	}
	types := strings.ReplaceAll(everyType, "SimpleAggregateFunction(max, UInt32)", "UInt32")
	types = strings.ReplaceAll(types, "'", `\'`)
	text(t, e, "INSERT INTO every_type SELECT * FROM generateRandom('"+strings.ReplaceAll(types, `\\\\`, `\\\\\\\\`)+"', 7, 300, 5) LIMIT 2000")
	text(t, e, "INSERT INTO every_type (v, y) SELECT repeat('long', 100000), toString(number) FROM numbers(3)")
	text(t, e, "INSERT INTO every_type (y) SELECT toString(number) FROM numbers(70000)")
	tables, err := w.Tables(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var table *Table
	for i := range tables {
		if tables[i].Name == "every_type" {
			table = &tables[i]
		}
	}
	if table == nil || table.Rows != 72_003 || len(table.Columns) != 36 {
		t.Fatalf("%+v", table)
	}
	var rows uint64
	var first []byte
	err = w.ExportTable(ctx, table, func(block []byte, n uint64) error {
		if first == nil {
			first = bytes.Clone(block)
		}
		rows += n
		return w.InsertBlocks(ctx, "every_copy", table.Columns, block)
	})
	if err != nil || rows != table.Rows {
		t.Fatalf("%d rows: %v", rows, err)
	}
	sum := func(name string) string {
		return text(t, e, "SELECT count(), sum(cityHash64(*)), groupBitXor(cityHash64(*)), sum(computed) FROM "+name)
	}
	if a, b := sum("every_type"), sum("every_copy"); a != b {
		t.Errorf("the copy differs: %s and %s", a, b)
	}
	text(t, e, "TRUNCATE TABLE every_copy")
	stop := errors.New("stop")
	if err := w.ExportTable(ctx, table, func([]byte, uint64) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the visitor's error came back as %v", err)
	}
	if err := w.ExportTable(ctx, &Table{Name: "missing", Columns: table.Columns}, nil); err == nil {
		t.Error("a missing table was exported")
	}
	// A statement that fails in the middle of its answer must not look like a short table.
	failing := Table{Name: "every_type", Columns: []TableColumn{{Name: "d"}}}
	text(t, e, "CREATE VIEW failing AS SELECT throwIf(number = 900000) + number AS d FROM numbers(1000000) SETTINGS max_block_size = 1000")
	t.Cleanup(func() { _, _ = w.DB().Exec("DROP VIEW failing") })
	failing.Name = "failing"
	if err := w.ExportTable(ctx, &failing, func([]byte, uint64) error { return nil }); err == nil {
		t.Error("an answer with an exception in its midst passed for a whole one")
	}
	cutBlocks(t, first)
}

// cutBlocks returns a block cut at every length, and impossible blocks.
func cutBlocks(t *testing.T, block []byte) {
	t.Helper()
	answer := answerOf(block[:min(len(block), 3000)])
	for n := 1; n < len(answer); n++ {
		r := blockReader{in: bufio.NewReaderSize(bytes.NewReader(answer[:n]), 1<<18)}
		if rows, err := r.next(); err == nil || errors.Is(err, io.EOF) {
			t.Fatalf("%d of %d bytes passed for a block of %d rows: %v", n, len(answer), rows, err)
		}
	}
}

// answerOf returns a block as a server writes it: with the fields before the columns,
// and with flags.
func answerOf(block []byte) []byte {
	return append([]byte{1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0}, block...)
}

func FuzzBlocks(f *testing.F) {
	f.Add([]byte("\x01\x00\x02\xff\xff\xff\xff\x00\x01\x02\x01a\x05UInt8\x00\x01\x02"))
	f.Add([]byte("\x00\x01\x01\x01a\x16LowCardinality(String)\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01x\x01\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\r\n__exception__\r\nabcdefgh\r\nCode: 395. DB::Exception"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		r := blockReader{in: bufio.NewReaderSize(bytes.NewReader(answer), 1<<18)}
		for {
			if _, err := r.next(); err != nil {
				return
			}
			if r.block.Len() > len(answer) {
				t.Fatal("a block is longer than its answer")
			}
		}
	})
}

func TestSplitType(t *testing.T) {
	for kind, want := range map[string]string{
		"UInt8":                                  "UInt8 []",
		"Array(Array(String))":                   "Array [Array(String)]",
		"Map(String, Tuple(a UInt8, b Int8))":    "Map [String Tuple(a UInt8, b Int8)]",
		"Tuple(a UInt8, Array(Tuple(x String)))": "Tuple [UInt8 Array(Tuple(x String))]",
		`Enum8('a,(' = 1, 'b\'' = 2)`:            `Enum8 ['a,(' = 1 'b\'' = 2]`,
		"DateTime64(3, 'UTC')":                   "DateTime64 [3 'UTC']",
	} {
		name, parts := splitType(kind)
		if got := fmt.Sprint(name, " ", parts); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
}
