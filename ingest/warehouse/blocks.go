package warehouse

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// blockReader splits an answer in the Native format into its blocks. The format
// has no lengths, so the reader must know the encoding of each type. It copies
// the values without decoding them.
// https://clickhouse.com/docs/interfaces/formats/Native
type blockReader struct {
	in    *bufio.Reader
	block bytes.Buffer // in the form of a request over HTTP: without the fields before the columns, and without flags
	copy  bool         // into block
	err   error        // the first one
}

// errBlock means that an answer is not in the Native format as it is known here.
var errBlock = errors.New("the answer is no block of known types")

// Limits of the numbers in a block's header.
const (
	maxBlockColumns = 10_000
	maxBlockRows    = 100_000_000
	maxTextBytes    = 1 << 30
)

// next reads the next block and returns its rows; io.EOF after the last one.
func (r *blockReader) next() (rows uint64, err error) {
	if _, err := r.in.Peek(1); err != nil {
		return 0, err // io.EOF only at the end of a block
	}
	r.block.Reset()
	r.copy, r.err = false, nil
	r.info()
	r.copy = true
	columns := r.varint(maxBlockColumns)
	rows = r.varint(maxBlockRows)
	for range columns {
		if r.err != nil {
			break
		}
		r.text()
		kind := r.text()
		r.copy = false
		if custom := r.fixed(1); len(custom) == 1 && custom[0] != 0 {
			r.fail(fmt.Errorf("%w: a column of its own form", errBlock))
		}
		r.copy = true
		if rows > 0 && r.err == nil {
			r.prefix(kind)
			r.column(kind, rows)
		}
	}
	if errors.Is(r.err, io.EOF) {
		r.err = io.ErrUnexpectedEOF
	}
	return rows, r.err
}

// info reads the fields before a block: pairs of a number and a value, up to number 0.
func (r *blockReader) info() {
	for r.err == nil {
		switch field := r.varint(maxBlockColumns); field {
		case 0:
			return
		case 1: // is_overflows
			r.fixed(1)
		case 2: // bucket_num
			r.fixed(4)
		default:
			r.fail(fmt.Errorf("%w: field %d", errBlock, field))
		}
	}
}

func (r *blockReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *blockReader) varint(most uint64) uint64 {
	if r.err != nil {
		return 0
	}
	v, err := binary.ReadUvarint(r.in)
	if err == nil && v > most {
		err = fmt.Errorf("%w: a number of %d", errBlock, v)
	}
	if err != nil {
		r.fail(err)
		return 0
	}
	if r.copy {
		r.block.Write(binary.AppendUvarint(r.block.AvailableBuffer(), v))
	}
	return v
}

// fixed reads a few bytes, which are valid until the next read.
func (r *blockReader) fixed(n int) []byte {
	if r.err != nil {
		return nil
	}
	b, err := r.in.Peek(n)
	if err != nil {
		r.fail(err)
		return nil
	}
	_, _ = r.in.Discard(n) // they are there
	if r.copy {
		r.block.Write(b)
	}
	return b
}

