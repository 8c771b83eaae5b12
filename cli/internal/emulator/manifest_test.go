package emulator

import (
	"strings"
	"testing"

	"glint/ingest/networks"
)

func TestTheManifestHasSingleAddressesOnlyAndCountsTheOthers(t *testing.T) {
	table, err := networks.Read(strings.NewReader("prefix,network\n127.0.2.1,none\n127.0.3.0/24,hosting\n::1/128,scanner:a\n::/64,hosting\n"))
	if err != nil {
		t.Fatal(err)
	}
	manifest := string(renderManifest(&Config{Networks: table}))
	for _, want := range []string{`addresses."127.0.2.1"]`, `network = "none"`, `addresses."::1"]`, `network = "scanner:a"`} {
		if !strings.Contains(manifest, want) {
			t.Errorf("no %s in\n%s", want, manifest)
		}
	}
	if strings.Contains(manifest, "hosting") || TooWide(table) != 2 || TooWide(nil) != 0 {
		t.Errorf("%d rows are too wide; the manifest is\n%s", TooWide(table), manifest)
	}
}
