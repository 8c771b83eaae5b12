package warehouse

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// native is a block of rows in ClickHouse's Native format, column by column, as
// a server reads it over HTTP. It holds each distinct text of a LowCardinality
// column once: the driver would send the text of every row, and the server look
// each up. See BenchmarkInsertOpens.
// https://clickhouse.com/docs/interfaces/formats/Native
type native struct {
	bytes   []byte
	scratch scratch

	// Of the column with a dictionary that is being written.
	keys     map[string]uint32
	distinct []string
	indexes  []uint32
}

// blocks are kept between inserts: one of 50,000 opens needs 6 MB.
var blocks = sync.Pool{New: func() any { return &native{scratch: scratch{}, keys: map[string]uint32{}} }}

// maxKeptBytes bounds what a kept block holds on to.
const maxKeptBytes = 32 << 20

// free gives the block to another insert.
func (n *native) free() {
	clear(n.distinct) // they are parts of lines, which hold personal data
	clear(n.keys)
	if texts, ok := n.scratch[reflect.TypeFor[string]()].([]string); ok {
		clear(texts[:cap(texts)])
	}
	if cap(n.bytes) <= maxKeptBytes {
		blocks.Put(n)
	}
}

// begin starts a block.
func (n *native) begin(columns, rows int) {
	n.bytes = binary.AppendUvarint(n.bytes[:0], uint64(columns))
	n.bytes = binary.AppendUvarint(n.bytes, uint64(rows))
}

// column appends a column of the table's type kind. The server converts what is
// sent as another type of the same kind.
func (n *native) column(name, kind string, values any) error {
	n.text(name)
	switch values := values.(type) {
	case []uint64:
		n.text("UInt64")
		for _, v := range values {
			n.bytes = binary.LittleEndian.AppendUint64(n.bytes, v)
		}
	case []uint32:
		n.text("UInt32")
		for _, v := range values {
			n.bytes = binary.LittleEndian.AppendUint32(n.bytes, v)
		}
	case []uint8:
		n.text("UInt8")
		n.bytes = append(n.bytes, values...)
	case []uint16:
		n.text("UInt16")
		for _, v := range values {
			n.bytes = binary.LittleEndian.AppendUint16(n.bytes, v)
		}
	case []int64: // milliseconds
		n.text("DateTime64(3, 'UTC')")
		for _, v := range values {
			n.bytes = binary.LittleEndian.AppendUint64(n.bytes, uint64(v))
		}
	case []int8:
		return n.enum(kind, values)
	case []time.Time:
		return n.times(kind, values)
	case []uuid.UUID:
		n.text("UUID")
		for i := range values { // two halves, the bytes of each in reverse
			n.bytes = binary.LittleEndian.AppendUint64(n.bytes, binary.BigEndian.Uint64(values[i][:8]))
			n.bytes = binary.LittleEndian.AppendUint64(n.bytes, binary.BigEndian.Uint64(values[i][8:]))
		}
	case []RecipientKey:
		n.text("UInt128")
		for i := range values {
			n.bytes = append(n.bytes, values[i][:]...)
		}
	case []map[string]string:
		n.maps(values)
	case []netip.Addr:
		n.text("IPv6")
		for _, v := range values {
			b := v.As16()
			n.bytes = append(n.bytes, b[:]...)
		}
	case []string:
		if strings.HasPrefix(kind, "LowCardinality(") {
			n.dictionary(values)
			break
		}
		n.text("String")
		for _, v := range values {
			n.text(v)
		}
	default:
		return fmt.Errorf("no column of type %s can be made of %T", kind, values)
	}
	return nil
}

func (n *native) text(s string) {
	n.bytes = append(binary.AppendUvarint(n.bytes, uint64(len(s))), s...)
}