func (r *blockReader) number() uint64 {
	if b := r.fixed(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// bytes copies n bytes.
func (r *blockReader) bytes(n uint64) {
	if r.err != nil {
		return
	}
	if n > 64*maxTextBytes {
		r.fail(fmt.Errorf("%w: a column of %d bytes", errBlock, n))
		return
	}
	if n <= 4096 { // most texts: see bufio.NewReaderSize
		r.fixed(int(n))
		return
	}
	if _, err := io.CopyN(&r.block, r.in, int64(n)); err != nil {
		r.fail(err)
	}
}

// text reads a name.
func (r *blockReader) text() string {
	n := r.varint(1 << 16)
	from := r.block.Len()
	r.bytes(n)
	return string(r.block.Bytes()[from:])
}

// prefix reads the header of a column that has a dictionary, at any depth.
func (r *blockReader) prefix(kind string) {
	name, parts := splitType(kind)
	switch name {
	case "LowCardinality":
		r.fixed(8)
	case "Array", "Nullable", "Map", "Tuple", "SimpleAggregateFunction":
		for _, part := range parts {
			r.prefix(part)
		}
	}
}

// column copies the values of a column.
func (r *blockReader) column(kind string, rows uint64) {
	if rows == 0 || r.err != nil {
		return
	}
	name, parts := splitType(kind)
	size, ok := valueBytes[name]
	switch {
	case ok:
		r.bytes(rows * size)
	case name == "Decimal" && len(parts) == 2:
		r.bytes(rows * decimalBytes(parts[0]))
	case name == "String":
		for range rows {
			r.bytes(r.varint(maxTextBytes))
		}
	case name == "FixedString" && len(parts) == 1:
		n, err := strconv.ParseUint(parts[0], 10, 32)
		if err != nil {
			r.fail(fmt.Errorf("%w: %s", errBlock, kind))
		}
		r.bytes(rows * n)
	case name == "LowCardinality" && len(parts) == 1:
		r.dictionary(parts[0])
	case name == "Nullable" && len(parts) == 1:
		r.bytes(rows)
		r.column(parts[0], rows)
	case name == "Array" && len(parts) == 1, name == "Map" && len(parts) == 2:
		r.bytes((rows - 1) * 8)
		values := r.number() // end of the last value
		for _, part := range parts {
			r.column(part, values)
		}
	case name == "Tuple" && len(parts) > 0:
		for _, part := range parts {
			r.column(part, rows)
		}
	case name == "SimpleAggregateFunction" && len(parts) == 2:
		r.column(parts[1], rows)
	default:
		r.fail(fmt.Errorf("%w: type %s", errBlock, kind))
	}
}

// dictionary copies the values of a column with a dictionary: flags with the
// size of an index, the distinct values, and an index for each row.
func (r *blockReader) dictionary(kind string) {
	flags := r.number()
	if r.err == nil && (flags&additionalKeys == 0 || flags&0xff > 3 || flags&(1<<8) != 0) {
		r.fail(fmt.Errorf("%w: a dictionary of its own form", errBlock))
	}
	if name, parts := splitType(kind); name == "Nullable" && len(parts) == 1 {
		kind = parts[0]
	}
	r.column(kind, r.number())
	r.bytes(r.number() << (flags & 3))
}

// valueBytes are the types whose values have one size.
var valueBytes = map[string]uint64{
	"UInt8": 1, "UInt16": 2, "UInt32": 4, "UInt64": 8, "UInt128": 16, "UInt256": 32,
	"Int8": 1, "Int16": 2, "Int32": 4, "Int64": 8, "Int128": 16, "Int256": 32,
	"Float32": 4, "Float64": 8, "Bool": 1, "Enum8": 1, "Enum16": 2, "UUID": 16, "IPv4": 4, "IPv6": 16,
	"Date": 2, "Date32": 4, "DateTime": 4, "DateTime64": 8, "Nothing": 1,
}

// decimalBytes returns the size in bytes of a Decimal with that many digits.
func decimalBytes(digits string) uint64 {
	switch n, _ := strconv.Atoi(digits); {
	case n <= 9:
		return 4
	case n <= 18:
		return 8
	case n <= 38:
		return 16
	}
	return 32
}

// splitType returns the name of a type and the list in its parentheses: the
// types of its parts, without the names of a Tuple's elements, or its
// parameters.
func splitType(kind string) (name string, parts []string) {
	name, rest, ok := strings.Cut(kind, "(")
	if !ok {
		return kind, nil
	}
	rest = strings.TrimSuffix(rest, ")")
	depth, from, quoted := 0, 0, false
	for i := 0; i <= len(rest); i++ {
		switch {
		case i == len(rest), rest[i] == ',' && depth == 0 && !quoted:
			parts = append(parts, strings.TrimSpace(rest[from:i]))
			from = i + 1
		case rest[i] == '\\' && quoted:
			i++
		case rest[i] == '\'':
			quoted = !quoted
		case quoted:
		case rest[i] == '(':
			depth++
		case rest[i] == ')':
			depth--
		}
	}
	if name == "Tuple" {
		for i, part := range parts {
			if _, kind, ok := strings.Cut(part, " "); ok && !strings.Contains(part[:strings.IndexByte(part, ' ')], "(") {
				parts[i] = kind
			}
		}
	}
	return name, parts
}
