package networks

import (
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

// ASNs is a database in MaxMind's format (maxmind.github.io/MaxMind-DB): one of
// AS numbers, of countries or of cities, or one that has it all. A nil ASNs
// knows nothing. It is safe for concurrent use.
type ASNs struct {
	BuiltAt time.Time
	Kind    string // as it names itself, for example GeoLite2-ASN

	reader *maxminddb.Reader
}

// asRecord is what is read of a record; MaxMind's own names.
type asRecord struct {
	Number  uint32 `maxminddb:"autonomous_system_number"`
	Country struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Subdivisions []struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"subdivisions"`
}

// maxDatabaseBytes bounds a database; the largest ones of cities have 150 MB.
const maxDatabaseBytes = 1 << 30

// OpenASNs reads the file at path into memory. A mapped one would change, or
// fault, during a look-up if the file were overwritten.
func OpenASNs(path string) (*ASNs, error) {
	content, err := readDatabase(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDatabase, err)
	}
	r, err := maxminddb.OpenBytes(content)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDatabase, path, err)
	}
	return &ASNs{BuiltAt: r.Metadata.BuildTime().UTC(), Kind: r.Metadata.DatabaseType, reader: r}, nil
}

func readDatabase(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxDatabaseBytes {
		return nil, fmt.Errorf("%s is larger than %d MB", path, maxDatabaseBytes>>20)
	}
	content := make([]byte, info.Size())
	if _, err := io.ReadFull(f, content); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return content, nil
}

// lookup returns the record of an address. A damaged one is as good as none.
func (d *ASNs) lookup(a netip.Addr) (*asRecord, bool) {
	if d == nil || !a.IsValid() {
		return nil, false
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
