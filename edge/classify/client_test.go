package classify

import "testing"

func TestClient(t *testing.T) {
	for _, c := range []struct{ name, userAgent, referer, want string }{
		{"Gmail's proxy", uaGmail, "", "Gmail"},
		{"Gmail's prefetch", uaPrefetch, "mail.google.com", "Gmail"},
		{"Yahoo's proxy", uaYahoo, "", "Yahoo Mail"},
		{"no device behind a proxy", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1 (via SuperhumanProxy; hello@superhuman.com)", "", "Superhuman"},
		{"HEY", "hey.com/imageproxy Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0 Safari/537.36", "", "HEY"},
		{"Outlook inside Internet Explorer's name", uaOutlook, "", "Outlook"},
		{"Outlook inside Edge's name", uaChrome + " Edg/131.0.0.0 OneOutlook/1.2024.1017.100", "", "Outlook"},
		{"Thunderbird inside Firefox's name", "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0 Thunderbird/115.8.0", "", "Thunderbird"},
		{"Apple Mail", uaBare, "", "Apple Mail"},
		{"Apple Mail on a phone", uaIPhone, "", "Apple Mail"},
		{"a webmail page", uaChrome, "outlook.live.com", "Outlook"},
		{"a webmail page below a known host", uaChrome, "navigator-bs.gmx.net", "Other webmail"},
		{"one's own webmail", uaChrome, "webmail.example.org", "Other webmail"},
		{"a host that ends like a webmail's", uaChrome, "evilgmx.net", "Chrome"},
		{"a mail client goes before the page", uaOutlook, "mail.google.com", "Outlook"},
		{"Chrome", uaChrome, "", "Chrome"},
		{"Edge", uaChrome + " Edg/131.0.0.0", "", "Edge"},
		{"Safari", uaWebKit + " Version/17.6 Safari/605.1.15", "", "Safari"},
		{"Firefox", "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "", "Firefox"},
		{"Samsung's browser", "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36", "", "Samsung Internet"},
		{"a bot has no client", "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1) Chrome/130.0 Safari/537.36", "", ""},
		{"nothing known", "", "", ""},
	} {
		if got := Client(c.userAgent, c.referer); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestEveryLabelHasAName(t *testing.T) {
	if len(labelNames) != int(labelExplorer)+1 {
		t.Errorf("%d names for %d labels", len(labelNames), labelExplorer+1)
	}
}
