package networks

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAListOfASNumbersIsRead(t *testing.T) {
	for name, list := range map[string]string{
		"ranges":               "1.0.0.0,1.0.0.255,13335,\"Cloudflare, Inc.\"\n8.8.8.0,8.8.8.255,15169,Google LLC\n2001:4860::,2001:4860:ffff:ffff:ffff:ffff:ffff:ffff,15169,Google LLC\n",
		"prefixes":             "1.0.0.0/24,13335,Cloudflare\n8.8.8.0/24,15169\n2001:4860::/32,AS15169,Google\n",
		"a header":             "start_ip,end_ip,asn,name\n8.8.8.0,8.8.8.255,15169,x\n1.0.0.0,1.0.0.255,13335,x\n2001:4860::,2001:4860:ffff:ffff:ffff:ffff:ffff:ffff,15169,x\n",
		"a mark, CRLF, a note": "\ufeff# note\r\n1.0.0.0/24,13335\r\n8.8.8.0/24,15169\r\n2001:4860::/32,15169\r\n",
		"one in another":       "8.0.0.0,8.255.255.255,3356,Lumen\n8.8.8.0/24,15169\n8.8.8.0/23,1\n1.0.0.0/24,13335\n2001::/16,6939\n2001:4860::/32,15169\n",
		"a date":               "# taken_at 2026-11-01T00:00:00Z\n1.0.0.0/24,13335\n8.8.8.0/24,15169\n2001:4860::/32,15169\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "asn.csv")
			if err := os.WriteFile(path, []byte(list), 0o600); err != nil {
				t.Fatal(err)
			}
			d, err := OpenASNs(path)
			if err != nil {
				t.Fatal(err)
			}
			if (name == "a date") != d.BuiltAt.Equal(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) || d.BuiltAt.IsZero() || d.Kind != "CSV" {
				t.Errorf("built at %v, %s", d.BuiltAt, d.Kind)
			}
			book := Book{Lists: Lists{ASNs: d}}
			for address, want := range map[string]uint32{
				"1.0.0.0": 13335, "1.0.0.255": 13335, "8.8.8.8": 15169, "::ffff:8.8.8.8": 15169, "2001:4860:1::1": 15169, "0.255.255.255": 0, "1.0.1.0": 0, "2002::": 0, "255.255.255.255": 0,
			} {
				if got := book.Lookup(netip.MustParseAddr(address)); got.ASNumber != want || got.Known != (want != 0) {
					t.Errorf("%s is of AS %d, want %d", address, got.ASNumber, want)
				}
			}
		})
	}
}

// TestEveryAddressOfAListIsTheNarrowestRanges compares with a search of all rows.
func TestEveryAddressOfAListIsTheNarrowestRanges(t *testing.T) {
	var text strings.Builder
	for i := range 300 {
		bits := 8 + i*7%17
		a := netip.AddrFrom4([4]byte{byte(10 + i%3), byte(i * 37), byte(i * 11), 0})
		p, _ := a.Prefix(bits)
		fmt.Fprintf(&text, "%s,%d\n", p, i+1)
	}
	r, err := readRanges(strings.NewReader(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20_000 {
		a := netip.AddrFrom4([4]byte{byte(9 + i%5), byte(i * 13), byte(i * 7), byte(i)})
		var best *asRange
		for k := range r.rows {
			if row := &r.rows[k]; !a.Less(row.first) && !row.last.Less(a) && (best == nil || !row.first.Less(best.first) && !best.last.Less(row.last)) {
				best = row
			}
		}
		want := uint32(0)
		if best != nil {
			want = best.number
		}
		if got := r.lookup(a); got != want {
			t.Fatalf("%s is of AS %d, want %d", a, got, want)
		}
	}
}

func TestWhatIsNoListOfASNumbersIsRefused(t *testing.T) {
	for _, list := range []string{
		"", "<html></html>\n", "1.0.0.0,1.0.0.255\n", "1.0.0.255,1.0.0.0,1\n", "1.0.0.0,2001::,1\n", "1.0.0.0/24,x\n", "1.0.0.0/24,4294967296\n", "1.0.0.0/24\n", "1.0.0.0/24,1\nnonsense\n",
	} {
		if _, err := CheckASNs([]byte(list)); !errors.Is(err, ErrFile) {
			t.Errorf("%q: %v", list, err)
		}
	}
}

func TestAListThatShrinksByHalfIsRefused(t *testing.T) {
	home := t.TempDir()
	list := func(n int) []byte {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "10.%d.%d.0/24,%d\n", i>>8, i&255, i+1)
		}
		return []byte(b.String())
	}
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	if _, err := SaveASNs(home, list(9), at, 10); !errors.Is(err, ErrImplausible) {
		t.Errorf("below the minimum: %v", err)
	}
	for _, c := range []struct {
		n    int
		want error
	}{{100, nil}, {50, nil}, {24, ErrImplausible}, {40, nil}} {
		if _, err := SaveASNs(home, list(c.n), at, 10); !errors.Is(err, c.want) {
			t.Errorf("%d ranges: %v", c.n, err)
		}
	}
	lists, err := ReadLists(home)
	if err != nil || lists.ASNs.Ranges() != 40 || !lists.ASNs.BuiltAt.Equal(at) {
		t.Errorf("%+v, %v", lists.ASNs, err)
	}
	relay := func(n int) []byte { return []byte(strings.ReplaceAll(string(list(n)), "/24,", "/24,DE,DE-BE,") + "") }
	if _, err := SaveRelay(home, relay(100), at, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := SaveRelay(home, relay(49), at, 10); !errors.Is(err, ErrImplausible) {
		t.Errorf("half of Apple's list: %v", err)
	}
	if r, err := LoadRelay(RelayFile(home)); err != nil || r.Prefixes() != 100 {
		t.Errorf("%v, %v", r.Prefixes(), err)
	}
}
