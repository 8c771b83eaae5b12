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

// native is a block of rows in ClickHouse's Native format, column by column, as a server
// reads it over HTTP. It holds each distinct text of a LowCardinality column once: the
// driver would send the text of every row, and the server would look each up. See
// BenchmarkInsertOpens. https://clickhouse.com/docs/interfaces/formats/Native
//
// It is filled by chunks of rows, all columns of one chunk before the next: a row of opens
// has half a kilobyte, and a pass over all rows per column would read them from memory
// fifty times.
type native struct {
	bytes   []byte
	parts   []part // one for each column
	scratch scratch
}

// chunkRows is the number of rows of a chunk: they fit into a processor's cache.
const chunkRows = 256

// freeBlocks are blocks for further inserts: one of 50,000 opens needs 14 MB.
var freeBlocks = sync.Pool{New: func() any { return &native{scratch: scratch{}} }}

// maxKeptBytes bounds the memory of a block in freeBlocks.
const maxKeptBytes = 48 << 20

// free releases the block for another insert.
func (n *native) free() {
	kept := cap(n.bytes)
	for i := range n.parts[:cap(n.parts)] {
		p := &n.parts[:cap(n.parts)][i]
		p.empty() // the texts are parts of lines, which hold personal data
		kept += cap(p.bytes)
	}
	if texts, ok := n.scratch[reflect.TypeFor[string]()].([]string); ok {
		clear(texts[:cap(texts)])
	}
	if kept <= maxKeptBytes {
		freeBlocks.Put(n)
	}
}

// begin starts a block.
func (n *native) begin(columns int) {
	n.parts = slices.Grow(n.parts[:0], columns)[:columns]
	for i := range n.parts {
		n.parts[i].empty()
	}
}

// end encodes the columns into n.bytes.
func (n *native) end(rows int, name func(column int) string) {
	n.bytes = binary.AppendUvarint(n.bytes[:0], uint64(len(n.parts)))
	n.bytes = binary.AppendUvarint(n.bytes, uint64(rows))
	for i := range n.parts {
		n.bytes = n.parts[i].append(appendText(n.bytes, name(i)), rows)
	}
}

// part is a column of a block.
type part struct {
	kind  string // type in the block
	bytes []byte // the values; of a dictionary, the index of each row
	maps  []map[string]string
	known [256]bool // values of an Enum8

	// Of a dictionary.
	keys     map[string]uint32
	distinct []string
	width    int    // bytes of an index
	last     uint32 // the index of the row before
}

func (p *part) empty() {
	clear(p.distinct)
	clear(p.keys)
	clear(p.maps)
	*p = part{bytes: p.bytes[:0], maps: p.maps[:0], keys: p.keys, distinct: p.distinct[:0]}
}

// add appends values of a column of the table's type kind. The server converts values that
// are sent as another type of that kind.
func (p *part) add(kind string, values any) error {
	switch values := values.(type) {
	case []uint64:
		p.kind = "UInt64"
		for _, v := range values {
			p.bytes = binary.LittleEndian.AppendUint64(p.bytes, v)
		}
	case []uint32:
		p.kind = "UInt32"
		for _, v := range values {
			p.bytes = binary.LittleEndian.AppendUint32(p.bytes, v)
		}
	case []uint8:
		p.kind = "UInt8"
		p.bytes = append(p.bytes, values...)
	case []uint16:
		p.kind = "UInt16"
		for _, v := range values {
			p.bytes = binary.LittleEndian.AppendUint16(p.bytes, v)
		}
	case []int64: // milliseconds
		p.kind = "DateTime64(3, 'UTC')"
		for _, v := range values {
			p.bytes = binary.LittleEndian.AppendUint64(p.bytes, uint64(v))
		}
	case []int8:
		return p.enum(kind, values)
	case []time.Time:
		return p.times(kind, values)
	case []uuid.UUID:
		p.kind = "UUID"
		for i := range values { // two halves, the bytes of each in reverse
			p.bytes = binary.LittleEndian.AppendUint64(p.bytes, binary.BigEndian.Uint64(values[i][:8]))
			p.bytes = binary.LittleEndian.AppendUint64(p.bytes, binary.BigEndian.Uint64(values[i][8:]))
		}
	case []RecipientKey:
		p.kind = "UInt128"
		for i := range values {
			p.bytes = append(p.bytes, values[i][:]...)
		}
	case []map[string]string:
		p.kind = "Map(String, String)"
		p.maps = append(p.maps, values...)
	case []netip.Addr:
		p.kind = "IPv6"
		for _, v := range values {
			b := v.As16()
			p.bytes = append(p.bytes, b[:]...)
		}
	case []string:
		p.texts(kind, values)
	default:
		return fmt.Errorf("no column of type %s can be made of %T", kind, values)
	}
	return nil
}

