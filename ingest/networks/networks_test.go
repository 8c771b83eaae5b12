package networks

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/edge/pixel"
)

const header = "prefix,network,as_number,proxy_type,proxy_description,country\n"

func read(t *testing.T, text string) *Table {
	t.Helper()
	table, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestReadTakesEveryColumn(t *testing.T) {
	want := pixel.Network{
		Known: true, Name: "scanner:acme", ASNumber: 4294967295, ProxyType: "hosting", ProxyDescription: "cloud", Country: "DE",
	}
	for name, text := range map[string]string{
		"in order":           header + "192.0.2.0/24,scanner:acme,4294967295,hosting,cloud,DE\n",
		"in another order":   "country,proxy_description,proxy_type,as_number,network,prefix\nDE,cloud,hosting,4294967295,scanner:acme,192.0.2.0/24\n",
		"with blanks":        " prefix , network,as_number,proxy_type,proxy_description,country\n 192.0.2.0/24 , scanner:acme , 4294967295,hosting , cloud, DE \n",
		"quoted":             header + "\"192.0.2.0/24\",\"scanner:acme\",4294967295,hosting,cloud,\"de\"\r\n",
		"from a spreadsheet": "\ufeff" + header + "192.0.2.0/24,scanner:acme,4294967295,hosting,cloud,DE",
		"host bits":          header + "192.0.2.77/24,scanner:acme,4294967295,hosting,cloud,DE\n",
		"IPv4 mapped":        header + "::ffff:192.0.2.0/120,scanner:acme,4294967295,hosting,cloud,DE\n",
	} {
		t.Run(name, func(t *testing.T) {
			table := read(t, text)
			for _, a := range []string{"192.0.2.9", "::ffff:192.0.2.9"} {
				if diff := cmp.Diff(want, table.Lookup(netip.MustParseAddr(a))); diff != "" {
					t.Errorf("%s: -want +got:\n%s", a, diff)
				}
			}
			if rows := table.Rows(); len(rows) != 1 || rows[0].Prefix.String() != "192.0.2.0/24" || rows[0].Network != want {
				t.Errorf("rows %+v", rows)
			}
		})
	}
}

func TestColumnsMayBeMissing(t *testing.T) {
	table := read(t, "prefix\n192.0.2.1\n2001:db8::/32\n\n")
	for a, known := range map[string]bool{"192.0.2.1": true, "192.0.2.2": false, "2001:db8:1::1": true, "2001:db9::1": false} {
		if got := table.Lookup(netip.MustParseAddr(a)); got != (pixel.Network{Known: known}) {
			t.Errorf("%s: %+v", a, got)
		}
	}
}

func TestTheLongestPrefixCounts(t *testing.T) {
	table := read(t, "prefix,network\n0.0.0.0/0,none\n10.0.0.0/8,hosting\n10.1.2.3,apple_relay\n10.1.0.0/16,scanner:a\n::/0,unknown\n2001:db8::/32,hosting\n2001:db8::1,scanner:b\n")
	for a, want := range map[string]string{
		"1.1.1.1": "none", "10.9.9.9": "hosting", "10.1.9.9": "scanner:a", "10.1.2.3": "apple_relay", "10.1.2.4": "scanner:a",
		"::1": "unknown", "2001:db8::2": "hosting", "2001:db8::1": "scanner:b", "::ffff:10.1.2.3": "apple_relay",
	} {
		if got := table.Lookup(netip.MustParseAddr(a)).Name; got != want {
			t.Errorf("%s: %s, want %s", a, got, want)
		}
	}
}

func TestFaultyFilesNameTheirLine(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "the header row is missing"},
		{"no prefix column", "network\n", "no column prefix"},
		{"an unknown column", "prefix,asn\n", `unknown column "asn"`},
		{"a column twice", "prefix,network,prefix\n", "column prefix is named twice"},
		{"a broken header", "\"prefix\nnetwork\n", "line 2"},
		{"no address", header + "192.0.2.0/24,,,,,\nnonsense,,,,,\n", `line 3: prefix "nonsense"`},
		{"an empty prefix", header + ",,,,,\n", `line 2: prefix ""`},
		{"too many bits", header + "192.0.2.0/33,,,,,\n", "line 2: prefix"},
		{"a zone", header + "fe80::1%eth0,,,,,\n", "line 2: prefix"},
		{"a prefix twice", header + "192.0.2.0/24,,,,,\n192.0.2.9/24,,,,,\n", "line 3: prefix 192.0.2.0/24 is listed twice"},
		{"an unknown network", header + "192.0.2.0/24,vpn,,,,\n", `line 2: network "vpn"`},
		{"a scanner without a name", header + "192.0.2.0/24,scanner:,,,,\n", "line 2: network"},
		{"an invalid AS number", header + "192.0.2.0/24,,AS1,,,\n", `line 2: as_number "AS1"`},
		{"an AS number too large", header + "192.0.2.0/24,,4294967296,,,\n", "line 2: as_number"},
		{"a country's name", header + "192.0.2.0/24,,,,,Germany\n", `line 2: country "GERMANY"`},
		{"too few fields", header + "192.0.2.0/24,,\n", "line 2"},
		{"a bare quote at the beginning", header + "\n1\"92.0.2.0/24,,,,,\n", "line 3"},
		{"a bare quote later", header + "192.0.2.0/24,\"a\"b,,,,\n", "line 2"},
		{"an open quote", header + "192.0.2.0/24,\"a,,,,\n", "line 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.text))
			if !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "networks.csv")
	if err := os.WriteFile(path, []byte("prefix\nx\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	if _, err := Load(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestNothingIsKnownWithoutATable(t *testing.T) {
	var table *Table
	if table.Lookup(netip.MustParseAddr("127.0.0.1")) != (pixel.Network{}) || table.Rows() != nil {
		t.Error("a table of nothing knows something")
	}
	if (&Table{}).Lookup(netip.Addr{}) != (pixel.Network{}) {
		t.Error("an unknown address is known")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(header + "192.0.2.0/24,none,1,?,?,DE\n")
	f.Add("prefix\n\"a\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := Read(strings.NewReader(text))
		if (err == nil) == (table == nil) {
			t.Fatalf("%v beside %v", table, err)
		}
		if err != nil && !errors.Is(err, ErrFile) {
			t.Fatalf("an error of no kind: %v", err)
		}
		for _, row := range table.Rows() {
			if got := table.Lookup(row.Prefix.Addr()); !got.Known {
				t.Fatalf("%v is not found", row.Prefix)
			}
		}
	})
}
