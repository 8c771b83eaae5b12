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

// Lists are the sources that come from others. Nil parts know nothing.
type Lists struct {
	Relay *Relay
	ASNs  *ASNs
}

// ReadLists reads those that `glint networks update` has put into glint's own
// folder. A list that is not there is no error.
func ReadLists(home string) (Lists, error) {
	relay, err := LoadRelay(RelayFile(home))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Lists{}, err
	}
	asns, err := openASNsIfThere(ASNFile(home))
	return Lists{Relay: relay, ASNs: asns}, err
}

// ASNFile is where the list of AS numbers is kept in glint's own folder.
func ASNFile(home string) string { return filepath.Join(home, "networks", "asn.csv") }

// openASNsIfThere is OpenASNs, for which no list is an empty one.
func openASNsIfThere(path string) (*ASNs, error) {
	d, err := OpenASNs(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return d, err
}

// RelayFile is where Apple's list is kept in glint's own folder.
func RelayFile(home string) string { return filepath.Join(home, "networks", "apple-relay.csv") }

// Book asks all sources. Its zero value knows nothing. It is safe for
// concurrent use.
type Book struct {
	Operator *Table
	Lists
}

// Lookup returns the facts about an address; Known is false without any. The operator's
// table comes first, then Apple's list of its own addresses, then the database: each
// fills in what the ones before leave open. ListDate is the date of the source of the
// network or, without one, of the AS number.
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

// day is the day of a time in UTC, zero for none.
func day(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(24 * time.Hour)
}

// Name returns the network of an address for which the proxy fields of a CDN
// are known: they decide, then the address and the lists. It is what `glint
// classify` takes where its input has no network.
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
