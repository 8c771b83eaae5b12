package classify

import (
	"strings"
	"testing"
)

func factsFor(r Request) Facts {
	_, f := Examine(&r)
	return f
}

func TestFacts(t *testing.T) {
	const (
		android  = "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) "
		winPhone = "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063"
		iPad     = "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
		iPhone   = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"
	)
	hidden := func(client, vendor string) Facts {
		return Facts{client, vendor, "unknown behind " + client, "unknown behind " + client}
	}
	machine := Facts{"none", "none", "none", "none"}
	for _, c := range []struct {
		name               string
		userAgent, referer string
		want               Facts
	}{
		{"Gmail's proxy", uaGmail, "", hidden("Gmail", "Google")},
		{"Gmail's prefetch from who knows where", uaPrefetch, "mail.google.com", Facts{"unknown", "unknown", "unknown", "unknown"}},
		{"Yahoo's proxy", uaYahoo, "", hidden("Yahoo Mail", "Yahoo")},
		{"a device in a proxy's name is not believed", iPhone + " (via SuperhumanProxy; hello@superhuman.com)", "", hidden("Superhuman", "Superhuman")},
		{"HEY", "hey.com/imageproxy Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0 Safari/537.36", "", hidden("HEY", "37signals")},
		{"Fastmail behind a browser's name", uaChrome + " FastmailUA/1.0", "", hidden("Fastmail", "Fastmail")},
		{"Outlook's proxy", uaOWA, "", hidden("Outlook", "Microsoft")},
		{"a mail proxy without a name", "Glorp Mail Image Proxy/2", "", Facts{"unknown", "unknown", "unknown behind a mail proxy", "unknown behind a mail proxy"}},
		{"a mail proxy in a browser's name", uaChrome + " mailproxy/1.0", "", Facts{"unknown", "unknown", "unknown behind a mail proxy", "unknown behind a mail proxy"}},
		{"a mail proxy with a program's name", "Mailspring/1.14.0 ExampleMailProxy/1.0", "", Facts{"unknown", "unknown", "unknown behind a mail proxy", "unknown behind a mail proxy"}},
		{"an unknown image proxy", "github-camo (4b76e509)", "", Facts{"unknown", "unknown", "unknown behind an image proxy", "unknown behind an image proxy"}},
		{"Outlook inside Internet Explorer's name", uaOutlook, "", Facts{"Outlook", "Microsoft", "Windows", "desktop"}},
		{"Outlook inside Edge's name", uaChrome + " Edg/131.0.0.0 OneOutlook/1.2024.1017.100", "", Facts{"Outlook", "Microsoft", "Windows", "desktop"}},
		{"Outlook on a Mac", "MacOutlook/16.89.24090815 (Intelx64 Mac OS X Version 14.6.1 (Build 23G93))", "", Facts{"Outlook", "Microsoft", "macOS", "desktop"}},
		{"Outlook on a phone", "Outlook-iOS/723.4027091.prod.iphone (4.28.0)", "", Facts{"Outlook", "Microsoft", "iOS", "phone"}},
		{"Thunderbird inside Firefox's name", "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0 Thunderbird/115.8.0", "", Facts{"Thunderbird", "Mozilla", "Linux", "desktop"}},
		{"a program of one system", "K-9 Mail/6.8", "", Facts{"K-9 Mail", "Mozilla", "Android", "unknown"}},
		{"a program of one system, which is a computer's", "The Bat! 9.0", "", Facts{"The Bat!", "Ritlabs", "Windows", "desktop"}},
		{"a program that calls itself mail", "GrandpaMail/4.2 (Linux)", "", Facts{"Other mail client", "unknown", "Linux", "unknown"}},
		{"a mail program among many", "Canary Mail/4.2 Macintosh", "", Facts{"Other mail client", "unknown", "macOS", "desktop"}},
		{"Apple Mail says nothing of its system", uaBare, "", Facts{"Apple Mail", "Apple", "unknown", "unknown"}},
		{"Apple Mail on a phone", uaIPhone, "", Facts{"Apple Mail", "Apple", "iOS", "phone"}},
		{"Apple Mail on a tablet", iPad, "", Facts{"Apple Mail", "Apple", "iPadOS", "tablet"}},
		{"Apple Mail on a computer, or Outlook's fetcher", uaWebKit, "", Facts{"Apple Mail or Outlook", "unknown", "macOS", "desktop"}},
		{"a webmail page", uaChrome, "outlook.live.com", Facts{"Outlook", "Microsoft", "Windows", "desktop"}},
		{"a webmail page below a known host", uaChrome, "navigator-bs.gmx.net", Facts{"GMX", "United Internet", "Windows", "desktop"}},
		{"one's own webmail", uaChrome, "webmail.example.org", Facts{"Other webmail", "unknown", "Windows", "desktop"}},
		{"a host that ends like a webmail's", uaChrome, "evilgmx.net", Facts{"Chrome", "Google", "Windows", "desktop"}},
		{"a mail client goes before the page", uaOutlook, "mail.google.com", Facts{"Outlook", "Microsoft", "Windows", "desktop"}},
		{"Chrome", uaChrome, "", Facts{"Chrome", "Google", "Windows", "desktop"}},
		{"Edge", uaChrome + " Edg/131.0.0.0", "", Facts{"Edge", "Microsoft", "Windows", "desktop"}},
		{"Safari", uaWebKit + " Version/17.6 Safari/605.1.15", "", Facts{"Safari", "Apple", "macOS", "desktop"}},
		{"Firefox", "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "", Facts{"Firefox", "Mozilla", "Linux", "desktop"}},
		{"a phone says Mobile", android + "SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36", "", Facts{"Samsung Internet", "Samsung", "Android", "phone"}},
		{"a tablet does not", android + "Chrome/122.0.0.0 Safari/537.36", "", Facts{"Chrome", "Google", "Android", "tablet"}},
		{"a phone app's network code does not either", "Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7)", "", Facts{"unknown", "unknown", "Android", "unknown"}},
		{"Android's old browser calls itself Safari", "Mozilla/5.0 (Linux; U; Android 4.0.3; HTC One) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30", "", Facts{"Android Browser", "Google", "Android", "phone"}},
		{"a television", "Mozilla/5.0 (Linux; Android 9; BRAVIA 4K GB) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0 Safari/537.36", "", Facts{"Chrome", "Google", "Android", "tv"}},
		{"an imitator before the imitated", winPhone, "", Facts{"Edge", "Microsoft", "Windows Phone", "phone"}},
		{"a tablet computer is a computer", "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Tablet PC 2.0)", "", Facts{"Internet Explorer", "Microsoft", "Windows", "desktop"}},
		{"a Chromebook", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36", "", Facts{"Chrome", "Google", "ChromeOS", "desktop"}},
		{"a bot has no client", "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1) Chrome/130.0 Safari/537.36", "", machine},
		{"a bot with a mail program's name", "Thunderbird-like crawler bot", "mail.google.com", machine},
		{"a library has none", "python-requests/2.32.3", "", machine},
		{"nothing known", "", "", Facts{"unknown", "unknown", "unknown", "unknown"}},
	} {
		if got := factsFor(Request{UserAgent: c.userAgent, RefererHost: c.referer}); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAppleMailBehindTheRelayIsHidden(t *testing.T) {
	want := Facts{"Apple Mail", "Apple", "unknown behind Apple Mail", "unknown behind Apple Mail"}
	for _, userAgent := range []string{uaBare, uaWebKit, uaIPhone} {
		if got := factsFor(Request{UserAgent: userAgent, Network: NetworkRelay}); got != want {
			t.Errorf("%s: %q", userAgent, got)
		}
	}
	got := factsFor(Request{UserAgent: uaWebKit + " Version/17.6 Safari/605.1.15", Network: NetworkRelay})
	if got != (Facts{"Safari", "Apple", "macOS", "desktop"}) {
		t.Errorf("Safari through the relay hides only its address: %q", got)
	}
}

// TestEveryFactIsNamed checks that the tables have a name for each constant, and a
// text for the facts that each proxy hides.
func TestEveryFactIsNamed(t *testing.T) {
	if len(labels) != int(labelExplorer)+1 || len(osNames) != int(osLinux)+1 || len(deviceNames) != int(deviceDesktop)+1 {
		t.Fatalf("%d programs, %d systems, %d devices", len(labels), len(osNames), len(deviceNames))
	}
	for l, p := range labels {
		if strings.ContainsAny(p.name+p.vendor, "\"\\") || p.name == "" || p.vendor == "" || p.hidden != "" && !strings.HasPrefix(p.hidden, "unknown behind ") {
			t.Errorf("label %d: %+v", l, p)
		}
	}
	for _, list := range lists {
		for i := range list {
			if g := &list[i]; g.sets&(isProxied|saysFastmail) != 0 && g.label != labelNone && labels[g.label].hidden == "" {
				t.Errorf("%s hides nothing", g.words)
			}
		}
	}
}

// TestExamineAgreesWithJudge compares both on every user agent of the fixtures.
func TestExamineAgreesWithJudge(t *testing.T) {
	for _, a := range readAgents(t) {
		r := Request{UserAgent: a.userAgent, Network: NetworkNone}
		v, f := Examine(&r)
		if v != Judge(&r) {
			t.Errorf("%v, Judge says %v: %s", v, Judge(&r), a.userAgent)
		}
		if v.Class == HumanDirect && f.Device == none {
			t.Errorf("a person's machine: %q: %s", f, a.userAgent)
		}
	}
}

func TestAnAgentReadOnceServesEveryRequest(t *testing.T) {
	requests := []Request{
		{},
		{Network: NetworkRelay},
		{Network: NetworkHosting, ASNumber: asGoogle},
		{Method: "HEAD"},
		{RefererHost: "mail.google.com"},
		{Headers: AcceptHTMLFirst | ModeNavigate},
		{SentKnown: true, SinceSend: 1},
	}
	for _, userAgent := range append([]string{"", "Mail"}, mixedAgents...) {
		agent := ReadAgent(userAgent)
		for range 2 {
			for _, r := range requests {
				v, f := ExamineAgent(&agent, &r)
				r.UserAgent = userAgent
				if wantV, wantF := Examine(&r); v != wantV || f != wantF || v != Judge(&r) {
					t.Errorf("%+v: %v, %+v; read for itself %v, %+v", r, v, f, wantV, wantF)
				}
			}
		}
	}
}

// TestFactsFollowTheRuleThatDecided has user agents that alone suggest other facts.
func TestFactsFollowTheRuleThatDecided(t *testing.T) {
	hidden := func(client, vendor string) Facts {
		return Facts{client, vendor, "unknown behind " + client, "unknown behind " + client}
	}
	machine := Facts{"none", "none", "none", "none"}
	nobody := Facts{"unknown", "unknown", "unknown", "unknown"}
	phone := "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
	for _, c := range []struct {
		name    string
		request Request
		want    Facts
	}{
		{"Outlook's proxy says it is a Mac", Request{UserAgent: uaWebKit, ASNumber: 8075, Network: "none"}, hidden("Outlook", "Microsoft")},
		{"Outlook's proxy says it is a phone", Request{UserAgent: phone, ASNumber: 8075}, hidden("Outlook", "Microsoft")},
		{"Outlook's proxy says it is Chrome", Request{UserAgent: uaOWA, ASNumber: 8075, Network: "hosting"}, hidden("Outlook", "Microsoft")},
		{"bare WebKit off the relay", Request{UserAgent: uaWebKit, ASNumber: 3320, Network: "none"}, Facts{"Apple Mail or Outlook", "unknown", "macOS", "desktop"}},
		{"bare WebKit on the relay", Request{UserAgent: uaWebKit, Network: "apple_relay"}, hidden("Apple Mail", "Apple")},
		{"an iPhone's Mail", Request{UserAgent: uaIPhone, ASNumber: 3320, Network: "none"}, Facts{"Apple Mail", "Apple", "iOS", "phone"}},
		{"Gmail's prefetch", Request{UserAgent: uaPrefetch, ASNumber: 15169}, hidden("Gmail", "Google")},
		{"Gmail's prefetch from elsewhere", Request{UserAgent: uaPrefetch, ASNumber: 3320}, nobody},
		{"Yahoo's proxy from elsewhere", Request{UserAgent: uaYahoo, ASNumber: 3320}, nobody},
		{"Outlook in a scanner's network", Request{UserAgent: uaOutlook, Network: "scanner:barracuda-egd"}, machine},
		{"a hidden browser without a screen", Request{UserAgent: uaChrome, Network: "none", Signals: HeadlessHint}, machine},
	} {
		if got := factsFor(c.request); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
