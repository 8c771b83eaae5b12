package networks

import (
	"cmp"
	"errors"
	"io/fs"
	"net/netip"
	"path/filepath"
	"time"

	"glint/edge/classify"
	"glint/edge/pixel"
)

// Lists are the downloaded sources. Nil parts are empty.
type Lists struct {
	Relay *Relay
	ASNs  *ASNs
}

// ReadLists reads the lists that `glint networks update` has stored in glint's
// home. A missing list is not an error.
func ReadLists(home string) (Lists, error) {
	relay, err := LoadRelay(RelayFile(home))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Lists{}, err
	}
	asns, err := openASNsIfThere(ASNFile(home))
	return Lists{Relay: relay, ASNs: asns}, err
}

// ASNFile returns the path of the list of AS numbers in glint's home.
func ASNFile(home string) string { return filepath.Join(home, "networks", "asn.csv") }

// openASNsIfThere is OpenASNs, but returns nil for a missing file.
func openASNsIfThere(path string) (*ASNs, error) {
	d, err := OpenASNs(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return d, err
}

// RelayFile returns the path of Apple's list in glint's home.
func RelayFile(home string) string { return filepath.Join(home, "networks", "apple-relay.csv") }

// Book combines all sources. Its zero value is empty. It is safe for concurrent
// use.
type Book struct {
	Operator *Table
	Lists
}

// Lookup returns the facts about an address; Known is false if there are none.
// The operator's table comes first, then Apple's list of its own addresses,
// then the database: each adds the facts that the previous ones lack. ListDate
// is the date of the source of the network or, without a network, of the AS
// number.
func (b *Book) Lookup(a netip.Addr) pixel.Network {
	n := b.Operator.Lookup(a)
	if n.Known {
		n.ListDate = day(b.Operator.WrittenAt)
	}
	if n.Name == "" && n.ProxyType == "" && n.ProxyDescription == "" {
		if at, ok := b.Relay.lookup(a); ok {
			n.Known, n.Name, n.ListDate = true, classify.NetworkRelay, day(b.Relay.TakenAt)
			if n.Country == "" {
				n.Country, n.Region = at.country, at.region
			}
		}
	}
	if rec, ok := b.ASNs.lookup(a); ok {
		if !n.Known {
			n.Known, n.ListDate = true, day(b.ASNs.BuiltAt)
		}
		n.ASNumber = cmp.Or(n.ASNumber, rec.Number)
		if n.Country == "" {
			n.Country, n.Region = rec.Country.Code, rec.region()
		}
	}
	return n
}

// day truncates a time to its day in UTC; zero stays zero.
func day(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(24 * time.Hour)
}

// Name returns the network of an address whose CDN proxy fields are known: the
// proxy fields come first, then the address and the lists. `glint classify`
// uses it for input without a network.
func (b *Book) Name(proxyType, proxyDescription string, a netip.Addr) string {
	name := classify.Network(proxyType, proxyDescription, a)
	if name != classify.NetworkUnknown {
		return name
	}
	n := b.Lookup(a)
	if n.Name != "" {
		return n.Name
	}
	return classify.Network(n.ProxyType, n.ProxyDescription, a)
}
