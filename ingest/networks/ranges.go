package networks

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ranges is a sorted list of AS numbers by ranges of addresses. A range may be
// nested in another one; the narrower one counts.
type ranges struct {
	takenAt time.Time // date in a comment; zero: none
	rows    []asRange
}

type asRange struct {
	first, last netip.Addr
	number      uint32
	around      int32 // index of the enclosing row; -1: none
}

// readRanges reads CSV of the form first,last,as_number,name, as in npm's
// @ip-location-db/asn, or prefix,as_number,name; IPv4 and IPv6 in any order. It
// skips a header and lines that begin with #. An error wraps ErrFile and names
// the line.
func readRanges(in io.Reader) (*ranges, error) {
	r := &ranges{}
	buffered := bufio.NewReaderSize(in, 1<<16)
	if mark, _ := buffered.Peek(3); string(mark) == "\ufeff" {
		_, _ = buffered.Discard(3) // they are there
	}
	if line, _ := buffered.Peek(len(takenAt) + len(time.RFC3339)); bytes.HasPrefix(line, []byte(takenAt)) {
		text, err := buffered.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("%w: no range in it", ErrFile)
		}
		r.takenAt, _ = time.Parse(time.RFC3339, strings.TrimSpace(strings.TrimPrefix(text, takenAt))) // zero: not known
	}
	c := csv.NewReader(buffered)
	c.Comment, c.FieldsPerRecord, c.ReuseRecord, c.LazyQuotes = '#', -1, true, true
	for n := 0; ; n++ {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFile, err)
		}
		row, err := parseRange(record)
		if err != nil {
			if n == 0 && !strings.ContainsAny(record[0], ".:") {
				continue // a header
			}
			line, _ := c.FieldPos(0)
			return nil, fmt.Errorf("%w: line %d: %w", ErrFile, line, err)
		}
		r.rows = append(r.rows, row)
	}
	if len(r.rows) == 0 {
		return nil, fmt.Errorf("%w: no range in it", ErrFile)
	}
	r.nest()
	return r, nil
}

func parseRange(record []string) (asRange, error) {
	first, number := strings.TrimSpace(record[0]), 1
	var row asRange
	if strings.Contains(first, "/") {
		prefix, err := parsePrefix(first)
		if err != nil {
			return row, err
		}
		row.first, row.last = prefix.Addr(), lastOf(prefix)
	} else {
		if len(record) < 3 {
			return row, errors.New("want first,last,as_number or prefix,as_number")
		}
		var err error
		if row.first, err = netip.ParseAddr(first); err != nil {
			return row, fmt.Errorf("%q is no address", first)
		}
		if row.last, err = netip.ParseAddr(strings.TrimSpace(record[1])); err != nil {
			return row, fmt.Errorf("%q is no address", record[1])
		}
		number = 2
	}
	row.first, row.last = row.first.Unmap(), row.last.Unmap()
	if row.first.Is4() != row.last.Is4() || row.last.Less(row.first) {
		return row, fmt.Errorf("%s to %s is no range", row.first, row.last)
	}
	if len(record) <= number {
		return row, errors.New("the AS number is missing")
	}
	text := strings.TrimSpace(record[number])
	if len(text) > 2 && strings.EqualFold(text[:2], "AS") {
		text = text[2:]
	}
	v, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return row, fmt.Errorf("as_number %q is no number", record[number])
	}
	row.number = uint32(v)
	return row, nil
}

// lastOf returns the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 1 << (7 - bit%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// nest sorts the rows and records the nesting.
func (r *ranges) nest() {
	slices.SortStableFunc(r.rows, func(a, b asRange) int { return cmp.Or(a.first.Compare(b.first), b.last.Compare(a.last)) })
	var open []int32
	for i := range r.rows {
		for len(open) > 0 && r.rows[open[len(open)-1]].last.Less(r.rows[i].first) {
			open = open[:len(open)-1]
		}
		r.rows[i].around = -1
		if len(open) > 0 {
			r.rows[i].around = open[len(open)-1]
		}
		open = append(open, int32(i))
	}
}

// lookup returns the AS number of an address, or 0.
func (r *ranges) lookup(a netip.Addr) uint32 {
	a = a.Unmap().WithZone("")
	i, exact := slices.BinarySearchFunc(r.rows, a, func(row asRange, a netip.Addr) int { return row.first.Compare(a) })
	for exact && i+1 < len(r.rows) && r.rows[i+1].first == a {
		i++ // the narrowest of those that begin there
	}
	if !exact {
		i--
	}
	for k := int32(i); k >= 0; k = r.rows[k].around {
		if !r.rows[k].last.Less(a) && r.rows[k].last.Is4() == a.Is4() {
			return r.rows[k].number
		}
	}
	return 0
}
