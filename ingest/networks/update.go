package networks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"glint/ingest/host/atomicfile"
)

// maxListBytes is the largest list; Apple's has about 10 MB.
const maxListBytes = 64 << 20

// The conditions under which Fetch refuses.
var (
	ErrNotHTTPS  = errors.New("networks: the address is not https")
	ErrRedirect  = errors.New("networks: sent on to another host")
	ErrTooLarge  = fmt.Errorf("networks: the list is larger than %d MB", maxListBytes>>20)
	ErrNotServed = errors.New("networks: the list was not served")
)

// Fetch downloads a list over https. It follows redirects on the same host
// only, and reads at most 64 MB. transport is for tests and may be nil.
func Fetch(ctx context.Context, transport http.RoundTripper, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%w: %s", ErrNotHTTPS, address)
	}
	client := http.Client{
		Transport: transport,
		Timeout:   5 * time.Minute,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Scheme != "https" || r.URL.Host != u.Host || len(via) > 5 {
				return fmt.Errorf("%w: %s", ErrRedirect, r.URL.Host)
			}
			return nil
		},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch list: %w", err)
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("fetch list: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: %s", ErrNotServed, answer.Status)
	}
	return readList(answer.Body)
}

// ReadListFile reads a list from a file, with the same limit as Fetch, and
// returns when the file was written.
func ReadListFile(path string) ([]byte, time.Time, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, time.Time{}, err
	}
	list, err := readList(f)
	return list, info.ModTime(), err
}

func readList(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxListBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read list: %w", err)
	}
	if len(b) > maxListBytes {
		return nil, ErrTooLarge
	}
	return b, nil
}

// ASNURLs are the addresses of a list of AS numbers, for IPv4 and IPv6
// (github.com/sapics/ip-location-db, asn: RouteViews and DB-IP, CC BY 4.0).
func ASNURLs() []string {
	return []string{
		"https://raw.githubusercontent.com/sapics/ip-location-db/main/asn/asn-ipv4.csv",
		"https://raw.githubusercontent.com/sapics/ip-location-db/main/asn/asn-ipv6.csv",
	}
}

// ErrImplausible means that a list is too small to be complete.
var ErrImplausible = errors.New("networks: the list is too small to be whole")

// The smallest plausible size of a downloaded list. Apple's has 300,000
// prefixes, that of AS numbers 400,000 ranges.
const (
	MinRelayPrefixes = 1000
	MinASNRanges     = 20_000
)

// plausible refuses a list with less than half the entries of the current one,
// or fewer than the minimum.
func plausible(entries, before, minimum int) error {
	if entries < minimum || 2*entries < before {
		return fmt.Errorf("%w: %d entries, %d before", ErrImplausible, entries, before)
	}
	return nil
}

// SaveASNs checks a list of AS numbers and stores it in glint's home, like
// SaveRelay. It returns ErrImplausible for a list with less than half the
// current ranges, or fewer than minimum.
func SaveASNs(home string, list []byte, at time.Time, minimum int) (*ASNs, error) {
	checked, err := CheckASNs(list)
	if err != nil {
		return nil, err
	}
	if old, err := OpenASNs(ASNFile(home)); err == nil {
		err = plausible(checked.Ranges(), old.Ranges(), minimum)
		if err != nil {
			return nil, err
		}
	} else if err := plausible(checked.Ranges(), 0, minimum); err != nil {
		return nil, err
	}
	if checked.BuiltAt.IsZero() {
		checked.BuiltAt = at.UTC().Truncate(time.Second)
		list = append([]byte(takenAt+checked.BuiltAt.Format(time.RFC3339)+"\n"), list...)
	}
	return checked, keepList(ASNFile(home), list)
}

// CheckASNs reads list like SaveASNs, without storing it.
func CheckASNs(list []byte) (*ASNs, error) {
	read, err := readRanges(bytes.NewReader(list))
	if err != nil {
		return nil, err
	}
	return &ASNs{BuiltAt: read.takenAt, Kind: "CSV", ranges: read}, nil
}

// keepList writes a list for its owner only.
func keepList(path string, list []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make folder of network lists: %w", err)
	}
	if err := atomicfile.WriteFile(path, list); err != nil {
		return fmt.Errorf("keep network list: %w", err)
	}
	return nil
}

// CheckRelay reads list like SaveRelay, without storing it.
func CheckRelay(list []byte) (*Relay, error) { return ReadRelay(bytes.NewReader(list)) }

// SaveRelay checks list and stores it in glint's home, for its owner only, with
// the time of its download. If the list is invalid, or has less than half the
// current prefixes or fewer than minimum (ErrImplausible), the current one
// stays.
func SaveRelay(home string, list []byte, at time.Time, minimum int) (*Relay, error) {
	relay, err := CheckRelay(list)
	if err != nil {
		return nil, err
	}
	before := 0
	if old, err := LoadRelay(RelayFile(home)); err == nil {
		before = old.Prefixes()
	}
	if err := plausible(relay.Prefixes(), before, minimum); err != nil {
		return nil, err
	}
	if relay.TakenAt.IsZero() { // otherwise the list contains the time of an earlier download
		relay.TakenAt = at.UTC().Truncate(time.Second)
		list = append([]byte(takenAt+relay.TakenAt.Format(time.RFC3339)+"\n"), list...)
	}
	return relay, keepList(RelayFile(home), list)
}
