// Package networks looks up the network of an address that no CDN has looked up.
// A Book asks three sources, the surer first:
//
//	Table   the operator's own file, --networks
//	Relay   Apple's list of the egress ranges of iCloud Private Relay
//	ASNs    a database in MaxMind's format, --asn-db
//
// The standalone pixel and `glint classify` read them; the emulator is given a
// copy of the operator's table. The package knows no address by itself, and
// no hosting network that the operator's table does not have.
//
// The operator's file is CSV with the header
//
//	prefix,network,as_number,proxy_type,proxy_description,country
//
// in any order; all but prefix may be missing or empty. prefix is an address
// or a CIDR prefix and occurs once, network is apple_relay,
// scanner:<name>, hosting, none or unknown (empty: decided from the proxy
// fields), the proxy fields are worded as Fastly's, country has two letters.
// The longest prefix that holds an address counts.
//
// Every list has a date, which goes into the events that it decided. Sources
// follows the files of a running pixel.
package networks

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gaissmai/bart"

	"glint/edge/classify"
	"glint/edge/pixel"
	"glint/ingest/host/addrprefix"
)

// ErrFile is wrapped by every error about the content of a file.
var ErrFile = errors.New("networks: faulty file")

// Row is one line of the table.
type Row struct {
	Prefix  netip.Prefix
	Network pixel.Network
}

// Table finds the networks of addresses. A nil Table is empty. It is safe for
// concurrent use.
type Table struct {
	WrittenAt time.Time // when the file was written; zero: unknown

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
	if info, err := f.Stat(); err == nil {
		t.WrittenAt = info.ModTime().UTC()
	}
	return t, nil
}

// Read reads a table; an error names the line.
func Read(r io.Reader) (*Table, error) {
	c := csv.NewReader(withoutMark(r))
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: the header row is missing", ErrFile)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
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
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFile, err)
		}
		line, _ := c.FieldPos(0)
		row, err := parseRow(func(name string) string {
			if i, ok := column[name]; ok {
				return strings.TrimSpace(record[i])
			}
			return ""
		})
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrFile, line, err)
		}
		if _, twice := t.table.Get(row.Prefix); twice {
			return nil, fmt.Errorf("%w: line %d: prefix %s is listed twice", ErrFile, line, row.Prefix)
		}
		t.rows = append(t.rows, row)
		t.table.Insert(row.Prefix, row.Network)
	}
}

// withoutMark skips the byte order mark that spreadsheets write.
func withoutMark(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if mark, _ := b.Peek(3); string(mark) == "\ufeff" {
		_, _ = b.Discard(3) // they are there
	}
	return b
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
		if _, twice := column[name]; twice {
			return nil, fmt.Errorf("%w: column %s is named twice", ErrFile, name)
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
		Known: true, Name: cell("network"), Country: strings.ToUpper(cell("country")),
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
		return Row{}, fmt.Errorf("network %q is unknown; want apple_relay, scanner:<name>, hosting, none or unknown", n.Name)
	}
	if n.Country != "" && !isCountry(n.Country) {
		return Row{}, fmt.Errorf("country %q is not two letters", n.Country)
	}
	return Row{prefix, n}, nil
}

func validName(name string) bool {
	switch name {
	case "", classify.NetworkRelay, classify.NetworkHosting, classify.NetworkNone, classify.NetworkUnknown:
		return true
	}
	scanner, ok := strings.CutPrefix(name, classify.NetworkScannerPrefix)
	return ok && scanner != ""
}

// isCountry checks the form of ISO 3166-1 alpha-2.
func isCountry(s string) bool {
	return len(s) == 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z'
}

func parsePrefix(s string) (netip.Prefix, error) {
	p, err := addrprefix.Parse(s)
	if err != nil {
		return p, fmt.Errorf("prefix %q is %w", s, err)
	}
	return p, nil
}

// Lookup returns the table's facts about an address; Known is false if there
// are none.
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
