package e2e_test

import (
	"bytes"
	"context"
	"image/gif"
	"image/png"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// networksCSV plays the networks of the world by loopback addresses.
const networksCSV = `prefix,network,as_number,proxy_type,proxy_description,country
127.0.2.1,none,3320,,,DE
127.0.2.2,none,15169,,,US
127.0.2.3,,36183,consumer-privacy,apple,US
127.0.2.4,scanner:eop,8075,,,US
127.0.2.5,,16509,hosting,cloud,US
127.0.2.6,none,36646,,,US
`

func writeNetworks(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "networks.csv")
	if err := os.WriteFile(path, []byte(networksCSV), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fetcher is a kind of client with the class that its requests must get.
type fetcher struct {
	name      string
	address   string
	method    string
	userAgent string
	headers   map[string]string
	class     string
	apple     bool // Apple's privacy prefetch
}

// The user agents are the ones that these clients and proxies send; the sources
// are the vendors' pages and the tests of ua-parser/uap-core and yauaa.
var fetchers = []fetcher{
	{name: "Gmail proxy", address: "127.0.2.2", class: "proxy_human", userAgent: "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"},
	{name: "Gmail prefetch", address: "127.0.2.2", class: "machine_prefetch", userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"},
	{name: "Yahoo proxy", address: "127.0.2.6", class: "proxy_human", userAgent: "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"},
	{name: "Apple prefetch", address: "127.0.2.3", class: "machine_prefetch", apple: true, userAgent: "Mozilla/5.0"},
	{name: "Outlook", address: "127.0.2.1", class: "human_direct", userAgent: "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; Microsoft Outlook 16.0.5056; ms-office; MSOffice 16)"},
	{name: "Thunderbird", address: "127.0.2.1", class: "human_direct", userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0"},
	{name: "iPhone Mail", address: "127.0.2.1", class: "human_direct", userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"},
	{
		name: "webmail in a browser", address: "127.0.2.1", class: "human_direct",
		userAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
		headers:   map[string]string{"Referer": "https://outlook.live.com/mail/", "Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors", "Accept-Language": "de"},
	},
	{name: "gateway", address: "127.0.2.4", class: "security_scanner", userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"},
	{name: "nameless client", address: "127.0.2.1", class: "unknown", userAgent: "-"},
	{name: "HEAD of a mail client", address: "127.0.2.1", method: "HEAD", class: "not_image", userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.3.0"},
	{
		name: "pixel opened as a page", address: "127.0.2.1", class: "not_image",
		userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
		headers:   map[string]string{"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"},
	},
}

// fetch gets the pixel as f would and checks that it is a picture.
func (f *fetcher) fetch(t testing.TB, url string) {
	t.Helper()
	method := f.method
	if method == "" {
		method = http.MethodGet
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(f.address)}}
	client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, addr)
		},
		DisableKeepAlives:  true,
		DisableCompression: true,
	}}
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", f.userAgent)
	if f.userAgent == "-" {
		r.Header["User-Agent"] = nil // net/http then sends none
	}
	for name, value := range f.headers {
		r.Header.Set(name, value)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s: %v", f.name, err)
	}
	defer func() { _ = answer.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(answer.Body); err != nil {
		t.Fatalf("%s: %v", f.name, err)
	}
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d", f.name, answer.StatusCode)
	}
	if method == http.MethodHead {
		return
	}
	decode := gif.DecodeConfig
	if strings.HasSuffix(url, ".png") {
		decode = png.DecodeConfig
	}
	if c, err := decode(&body); err != nil || c.Width != 1 || c.Height != 1 {
		t.Fatalf("%s: no picture of one pixel: %v", f.name, err)
	}
}
