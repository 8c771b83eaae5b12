package networks

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/gaissmai/bart"
)

// RelayURL is the address at which Apple publishes the list
// (developer.apple.com/icloud/prepare-your-network-for-icloud-private-relay).
const RelayURL = "https://mask-api.icloud.com/egress-ip-ranges.csv"

// The shortest allowed prefixes of a list. Apple's are far longer; one faulty
// line must not turn half of the Internet into a relay.
const (
	minRelayBits4 = 12
	minRelayBits6 = 24
)

// takenAt begins the comment line that SaveRelay writes.
const takenAt = "# taken_at "

// Relay is Apple's list of the addresses of iCloud Private Relay and Mail
// Privacy Protection. A nil Relay is empty. It is safe for concurrent use.
type Relay struct {
	TakenAt time.Time // when the list was downloaded; zero: unknown

	table  bart.Table[uint16]
	places []place // distinct places: a few hundred for 300,000 prefixes
}

// place is Apple's location of the person behind an address.
type place struct{ country, region string }

// LoadRelay reads the file at path. If it contains no date, the file's own is
// used.
func LoadRelay(path string) (*Relay, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open relay list: %w", err)
	}
	defer func() { _ = f.Close() }()
	r, err := ReadRelay(f)
	if err != nil {
		return nil, fmt.Errorf("%w (in %s)", err, path)
	}
	if info, err := f.Stat(); err == nil && r.TakenAt.IsZero() {
		r.TakenAt = info.ModTime().UTC()
	}
	return r, nil
}

// ReadRelay reads a list in Apple's format, prefix,country,region,city; lines
// that begin with # are comments. An error, around ErrFile, names the line.
func ReadRelay(in io.Reader) (*Relay, error) {
	r := &Relay{}
	seen := map[place]uint16{}
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if date, ok := strings.CutPrefix(line, takenAt); ok {
			r.TakenAt, _ = time.Parse(time.RFC3339, date) // zero: not known
		}
		if line == "" || line[0] == '#' {
			continue
		}
		prefix, where, err := parseRelayLine(line)
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrFile, n, err)
		}
		i, ok := seen[where]
		if !ok {
			if len(r.places) > math.MaxUint16 {
				return nil, fmt.Errorf("%w: more than %d regions", ErrFile, math.MaxUint16)
			}
			i = uint16(len(r.places))
			where = place{strings.Clone(where.country), strings.Clone(where.region)} // not the whole line
			r.places, seen[where] = append(r.places, where), i
		}
		r.table.Insert(prefix, i)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	if r.table.Size() == 0 {
		return nil, fmt.Errorf("%w: %w", ErrFile, errors.New("no prefix in it"))
	}
	return r, nil
}

func parseRelayLine(line string) (netip.Prefix, place, error) {
	text, rest, _ := strings.Cut(line, ",")
	country, rest, _ := strings.Cut(rest, ",")
	region, _, _ := strings.Cut(rest, ",")
	prefix, err := parsePrefix(text)
	if err != nil {
		return prefix, place{}, err
	}
	if a := prefix.Addr(); a.Is4() && prefix.Bits() < minRelayBits4 || a.Is6() && prefix.Bits() < minRelayBits6 {
		return prefix, place{}, fmt.Errorf("prefix %s is too wide for a relay", prefix)
	}
	if country != "" && !isCountry(country) {
		return prefix, place{}, fmt.Errorf("country %q is not two letters", country)
	}
	// Apple writes US-CA, Fastly CA.
	return prefix, place{country, strings.TrimPrefix(region, country+"-")}, nil
}

// Prefixes returns the number of prefixes.
func (r *Relay) Prefixes() int {
	if r == nil {
		return 0
	}
	return r.table.Size()
}

// lookup returns the place of an address, and whether it is the relay's.
func (r *Relay) lookup(a netip.Addr) (place, bool) {
	if r == nil {
		return place{}, false
	}
	i, ok := r.table.Lookup(a.Unmap())
	if !ok {
		return place{}, false
	}
	return r.places[i], true
}
