package demo

import (
	_ "embed"
	"strings"

	"glint/edge/event"
	"glint/ingest/networks"
)

// Recipients is the size of the demo's list.
const Recipients = 1000

// client is one kind of program that fetches a pixel, with the facts that the
// edge would see. The classifier determines its class; a test checks the
// totals.
type client struct {
	userAgent        string
	method           string // "" is GET
	referer          string // host
	network          string
	asNumber         uint32
	proxyType        string
	proxyDescription string
	country          string
	headers          []event.Header
}

// The clients, with their user agents as mail clients and proxies send them.
var (
	image = []event.Header{{Name: "sec-fetch-dest", Value: "image"}, {Name: "sec-fetch-mode", Value: "no-cors"}, {Name: "accept-language", Value: "en-US,en;q=0.9"}}

	applePrefetch = client{
		userAgent: "Mozilla/5.0", network: "apple_relay", asNumber: 36183,
		proxyType: "consumer-privacy", proxyDescription: "apple", country: "US",
	}
	gmailProxy = client{
		userAgent: "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
		network:   "none", asNumber: 15169, country: "US",
	}
	gmailPrefetch = client{
		userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0",
		network:   "none", asNumber: 15169, country: "US", referer: "mail.google.com",
	}
	yahooProxy = client{
		userAgent: "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
		network:   "none", asNumber: 36646, country: "US",
	}
	outlook = client{
		userAgent: "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0; .NET4.0C; .NET4.0E; ms-office; MSOffice 16)",
		network:   "none", asNumber: 3320, country: "DE",
	}
	thunderbird = client{
		userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.3.0",
		network:   "none", asNumber: 7922, country: "US",
	}
	iphone = client{
		userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
		network:   "none", asNumber: 21928, country: "US",
	}
	android = client{
		userAgent: "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/AP2A.240805.005)",
		network:   "none", asNumber: 22394, country: "US",
	}
	webmail = client{
		userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
		network:   "none", asNumber: 2856, country: "GB", referer: "outlook.live.com", headers: image,
	}
	scanner = client{
		userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
		network:   "scanner:eop", asNumber: 8075, country: "US",
	}
	crawler = client{
		userAgent: "Mozilla/5.0 (compatible; archive-bot/2.1; +https://example.org/bot)",
		network:   "hosting", asNumber: 16509, proxyType: "hosting", proxyDescription: "cloud", country: "US",
	}
	script = client{
		userAgent: "python-requests/2.32.3",
		network:   "none", asNumber: 24940, country: "DE",
	}
	chat = client{
		userAgent: "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
		network:   "none", asNumber: 14618, country: "US",
	}
	robotBrowser = client{
		userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/130.0.0.0 Safari/537.36",
		network:   "none", asNumber: 24940, country: "DE",
	}
	nameless = client{network: "unknown"}
	header   = client{userAgent: outlook.userAgent, method: "HEAD", network: "none", asNumber: 3320, country: "DE"}
)

// visit is one fetch of a pixel, with its client and its usual time.
type visit struct {
	client *client
	when   when
}

// when is the usual time of a visit after the send.
type when int

const (
	atOnce when = iota // within seconds: gateways
	early              // within the first hour: prefetch
	later              // over the day, most of them in the first hours
)

// group is a number of recipients whose mail is treated alike. Recipients in no
// group never open.
type group struct {
	recipients int
	clicks     int // of the first recipients
	visits     []visit
}

// cast lists the groups of recipients, in order.
var cast = []group{
	{300, 15, []visit{{&applePrefetch, early}}},
	{40, 3, []visit{{&applePrefetch, early}, {&webmail, later}}},
	{120, 12, []visit{{&gmailProxy, later}}},
	{50, 5, []visit{{&gmailProxy, later}, {&gmailProxy, later}, {&gmailProxy, later}}},
	{12, 0, []visit{{&gmailPrefetch, early}, {&gmailProxy, later}}},
	{6, 0, []visit{{&gmailPrefetch, early}}},
	{36, 3, []visit{{&yahooProxy, later}}},
	{40, 4, []visit{{&outlook, later}, {&outlook, later}}},
	{50, 4, []visit{{&scanner, atOnce}, {&outlook, later}}},
	{70, 0, []visit{{&scanner, atOnce}}},
	{15, 0, []visit{{&thunderbird, later}}},
	{28, 3, []visit{{&iphone, later}}},
	{24, 0, []visit{{&android, later}, {&android, later}}},
	{22, 3, []visit{{&webmail, later}}},
	{5, 0, []visit{{&header, later}, {&outlook, later}}},
	{3, 0, []visit{{&crawler, later}}},
	{3, 0, []visit{{&script, later}}},
	{2, 0, []visit{{&chat, later}}},
	{2, 0, []visit{{&robotBrowser, later}}},
	{8, 0, []visit{{&nameless, later}}},
}

// liveVisit is a visit over real HTTP; its address represents the client's
// network in the demo's table.
type liveVisit struct {
	client  *client
	address string
}

// liveCast are the recipients after the cast, with one visit each.
var liveCast = []liveVisit{
	{&gmailProxy, "127.0.1.15"},
	{&gmailProxy, "127.0.1.15"},
	{&gmailProxy, "127.0.1.15"},
	{&applePrefetch, "127.0.1.17"},
	{&applePrefetch, "127.0.1.17"},
	{&outlook, "127.0.1.33"},
	{&outlook, "127.0.1.33"},
	{&thunderbird, "127.0.1.79"},
	{&iphone, "127.0.1.21"},
	{&yahooProxy, "127.0.1.36"},
	{&scanner, "127.0.1.80"},
	{&webmail, "127.0.1.28"},
}

// badTokens is the number of requests with a token that no key has signed.
const badTokens = 7

//go:embed networks.csv
var networksCSV string

// Networks returns the demo's table of networks, in which loopback addresses
// represent real networks.
func Networks() (*networks.Table, error) {
	return networks.Read(strings.NewReader(networksCSV))
}
