// Package networks is the operator's own table of networks: what is known of
// an address that no CDN has looked up. The standalone pixel reads it, and the
// emulator is given a copy of it.
//
// The file is CSV with the header
//
//	prefix,network,as_number,proxy_type,proxy_description,country
//
// in any order; all but prefix may be missing or empty. prefix is an address
// or a CIDR prefix, network is apple_relay, scanner:<name>, hosting or none
// (empty: decided from the proxy fields), the proxy fields are worded as
// Fastly's. The longest prefix that holds an address counts.
package networks

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/gaissmai/bart"

	"glint/edge/pixel"
)

// ErrFile is wrapped by every error about the content of a file.
var ErrFile = errors.New("networks: faulty file")

// Row is one line of the table.
type Row struct {
	Prefix  netip.Prefix
	Network pixel.Network
}

// Table answers look-ups. A nil Table knows nothing. It is safe for concurrent
// use.
type Table struct {
	rows  []Row
	table bart.Table[pixel.Network]
}

// Load reads the file at path.
func Load(path string) (*Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open networks: %w", err)
	}
	defer func() { _ = f.Close() }()
	t, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%w (in %s)", err, path)
	}
	return t, nil
}

// Read reads a table; an error names the line.
func Read(r io.Reader) (*Table, error) {
	c := csv.NewReader(r)
	header, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: the header row is missing", ErrFile)
	}
	column, err := columns(header)
	if err != nil {
		return nil, err
	}
	t := &Table{}
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		line, _ := c.FieldPos(0)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFile, err)
		}
		row, err := parseRow(func(name string) string {
			if i, ok := column[name]; ok {
				return strings.TrimSpace(record[i])
			}
			return ""
		})
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrFile, line, err)
		}
		t.rows = append(t.rows, row)
		t.table.Insert(row.Prefix, row.Network)
	}
}

func columns(header []string) (map[string]int, error) {
	known := map[string]bool{
		"prefix": true, "network": true, "as_number": true, "proxy_type": true, "proxy_description": true, "country": true,
	}
	column := map[string]int{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		if !known[name] {
			return nil, fmt.Errorf("%w: unknown column %q", ErrFile, name)
		}
		column[name] = i
	}
	if _, ok := column["prefix"]; !ok {
		return nil, fmt.Errorf("%w: no column prefix", ErrFile)
	}
	return column, nil
}

func parseRow(cell func(string) string) (Row, error) {
	prefix, err := parsePrefix(cell("prefix"))
	if err != nil {
		return Row{}, err
	}
	n := pixel.Network{
		Known: true, Name: cell("network"), Country: cell("country"),
		ProxyType: cell("proxy_type"), ProxyDescription: cell("proxy_description"),
	}
	if s := cell("as_number"); s != "" {
		v, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return Row{}, fmt.Errorf("as_number %q is no number", s)
		}
		n.ASNumber = uint32(v)
	}
	if !validName(n.Name) {
		return Row{}, fmt.Errorf("network %q is none of apple_relay, scanner:<name>, hosting, none", n.Name)
	}
	return Row{prefix, n}, nil
}

func validName(name string) bool {
	switch name {
	case "", "apple_relay", "hosting", "none", "unknown":
		return true
	}
	scanner, ok := strings.CutPrefix(name, "scanner:")
	return ok && scanner != ""
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("prefix %q is neither an address nor a CIDR prefix", s)
	}
	return p.Masked(), nil
}

// Lookup returns what the table says of an address; Known is false if nothing.
func (t *Table) Lookup(a netip.Addr) pixel.Network {
	if t == nil {
		return pixel.Network{}
	}
	n, _ := t.table.Lookup(a.Unmap())
	return n
}

// Rows returns the table's lines in the order of the file.
func (t *Table) Rows() []Row {
	if t == nil {
		return nil
	}
	return t.rows
}
