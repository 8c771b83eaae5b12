package edgetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/edge/event"
	"glint/edge/token"
)

func newRing(t *testing.T) *token.Ring {
	t.Helper()
	r, err := token.NewRing(token.Key{ID: 7, Secret: [token.SecretLen]byte{1, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// stores is the part of a manifest that gives the program its keys and
// configuration.
func stores(t *testing.T, ring *token.Ring, precision string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte(ring.Text()), 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("[[local_server.secret_stores.glint]]\nkey = \"pixel_keys\"\nfile = %q\n\n"+
		"[local_server.config_stores.glint]\nformat = \"inline-toml\"\n[local_server.config_stores.glint.contents]\nip_precision = %q\n\n", path, precision)
}

// The networks of real clients, played by loopback addresses.
var networks = []network{
	{"127.0.2.1", `as_number = 36183` + "\n" + `country_code = "US"` + "\n" + `proxy_type = "consumer-privacy"` + "\n" + `proxy_description = "apple"`},
	{"127.0.2.2", `as_number = 15169` + "\n" + `country_code = "US"` + "\n" + `proxy_type = "hosting"` + "\n" + `proxy_description = "cloud"` + "\n" + `conn_type = "broadband"`},
	{"127.0.2.3", `as_number = 8075` + "\n" + `network = "scanner:eop"`},
	{"127.0.2.4", `as_number = 3320` + "\n" + `country_code = "DE"` + "\n" + `region = "BE"` + "\n" + `proxy_type = "?"` + "\n" + `proxy_description = "?"`},
}

// Requests as real clients send them, and the line that comes out.
var realClients = []struct {
	name, from, headers string
	want                event.Event
}{
	{
		"Apple's privacy prefetch", "127.0.2.1", "User-Agent: Mozilla/5.0\r\nAccept: */*\r\n",
		event.Event{
			UserAgent: "Mozilla/5.0", Network: "apple_relay", ASNumber: 36183, Country: "US", ProxyType: "consumer-privacy", ProxyDescription: "apple",
			Headers: []event.Header{{Name: "accept", Value: "*/*"}},
		},
	},
	{
		"Gmail's proxy", "127.0.2.2",
		"Accept-Encoding: gzip, deflate, br\r\nUser-Agent: Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)\r\n",
		event.Event{
			UserAgent: "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
			Network:   "hosting", ASNumber: 15169, Country: "US", ProxyType: "hosting", ProxyDescription: "cloud", ConnectionType: "broadband",
			Headers: []event.Header{{Name: "accept-encoding", Value: "gzip, deflate, br"}},
		},
	},
	{
		"a security scanner", "127.0.2.3", "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64)\r\nVia: 1.1 gateway\r\nX-Forwarded-For: 198.51.100.1\r\n",
		event.Event{
			UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", Network: "scanner:eop", ASNumber: 8075,
			Headers: []event.Header{{Name: "via", Value: "1.1 gateway"}, {Name: "x-forwarded-for"}},
		},
	},
	{
		"webmail in a browser", "127.0.2.4",
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\nReferer: https://Mail.Example/inbox\r\n" +
			"Sec-Fetch-Dest: image\r\nSEC-FETCH-MODE: no-cors\r\nsec-fetch-site: cross-site\r\nAccept-Language: de\r\n",
		event.Event{
			UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", RefererHost: "mail.example",
			Network: "none", ASNumber: 3320, Country: "DE", Region: "BE", ProxyType: "?", ProxyDescription: "?",
			Headers: []event.Header{
				{Name: "accept-language", Value: "de"},
				{Name: "sec-fetch-dest", Value: "image"},
				{Name: "sec-fetch-mode", Value: "no-cors"},
				{Name: "sec-fetch-site", Value: "cross-site"},
			},
		},
	},
	{
		"a browser that asks for privacy", "127.0.2.5", "DNT: 1\r\nSec-GPC: 1\r\nCookie: private\r\nSec-CH-UA-Mobile: ?0\r\nUpgrade-Insecure-Requests: 1\r\n",
		event.Event{Network: "unknown", Headers: []event.Header{
			{Name: "dnt", Value: "1"},
			{Name: "sec-gpc", Value: "1"},
			{Name: "cookie"},
			{Name: "upgrade-insecure-requests", Value: "1"},
			{Name: "sec-ch-ua-mobile", Value: "?0"},
		}},
	},
	{"a network that nobody knows", "127.0.2.5", "", event.Event{Network: "unknown"}},
	{
		"a bot that the platform knows", "127.0.2.5",
		"x-fastly-bot-analyzed: true\r\nx-fastly-bot-detected: true\r\nx-fastly-bot-name: ExampleBot\r\nx-fastly-bot-category: PAGE-PREVIEW\r\nx-fastly-bot-verified: true\r\n",
		event.Event{Network: "unknown", BotDetection: event.BotVerified, BotName: "ExampleBot", BotCategory: "PAGE-PREVIEW"},
	},
	{
		"a bot without a name", "127.0.2.5", "x-fastly-bot-analyzed: true\r\nx-fastly-bot-detected: true\r\n",
		event.Event{Network: "unknown", BotDetection: event.BotDetected},
	},
	{
		"no bot", "127.0.2.5", "x-fastly-bot-analyzed: true\r\n",
		event.Event{Network: "unknown", BotDetection: event.BotNone},
	},
}

func TestFactsOfRealClientsComeOutAsTheyAre(t *testing.T) {
	ring := newRing(t)
	signed, err := ring.Sign(token.Token{Campaign: 1})
	if err != nil {
		t.Fatal(err)
	}
	e := start(t, program(t), stores(t, ring, "full")+geolocation(networks...))
	for i, c := range realClients {
		t.Run(c.name, func(t *testing.T) {
			if wrong := newClient(t, e.address, c.from).get("/o/"+signed+".gif", c.headers).wrongWith("GET", "/o/x.gif"); wrong != "" {
				t.Fatal(wrong)
			}
			want := c.want
			want.Version, want.Kind, want.Token, want.TokenStatus = event.Version, event.KindToken, signed, event.TokenValid
			want.Method, want.Protocol, want.IP, want.Edge = "GET", "HTTP/1.1", c.from, "compute"
			if diff := cmp.Diff(want, facts(t, e, i)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// facts waits for line i and returns it without what differs from run to run,
// after a look at that.
func facts(t *testing.T, e *emulator, i int) event.Event {
	t.Helper()
	waitFor(t, "the line", func() bool { return len(e.logged("opens")) > i })
	var ev event.Event
	err := ev.Parse(e.logged("opens")[i])
	if err != nil || ev.Check() != nil {
		t.Fatalf("%v", err)
	}
	if ev.POP == "" || ev.ServiceVersion == "" || ev.SandboxRequest == 0 {
		t.Errorf("POP %q, service version %q, request %d", ev.POP, ev.ServiceVersion, ev.SandboxRequest)
	}
	ev.POP, ev.ServiceVersion, ev.SandboxRequest = "", "", 0
	ev.ID, ev.OpenedAt = event.ID{}, event.Event{}.OpenedAt
	return ev
}

// The paths that pixel's tests read, asked of the compiled program.
func TestMangledURLsAreOpensInTheProgram(t *testing.T) {
	ring := newRing(t)
	signed, err := ring.Sign(token.Token{Campaign: 0xfbefbefbefbefbef})
	if err != nil {
		t.Fatal(err)
	}
	const id = "0a1b2c3d-4e5f-8677-a899-aabbccddeeff"
	table, err := os.ReadFile(filepath.Join("..", "pixel", "testdata", "mangled_paths.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	coded := strings.NewReplacer("-", "%2D", "_", "%5F")
	fill := strings.NewReplacer("{T}", signed, "{T%}", coded.Replace(signed), "{U}", id, "{U%}", coded.Replace(id), "{u}", strings.ReplaceAll(id, "-", ""))
	e := start(t, program(t), stores(t, ring, "full"))
	client, n := newClient(t, e.address, ""), 0
	for line := range strings.Lines(string(table)) {
		name, path, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok || name[0] == '#' {
			continue
		}
		path = fill.Replace(path)
		if wrong := client.get(path, "").wrongWith("GET", path); wrong != "" {
			t.Fatalf("%s: %s", name, wrong)
		}
		ev := facts(t, e, n)
		n++
		want := event.Event{Kind: event.KindToken, Token: signed, TokenStatus: event.TokenValid}
		if strings.Contains(name, "uuid") {
			want = event.Event{Kind: event.KindUUID, Token: id, TokenStatus: event.TokenUnchecked}
		}
		if got := (event.Event{Kind: ev.Kind, Token: ev.Token, TokenStatus: ev.TokenStatus}); !cmp.Equal(want, got) {
			t.Errorf("%s: %s gives %+v", name, path, got)
		}
		if ev.Path != path && ev.Path != "" {
			t.Errorf("%s: path %s, want %s", name, ev.Path, path)
		}
	}
	if n < 40 {
		t.Errorf("%d paths", n)
	}
}

func TestStoresDecideWhatIsCheckedAndKept(t *testing.T) {
	ring := newRing(t)
	signed, err := ring.Sign(token.Token{Campaign: 1})
	if err != nil {
		t.Fatal(err)
	}
	forged := "E" + strings.Repeat("A", token.TextLen-1)
	for _, c := range []struct {
		name, manifest, token, ip string
		status                    event.TokenStatus
	}{
		{"no stores", "", signed, "127.0.2.0", event.TokenUnchecked},
		{"keys and whole addresses", stores(t, ring, "full"), signed, "127.0.2.9", event.TokenValid},
		{"keys and a forged token", stores(t, ring, "none"), forged, "", event.TokenBad},
		{"an unknown precision", stores(t, ring, "exact"), signed, "127.0.2.0", event.TokenValid},
		{"no key in the ring", stores(t, &token.Ring{}, ""), signed, "127.0.2.0", event.TokenBad},
		{"a faulty ring", strings.ReplaceAll(stores(t, ring, ""), "file = ", "data = "), signed, "127.0.2.0", event.TokenUnchecked},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := start(t, program(t), c.manifest)
			newClient(t, e.address, "127.0.2.9").get("/o/"+c.token+".png", "")
			if ev := facts(t, e, 0); ev.TokenStatus != c.status || ev.IP != c.ip {
				t.Errorf("token %s, address %q", ev.TokenStatus, ev.IP)
			}
		})
	}
}

// In this build the program traps where it would look up the network, which is
// after it closed the image.
func TestProgramThatTrapsAfterCloseHasSentItsImage(t *testing.T) {
	flags := makeFlags(t)
	for i, flag := range flags {
		flags[i] = strings.Replace(flag, "fastlyinternalsetparseuri", "fastlyinternalsetparseuri,glinttrap", 1)
	}
	e := start(t, tinygo(t, "./edge", flags...), "")
	for range 10 {
		if wrong := newClient(t, e.address, "").get("/o/x.gif", "").wrongWith("GET", "/o/x.gif"); wrong != "" {
			t.Fatal(wrong)
		}
	}
	waitFor(t, "the emulator to report the trap", func() bool { return strings.Contains(e.said(t), "trap") })
	if lines := e.logged("opens"); len(lines) != 0 {
		t.Errorf("%d lines: the program has not trapped", len(lines))
	}
}