// maps appends maps of texts: the end of each row's map, then all keys, then all
// values.
func (n *native) maps(values []map[string]string) {
	n.text("Map(String, String)")
	end := uint64(0)
	for _, v := range values {
		end += uint64(len(v))
		n.bytes = binary.LittleEndian.AppendUint64(n.bytes, end)
	}
	keys := make([]string, 0, end)
	for _, v := range values {
		from := len(keys)
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys[from:])
	}
	for _, key := range keys {
		n.text(key)
	}
	for _, v := range values {
		for _, key := range keys[:len(v)] {
			n.text(v[key])
		}
		keys = keys[len(v):]
	}
}

// enum appends values of an Enum8. The server takes those that its type does not
// name as they are, so they are refused here.
func (n *native) enum(kind string, values []int8) error {
	var known [256]bool
	for member := range strings.SplitSeq(kind, ",") {
		_, number, _ := strings.Cut(member, "=")
		if v, err := strconv.ParseInt(strings.Trim(number, " )"), 10, 8); err == nil {
			known[uint8(v)] = true
		}
	}
	n.text(kind)
	for _, v := range values {
		if !known[uint8(v)] {
			return fmt.Errorf("%d is no value of %s", v, kind)
		}
		n.bytes = append(n.bytes, byte(v))
	}
	return nil
}

// times appends days or seconds.
func (n *native) times(kind string, values []time.Time) error {
	const day = 24 * 60 * 60
	switch {
	case kind == "Date":
		n.text(kind)
		for _, v := range values {
			n.bytes = binary.LittleEndian.AppendUint16(n.bytes, uint16(v.Unix()/day))
		}
	case strings.HasPrefix(kind, "DateTime") && !strings.HasPrefix(kind, "DateTime64"):
		n.text("DateTime('UTC')")
		for _, v := range values {
			n.bytes = binary.LittleEndian.AppendUint32(n.bytes, uint32(v.Unix()))
		}
	default:
		return fmt.Errorf("no column of type %s can be made of times", kind)
	}
	return nil
}

// The parts of a column with a dictionary, as SerializationLowCardinality of
// ClickHouse has them: the version of the form, then flags beside the size of an
// index, then the texts, then an index for each row.
const (
	dictionaryForm   = 1
	additionalKeys   = 1 << 9
	updateDictionary = 1 << 10
)

func (n *native) dictionary(values []string) {
	n.index(values)
	n.text("LowCardinality(String)")
	size := uint64(0) // of an index, as power of two bytes
	for limit := 1 << 8; size < 2 && len(n.distinct) > limit; limit <<= 8 {
		size++
	}
	n.bytes = binary.LittleEndian.AppendUint64(n.bytes, dictionaryForm)
	n.bytes = binary.LittleEndian.AppendUint64(n.bytes, additionalKeys|updateDictionary|size)
	n.bytes = binary.LittleEndian.AppendUint64(n.bytes, uint64(len(n.distinct)))
	for _, text := range n.distinct {
		n.text(text)
	}
	n.bytes = binary.LittleEndian.AppendUint64(n.bytes, uint64(len(values)))
	n.bytes = slices.Grow(n.bytes, len(values)<<size)
	for _, i := range n.indexes {
		switch size {
		case 0:
			n.bytes = append(n.bytes, byte(i))
		case 1:
			n.bytes = binary.LittleEndian.AppendUint16(n.bytes, uint16(i))
		default:
			n.bytes = binary.LittleEndian.AppendUint32(n.bytes, i)
		}
	}
}

// index finds the distinct texts, and for each row which one it has.
func (n *native) index(values []string) {
	clear(n.keys)
	n.distinct, n.indexes = n.distinct[:0], slices.Grow(n.indexes[:0], len(values))
	for i, text := range values {
		if i > 0 && text == values[i-1] {
			n.indexes = append(n.indexes, n.indexes[i-1])
			continue
		}
		key, known := n.keys[text]
		if !known {
			key = uint32(len(n.distinct))
			n.keys[text] = key
			n.distinct = append(n.distinct, text)
		}
		n.indexes = append(n.indexes, key)
	}
}
