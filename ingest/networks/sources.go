package networks

import (
	"errors"
	"io/fs"
	"net/netip"
	"time"

	"glint/edge/pixel"
	"glint/ingest/host/reload"
)

// The names of the sources, in logs and metrics.
const (
	SourceOperator = "operator"
	SourceRelay    = "apple_relay"
	SourceASNs     = "asn_db"
)

// Files are the paths of the sources; an empty path means no such source.
type Files struct {
	Operator string // --networks
	Home     string // glint's own folder with the lists of `glint networks`
	ASNs     string // --asn-db; empty: the list in Home
}

// Sources are the lists of a running pixel: each follows its file, and is
// replaced as a whole. A file that is faulty, and one of the operator's that is
// missing, leaves the list that was there. The lists in Home may come later, and go.
//
// A look-up checks whether the files have changed, once a second at the most. It is
// safe for concurrent use.
type Sources struct {
	operator func() *Table
	relay    func() *Relay
	asns     func() *ASNs
}

// OpenSources reads the files; all that the operator names must be sound, and a
// fault of Apple's list, which is glint's own file, is none of the start. Where no file
// of the operator's is named, fixed, which may be nil, is the operator's table.
// notify, which may be nil, is called with each source that was taken anew, and with
// each fault that kept the old one.
func OpenSources(files Files, fixed *Table, notify func(source string, fault error)) (*Sources, error) {
	return openSources(files, fixed, notify, nil)
}

func openSources(files Files, fixed *Table, notify func(string, error), now func() time.Time) (s *Sources, err error) {
	s = &Sources{
		operator: func() *Table { return fixed },
		relay:    func() *Relay { return nil },
		asns:     func() *ASNs { return nil },
	}
	options := func(source string) reload.Options {
		o := reload.Options{Now: now, MayMiss: source == SourceRelay || source == SourceASNs && files.ASNs == ""}
		if notify != nil {
			o.Changed = func() { notify(source, nil) }
			o.Fault = func(err error) { notify(source, err) }
		}
		return o
	}
	if path := files.Operator; path != "" {
		if s.operator, err = follow(options(SourceOperator), path, Load); err != nil {
			return nil, err
		}
	}
	if files.Home != "" {
		path := RelayFile(files.Home)
		s.relay = reload.OpenOr(options(SourceRelay), nil, func() (*Relay, error) { return loadRelayIfThere(path) }, path).Get
	}
	switch {
	case files.ASNs != "":
		if s.asns, err = follow(options(SourceASNs), files.ASNs, OpenASNs); err != nil {
			return nil, err
		}
	case files.Home != "":
		if s.asns, err = follow(options(SourceASNs), ASNFile(files.Home), openASNsIfThere); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func follow[T any](o reload.Options, path string, load func(path string) (T, error)) (get func() T, err error) {
	value, err := reload.Open(o, func() (T, error) { return load(path) }, path)
	if err != nil {
		return nil, err
	}
	return value.Get, nil
}

// loadRelayIfThere is LoadRelay, for which no list is an empty one.
func loadRelayIfThere(path string) (*Relay, error) {
	r, err := LoadRelay(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return r, err
}

// Book returns the lists as they are now.
func (s *Sources) Book() *Book {
	return &Book{Operator: s.operator(), Lists: Lists{Relay: s.relay(), ASNs: s.asns()}}
}

// Lookup is that of the Book.
func (s *Sources) Lookup(a netip.Addr) pixel.Network { return s.Book().Lookup(a) }

// Dates returns when each source was taken, built or written, by its name.
// Sources that are not there, or do not know it, are missing.
func (b *Book) Dates() map[string]time.Time {
	dates := map[string]time.Time{}
	if b.Operator != nil && !b.Operator.WrittenAt.IsZero() {
		dates[SourceOperator] = b.Operator.WrittenAt
	}
	if b.Relay != nil {
		dates[SourceRelay] = b.Relay.TakenAt
	}
	if b.ASNs != nil {
		dates[SourceASNs] = b.ASNs.BuiltAt
	}
	return dates
}
