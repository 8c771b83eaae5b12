package networks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// ErrDatabase is wrapped by errors about an AS database.
var ErrDatabase = errors.New("networks: unusable database")

// ASNs is a database in MaxMind's format (maxmind.github.io/MaxMind-DB): of AS
// numbers, of countries, of cities, or of all of them; or a list of AS numbers
// as CSV (ranges.go). A nil ASNs is empty. It is safe for concurrent use.
type ASNs struct {
	BuiltAt time.Time
	Kind    string // name in the database, for example GeoLite2-ASN; CSV for a list

	reader *maxminddb.Reader // nil: a list
	ranges *ranges
}

// asRecord are the fields read from a record, with MaxMind's names.
type asRecord struct {
	Number  uint32 `maxminddb:"autonomous_system_number"`
	Country struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Subdivisions []struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"subdivisions"`
}

// maxDatabaseBytes is the largest database; the largest ones of cities have 150
// MB.
const maxDatabaseBytes = 1 << 30

// OpenASNs reads the file at path into memory. A memory-mapped file would
// change, or fault, during a look-up if it were overwritten.
func OpenASNs(path string) (*ASNs, error) {
	content, written, err := readDatabase(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDatabase, err)
	}
	if !bytes.Contains(content[max(0, len(content)-maxMetadataBytes):], metadataMark) {
		list, err := readRanges(bytes.NewReader(content))
		if err != nil {
			return nil, fmt.Errorf("%w: %s is no database in MaxMind's format, and no list: %w", ErrDatabase, path, err)
		}
		if list.takenAt.IsZero() {
			list.takenAt = written.UTC()
		}
		return &ASNs{BuiltAt: list.takenAt, Kind: "CSV", ranges: list}, nil
	}
	r, err := maxminddb.OpenBytes(content)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDatabase, path, err)
	}
	return &ASNs{BuiltAt: r.Metadata.BuildTime().UTC(), Kind: r.Metadata.DatabaseType, reader: r}, nil
}

// metadataMark begins the metadata of a database, in its last 128 kB
// (maxmind.github.io/MaxMind-DB).
var metadataMark = []byte("\xab\xcd\xefMaxMind.com")

const maxMetadataBytes = 128 << 10

func readDatabase(path string) (content []byte, written time.Time, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, written, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, written, err
	}
	if info.Size() > maxDatabaseBytes {
		return nil, written, fmt.Errorf("%s is larger than %d MB", path, maxDatabaseBytes>>20)
	}
	content = make([]byte, info.Size())
	if _, err := io.ReadFull(f, content); err != nil {
		return nil, written, fmt.Errorf("read %s: %w", path, err)
	}
	return content, info.ModTime(), nil
}

// Ranges returns the number of ranges in a list; 0 for a database.
func (d *ASNs) Ranges() int {
	if d == nil || d.ranges == nil {
		return 0
	}
	return len(d.ranges.rows)
}

// lookup returns the record of an address, and false if it is missing or
// damaged.
func (d *ASNs) lookup(a netip.Addr) (*asRecord, bool) {
	if d == nil || !a.IsValid() {
		return nil, false
	}
	if d.reader == nil {
		number := d.ranges.lookup(a)
		return &asRecord{Number: number}, number != 0
	}
	result := d.reader.Lookup(a.Unmap().WithZone(""))
	if !result.Found() {
		return nil, false
	}
	rec := &asRecord{}
	return rec, result.Decode(rec) == nil
}

func (r *asRecord) region() string {
	if len(r.Subdivisions) == 0 {
		return ""
	}
	return r.Subdivisions[0].Code
}
