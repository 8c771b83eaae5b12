package networks

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"glint/edge/pixel"
)

// asnDatabase is a tiny database.
func asnDatabase(t *testing.T) []byte {
	t.Helper()
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test-ASN", BuildEpoch: 1_700_000_000, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for prefix, record := range map[string]mmdbtype.Map{
		"203.0.113.0/24":    {"autonomous_system_number": mmdbtype.Uint32(64496), "autonomous_system_organization": mmdbtype.String("Example")},
		"172.224.226.0/24":  {"autonomous_system_number": mmdbtype.Uint32(36183), "country": mmdbtype.Map{"iso_code": mmdbtype.String("US")}},
		"2a00:1450::/32":    {"country": mmdbtype.Map{"iso_code": mmdbtype.String("FR")}, "subdivisions": mmdbtype.Slice{mmdbtype.Map{"iso_code": mmdbtype.String("IDF")}}},
		"198.51.100.128/25": {"autonomous_system_number": mmdbtype.String("damaged")},
	} {
		_, network, err := net.ParseCIDR(prefix)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Insert(network, record); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// asns opens it.
func asns(t *testing.T) *ASNs {
	t.Helper()
	path := filepath.Join(t.TempDir(), "asn.mmdb")
	if err := os.WriteFile(path, asnDatabase(t), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := OpenASNs(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The dates of the sources: the database's is in its metadata.
var (
	writtenAt   = time.Date(2026, 7, 1, 23, 59, 59, 0, time.UTC)
	listTakenAt = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	ofTable     = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	ofRelay     = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	ofASNs      = time.Date(2023, 11, 14, 0, 0, 0, 0, time.UTC)
)

func fullBook(t *testing.T) *Book {
	b := &Book{
		Operator: read(t, header+"172.224.226.16/28,none,,,,\n203.0.113.128/25,,,hosting,cloud,\n203.0.113.77,scanner:a,1,,,IT\n10.0.0.0/8,,,,,\n"),
		Lists:    Lists{Relay: relay(t, appleList), ASNs: asns(t)},
	}
	b.Operator.WrittenAt, b.Relay.TakenAt = writtenAt, listTakenAt
	return b
}

func TestTheSurerSourceGoesFirst(t *testing.T) {
	book := fullBook(t)
	for _, c := range []struct {
		name, addr string
		want       pixel.Network
	}{
		{"nobody knows it", "8.8.8.8", pixel.Network{}},
		{"the database alone", "203.0.113.5", pixel.Network{Known: true, ASNumber: 64496, ListDate: ofASNs}},
		{"its country and region", "2a00:1450::1", pixel.Network{Known: true, Country: "FR", Region: "IDF", ListDate: ofASNs}},
		{"an IPv4 address mapped", "::ffff:203.0.113.5", pixel.Network{Known: true, ASNumber: 64496, ListDate: ofASNs}},
		{"a damaged record", "198.51.100.200", pixel.Network{}},
		{"the relay, with its own place", "172.224.226.1", pixel.Network{Known: true, Name: "apple_relay", ASNumber: 36183, Country: "GB", Region: "EN", ListDate: ofRelay}},
		{"the operator says network none", "172.224.226.17", pixel.Network{Known: true, Name: "none", ASNumber: 36183, Country: "US", ListDate: ofTable}},
		{"the operator's proxy fields", "203.0.113.200", pixel.Network{Known: true, ProxyType: "hosting", ProxyDescription: "cloud", ASNumber: 64496, ListDate: ofTable}},
		{"all of it from the operator", "203.0.113.77", pixel.Network{Known: true, Name: "scanner:a", ASNumber: 1, Country: "IT", ListDate: ofTable}},
		{"a row of the operator that says nothing", "10.1.1.1", pixel.Network{Known: true, ListDate: ofTable}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, book.Lookup(netip.MustParseAddr(c.addr))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAnEmptyBookKnowsNothing(t *testing.T) {
	var book Book
	for _, a := range []netip.Addr{{}, netip.MustParseAddr("127.0.0.1")} {
		if got := book.Lookup(a); got != (pixel.Network{}) {
			t.Errorf("%v: %+v", a, got)
		}
	}
	if got := fullBook(t).Lookup(netip.Addr{}); got != (pixel.Network{}) {
		t.Errorf("an unknown address: %+v", got)
	}
}

func TestProxyFieldsDecideThenTheLists(t *testing.T) {
	book := fullBook(t)
	for _, c := range []struct{ name, proxyType, description, addr, want string }{
		{"the fields say relay", "consumer-privacy", "apple", "8.8.8.8", "apple_relay"},
		{"the fields say hosting, the list relay", "hosting", "cloud", "172.224.226.1", "hosting"},
		{"no fields, the list says relay", "", "", "172.224.226.1", "apple_relay"},
		{"no fields, the operator says none", "", "", "172.224.226.17", "none"},
		{"no fields, the operator's fields", "", "", "203.0.113.200", "hosting"},
		{"no fields, a certain scanner", "", "", "40.107.1.1", "scanner:microsoft-365-protection"},
		{"no fields, nobody knows", "", "", "8.8.8.8", "unknown"},
		{"nothing at all", "", "", "", "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr, _ := netip.ParseAddr(c.addr) // zero for ""
			if got := book.Name(c.proxyType, c.description, addr); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestDatabaseTellsWhatItIs(t *testing.T) {
	if d := asns(t); d.Kind != "Test-ASN" || d.BuiltAt.Unix() != 1_700_000_000 {
		t.Errorf("%+v", d)
	}
	path := filepath.Join(t.TempDir(), "no.mmdb")
	if err := os.WriteFile(path, []byte("not a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, path + ".missing", t.TempDir()} {
		if _, err := OpenASNs(p); !errors.Is(err, ErrDatabase) {
			t.Errorf("%v", err)
		}
	}
}
