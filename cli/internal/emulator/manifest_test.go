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

func TestTheManifestHasWhatTheServiceHas(t *testing.T) {
	cfg := Config{Ingest: "http://127.0.0.1:1", KeysFile: "/k", Web: Web{EventsToken: "t", VisitorSecret: "s\"q"}}
	if err := cfg.Web.Sites.Add("docs=https://a.example,https://b.example"); err != nil {
		t.Fatal(err)
	}
	manifest := string(renderManifest(&cfg))
	for _, want := range []string{
		"sites = \"docs=https://a.example,https://b.example\\u000a\"", "[local_server.backends.ingest]\nurl = \"http://127.0.0.1:1\"",
		"key = \"pixel_keys\"\nfile = \"/k\"", "key = \"events_token\"\ndata = \"t\"", "key = \"visitor_secret\"\ndata = \"s\\\"q\"",
	} {
		if !strings.Contains(manifest, want) {
			t.Errorf("no %s in\n%s", want, manifest)
		}
	}
	bare := string(renderManifest(&Config{}))
	for _, absent := range []string{"sites", "backends", "secret_stores"} {
		if strings.Contains(bare, absent) {
			t.Errorf("%s in\n%s", absent, bare)
		}
	}
}