// append appends the column to a block, behind its name.
func (p *part) append(block []byte, rows int) []byte {
	block = appendText(block, p.kind)
	switch {
	case len(p.maps) > 0:
		return appendMaps(block, p.maps)
	case p.width > 0:
		return p.appendDictionary(block, rows)
	}
	return append(block, p.bytes...)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendMaps appends maps of texts: the end of each row's map, then all keys, then all
// values.
func appendMaps(block []byte, values []map[string]string) []byte {
	end := uint64(0)
	for _, v := range values {
		end += uint64(len(v))
		block = binary.LittleEndian.AppendUint64(block, end)
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
		block = appendText(block, key)
	}
	for _, v := range values {
		for _, key := range keys[:len(v)] {
			block = appendText(block, v[key])
		}
		keys = keys[len(v):]
	}
	return block
}

// enum appends values of an Enum8. It refuses values that the type does not name, since
// the server would accept them.
func (p *part) enum(kind string, values []int8) error {
	if p.kind == "" {
		for member := range strings.SplitSeq(kind, ",") {
			_, number, _ := strings.Cut(member, "=")
			if v, err := strconv.ParseInt(strings.Trim(number, " )"), 10, 8); err == nil {
				p.known[uint8(v)] = true
			}
		}
	}
	p.kind = kind
	for _, v := range values {
		if !p.known[uint8(v)] {
			return fmt.Errorf("%d is no value of %s", v, kind)
		}
		p.bytes = append(p.bytes, byte(v))
	}
	return nil
}

// times appends days or seconds.
func (p *part) times(kind string, values []time.Time) error {
	const day = 24 * 60 * 60
	switch {
	case kind == "Date":
		p.kind = kind
		for _, v := range values {
			p.bytes = binary.LittleEndian.AppendUint16(p.bytes, uint16(v.Unix()/day))
		}
	case strings.HasPrefix(kind, "DateTime") && !strings.HasPrefix(kind, "DateTime64"):
		p.kind = "DateTime('UTC')"
		for _, v := range values {
			p.bytes = binary.LittleEndian.AppendUint32(p.bytes, uint32(v.Unix()))
		}
	default:
		return fmt.Errorf("no column of type %s can be made of times", kind)
	}
	return nil
}

// texts appends texts, or their indexes in the dictionary of a LowCardinality column.
func (p *part) texts(kind string, values []string) {
	if !strings.HasPrefix(kind, "LowCardinality(") {
		p.kind = "String"
		for _, v := range values {
			p.bytes = appendText(p.bytes, v)
		}
		return
	}
	if p.kind = "LowCardinality(String)"; p.width == 0 {
		p.width = 1
	}
	for _, text := range values {
		if len(p.bytes) == 0 || text != p.distinct[p.last] {
			p.last = p.key(text)
		}
		for p.last>>(8*p.width) > 0 {
			p.widen()
		}
		switch p.width {
		case 1:
			p.bytes = append(p.bytes, byte(p.last))
		case 2:
			p.bytes = binary.LittleEndian.AppendUint16(p.bytes, uint16(p.last))
		default:
			p.bytes = binary.LittleEndian.AppendUint32(p.bytes, p.last)
		}
	}
}

// key returns the index of a text in the dictionary.
func (p *part) key(text string) uint32 {
	key, known := p.keys[text]
	if !known {
		if p.keys == nil {
			p.keys = map[string]uint32{}
		}
		key = uint32(len(p.distinct))
		p.keys[text] = key
		p.distinct = append(p.distinct, text)
	}
	return key
}

// widen doubles the size of the indexes.
func (p *part) widen() {
	narrow := slices.Clone(p.bytes)
	p.bytes = p.bytes[:0]
	for index := range slices.Chunk(narrow, p.width) {
		p.bytes = append(append(p.bytes, index...), make([]byte, p.width)...)
	}
	p.width *= 2
}

// The parts of a column with a dictionary, as SerializationLowCardinality of
// ClickHouse has them: the version of the form, then flags beside the size of an
// index as power of two bytes, then the texts, then an index for each row.
const (
	dictionaryForm   = 1
	additionalKeys   = 1 << 9
	updateDictionary = 1 << 10
)

func (p *part) appendDictionary(block []byte, rows int) []byte {
	block = binary.LittleEndian.AppendUint64(block, dictionaryForm)
	block = binary.LittleEndian.AppendUint64(block, additionalKeys|updateDictionary|uint64(p.width/2))
	block = binary.LittleEndian.AppendUint64(block, uint64(len(p.distinct)))
	for _, text := range p.distinct {
		block = appendText(block, text)
	}
	block = binary.LittleEndian.AppendUint64(block, uint64(rows))
	return append(block, p.bytes...)
}
