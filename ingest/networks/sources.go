package networks

import (
	"errors"
	"io/fs"
	"net/netip"
	"time"

	"glint/edge/pixel"
	"glint/ingest/host/reload"
)

// The names of the sources in logs and metrics.
const (
	SourceOperator = "operator"
	SourceRelay    = "apple_relay"
	SourceASNs     = "asn_db"
)

// Files are the paths of the sources; empty: no such source.
type Files struct {
	Operator string // --networks
	Home     string // glint's home with the lists of `glint networks`
	ASNs     string // --asn-db; empty: the list in Home
}

// Sources are the lists of a running pixel: each is reloaded as a whole when
// its file changes. If a file is invalid, or a file of the operator is missing,
// the previous list stays. The lists in Home may appear later and disappear.
//
// A look-up checks at most once a second whether the files have changed. It is
// safe for concurrent use.
type Sources struct {
	operator func() *Table
	relay    func() *Relay
	asns     func() *ASNs
}

// OpenSources reads the files. Files named by the operator must be valid; an
// error in Apple's list, glint's own file, does not prevent the start. If the
// operator names no file, fixed, which may be nil, is the operator's table.
// notify, unless nil, is called with each reloaded source, and with each error
// after which the old one stays.
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

// loadRelayIfThere is LoadRelay, but returns nil for a missing file.
func loadRelayIfThere(path string) (*Relay, error) {
	r, err := LoadRelay(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return r, err
}

// Book returns the current lists.
func (s *Sources) Book() *Book {
	return &Book{Operator: s.operator(), Lists: Lists{Relay: s.relay(), ASNs: s.asns()}}
}

// Lookup is Book.Lookup.
func (s *Sources) Lookup(a netip.Addr) pixel.Network { return s.Book().Lookup(a) }

// Dates returns when each source was downloaded, built or written, by name.
// Missing sources, and sources without a date, are absent.
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
