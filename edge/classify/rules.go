package classify

import "math/bits"

// rule fits if every trait of all is there, at least one of any (unless any is
// empty), and none of none.
type rule struct {
	reason string // empty: the reason of the mail proxy that was named
	class  Class
	all    traits
	any    traits
	none   traits
}

func (r *rule) fits(t traits) bool {
	return t&r.all == r.all && (r.any == 0 || t&r.any != 0) && t&r.none == 0
}

// concerned has for each trait a bit set of the rules that may fit because of it: a
// rule is in the sets of traits of which a request must have one. So only these rules
// are tried.
var concerned = rulesOfTraits()

// always is the last rule, which asks for nothing.
const always = 1 << (len(rules) - 1)

func rulesOfTraits() (list [64]uint64) {
	for i := range rules {
		asked := rules[i].all &^ common
		if asked == 0 {
			asked = rules[i].any
		}
		if asked == 0 {
			asked = rules[i].all
		}
		for ; asked != 0; asked &= asked - 1 {
			list[bits.TrailingZeros64(uint64(asked))] |= 1 << i
		}
	}
	return list
}

const (
	saysMail    = saysMailClient | saysMailProxy | saysGmailProxy | saysGmailPrefetch | saysFastmail
	isApple     = isBareMozilla | isBareWebKit | isBareMobileWebKit
	isHuman     = saysEngine | saysAppStack | saysOldPhone
	isSomething = saysMail | saysMailName | isHuman | saysBrowser | saysPlatform
)

// rules are in the order in which they are tried; the first that fits decides. The
// comment of each gives its basis, its Source, and the requests that it judges Wrong;
// `glint classify --explain` prints all three.
var rules = [...]rule{
	// Not a GET: no image is shown.
	// Source: the click filters of Groundhogg and Collie.
	// Wrong: none; mail clients that ask with HEAD first send a GET later.
	{reason: "method", class: NotImage, any: notGet},
	// The browser says that it fetches in advance.
	// Source: developer.mozilla.org Sec-Purpose; arp242/isbot.
	// Wrong: a mail that is shown right after it was prefetched, if it is not asked for again; rare in mail.
	{reason: "hdr_prefetch", class: NotImage, any: asksPrefetch},
	// The pixel is opened as a page.
	// Source: developer.mozilla.org Sec-Fetch-Dest.
	// Wrong: none; a curious person who opens the pixel's URL is dropped rightly.
	{reason: "hdr_navigate", class: NotImage, any: asksNavigation},
	// HTML is asked for first, or with a click or an upgrade, by a client without Sec-Fetch.
	// Source: developer.mozilla.org Accept, Sec-Fetch-User, Upgrade-Insecure-Requests. Old Opera asks so even for images, and what Apple's prefetch and the proxies send is not known: they are left out.
	// Wrong: other clients that ask for images as for pages; none is known.
	{reason: "hdr_navigate", class: NotImage, any: asksHTML, none: asksImage | saysMail | isApple | saysPresto},

	// Gmail fetches on delivery, from Google's network.
	// Source: sparkpost.com/blog/gmail-prefetching-images. One project saw the same user agent elsewhere; see proxy_elsewhere.
	// Wrong: people with Edge of 2015 in Google's network; none known.
	{reason: "gmail_prefetch", class: MachinePrefetch, all: saysGmailPrefetch | onGoogle, none: saysBot},
	// Gmail's image proxy fetches when its user looks. Never judged by time.
	// Source: blog.filippo.io/how-the-new-gmail-image-proxy-works. Where AS numbers are not known at all (no look-up, a standalone pixel) it is believed, since Gmail is too large to call a bot.
	// Wrong: forgers inside Google's network, or where no AS number is known.
	{reason: "proxy_gmail", class: ProxyHuman, all: saysGmailProxy, any: onGoogle | onUnknownAS, none: saysBot},
	// Fastmail's name behind a browser's: its image proxy.
	// Source: fastmail.com/policies/bots; owner.go.
	// Wrong: forgers where no AS number is known.
	{reason: "proxy_fastmail", class: ProxyHuman, all: saysFastmail | isMozilla | saysEngine, none: saysBot | offOwnNetwork},
	// Another mail provider's image proxy, from its own network or one that is not known.
	// Source: each is named in words_mail.go, its network in owner.go.
	// Wrong: forgers where no AS number is known, and of the few whose network is not known.
	{reason: "", class: ProxyHuman, any: saysMailProxy, none: saysBot | offOwnNetwork},

	// Mail Privacy Protection: the bare user agent from Apple's relay.
	// Source: github.com/ua-parser/uap-core/issues/509; support.clickdimensions.com.
	// Wrong: real opens of the same people, which look the same; the adjusted rate knows it.
	{reason: "apple_mpp", class: MachinePrefetch, all: isBareMozilla | onRelay},
	// The same with Apple's bare WebKit: weaker.
	// Source: github.com/warmbly/warmbly/pull/569.
	// Wrong: a Mac's Mail behind the relay without Mail Privacy Protection.
	{reason: "apple_mpp_webkit", class: MachinePrefetch, all: isBareWebKit | onRelay},

	// A scanner that names itself.
	// Source: words_machine.go.
	// Wrong: none known.
	{reason: "scanner_ua", class: SecurityScanner, any: saysScanner},
	// Code in the place of a name: a tool that looks for holes.
	// Source: nielsbasjes/yauaa, class Hacker.
	// Wrong: none known.
	{reason: "attack_ua", class: SecurityScanner, any: saysAttack},
	// A network that fetches nothing for a person.
	// Source: network.go.
	// Wrong: later owners of such a range.
	{reason: "scanner_net", class: SecurityScanner, any: onScanner},
	// Outlook on the web fetches from Microsoft's network. After scanner_net, since Microsoft's scanners share the AS number.
	// Source: github.com/warmbly/warmbly/pull/412 and 569. Weak.
	// Wrong: machines in Microsoft's cloud with such a user agent.
	{reason: "proxy_outlook", class: ProxyHuman, all: onMicrosoft, any: saysOutlookProxy | isBareWebKit, none: saysBot},
	// An application asks what a link is, before or without opening it.
	// Source: learn.microsoft.com/office/troubleshoot/office/office-document-open-requests.
	// Wrong: none; opening the mail sends another request.
	{reason: "app_probe", class: NotImage, any: saysProbe},
	// A word for mail beside one for security: a gateway that names itself.
	// Source: gateways' names of themselves (Cisco Secure Email, Proxmox Mail Gateway, Email Security).
	// Wrong: mail programs with such a name that are not known by name (words_mail.go).
	{reason: "scanner_ua", class: SecurityScanner, all: saysMailName | saysSecurity, none: saysMailClient | saysMailProxy | isMozilla | saysAppStack},
	// A chat or a social network looks at a link.
	// Source: monperrus/crawler-user-agents, tag social-preview.
	// Wrong: none; mail that was forwarded into a chat is fetched so.
	{reason: "link_preview", class: LinkPreview, any: saysPreview},
	// A browser under a program's control.
	// Source: monperrus/crawler-user-agents, tag browser-automation; Sec-CH-UA says Headless where the user agent was changed.
	// Wrong: none known.
	{reason: "headless", class: Headless, any: saysHeadless},
	// An unknown image proxy: whether a person waits behind it is not known.
	// Source: github.com/mautic/mautic/issues/8718.
	// Wrong: the people behind it are not counted as certain.
	{reason: "image_proxy", class: Unknown, any: saysImageProxy, none: saysMail},

	// A mail program's name beside a machine's task: a tool for that program's mail. Internet Explorer lists extensions of any name.
	// Source: words_machine.go; two signs that no person reads. In seven public corpora no mail program has such a word.
	// Wrong: mail programs with such a word.
	{reason: "bot_token", class: Bot, all: saysMailClient | saysTask, none: saysOldBrowser | saysMailProxy},
	// The same in words that people's programs use too, with nothing of a computer or a phone.
	// Source: words_machine.go.
	// Wrong: mail programs with such a word that say no platform.
	{reason: "bot_token", class: Bot, all: saysMailClient | saysTaskLoosely, none: isMozilla | isHuman | saysPlatform | saysMailProxy},
	// A mail program's name in a browser's user agent, beside a word for security.
	// Source: words_mail.go; the same two signs.
	// Wrong: mail programs in a web view with such a word.
	{reason: "scanner_ua", class: SecurityScanner, all: saysMailClient | saysSecurity | isMozilla5, none: saysOldBrowser | saysMailProxy},
	// A tool built on the network code of phone apps.
	// Source: words_machine.go.
	// Wrong: apps with such a word in their name; none shows mail.
	{reason: "bot_token", class: Bot, all: saysTask | saysAppStack, none: saysMail | isMozilla},
	// A mail program by name. Sandboxes run Outlook as well, so in the networks of hosters, mail providers and gateways later rules decide; a program that says it is a bot is one.
	// Source: ua-parser/uap-core, nielsbasjes/yauaa, matomo-org/device-detector; words_mail.go.
	// Wrong: forgers on home networks.
	{reason: "mail_client", class: HumanDirect, any: saysMailClient, none: saysBot | onHosting | onShared | offOwnNetwork | saysGmailProxy | saysGmailPrefetch | leadsWithLibrary | detectedBot},

	// The platform calls it a bot: by its proven address, or by what it does.
	// Source: fastly.com/documentation/guides/security/bot-management; only where the product is on.
	// Wrong: people that the platform takes for bots.
	{reason: "bot_detection", class: Bot, any: detectedBot, none: saysMailProxy | saysGmailProxy | saysFastmail | saysLibrary | saysRuntime},
	// A browser for text: a person reads, but sees no image.
	// Source: their manuals.
	// Wrong: their users are not counted as certain.
	{reason: "text_browser", class: Unknown, any: saysTextBrowser, none: saysBot},
	// The word bot, crawler or spider itself.
	// Source: the custom of the trade.
	// Wrong: phones that are called so, unless the name stands where a device's name does (scan.go).
	{reason: "bot_token", class: Bot, any: saysBot},
	// An HTTP library by name.
	// Source: arp242/isbot user_agent.go; words_machine.go.
	// Wrong: mail apps that name nothing but their library.
	{reason: "http_library", class: HTTPLibrary, any: saysLibrary, none: saysMail | saysAppStack},
	// A library that leads, before the network code of phone apps.
	// Source: words_machine.go; an app says its own name first.
	// Wrong: apps whose name begins as a library's; none is known that shows mail.
	{reason: "http_library", class: HTTPLibrary, all: saysLibrary | leadsWithLibrary, none: saysMail | isMozilla},
	// A language's or an app library's name leads.
	// Source: arp242/isbot user_agent.go; words_machine.go.
	// Wrong: mail apps that name nothing but their library.
	{reason: "http_library", class: HTTPLibrary, all: saysRuntime | leadsWithLibrary, none: saysMail | saysAppStack | isMozilla},
	// The same name later, without any word of a person's program.
	// Source: words_machine.go.
	// Wrong: apps of unknown name that say no platform.
	{reason: "http_library", class: HTTPLibrary, any: saysRuntime, none: isSomething},
	// A crawler or monitor by name, or by the address that it leaves in From.
	// Source: words_machine.go.
	// Wrong: none known.
	{reason: "bot_token", class: Bot, any: saysNamedBot, none: saysMail},
	// A task of machines: monitor, checker, preview.
	// Source: words_machine.go.
	// Wrong: browsers with such a word in their name or in a toolbar's.
	{reason: "bot_token", class: Bot, any: saysTask, none: saysMail | saysAppStack},
	// The same in words that people's programs use too, where none speaks.
	// Source: words_machine.go.
	// Wrong: apps of unknown name that say no platform.
	{reason: "bot_token", class: Bot, any: saysTaskLoosely, none: isSomething},
	// Fastmail's name alone: it fetches calendars.
	// Source: fastmail.com/policies/bots.
	// Wrong: none known.
	{reason: "bot_token", class: Bot, any: saysFastmail, none: isMozilla},
	// Crawlers leave an address behind a plus sign.
	// Source: the custom of the trade.
	// Wrong: none known.
	{reason: "bot_address", class: Bot, any: hasPlusURL, none: saysMail},
	// Any address on the web. Browsers that advertise their maker have one too (QtWeb, StudoBrowser, IE's EmbeddedWB).
	// Source: arp242/isbot testdata/not_bots.
	// Wrong: apps that advertise their maker without the word browser.
	{reason: "bot_address", class: Bot, any: hasURL, none: saysMail | saysBrowser},
	// A mail address for complaints.
	// Source: the custom of the trade.
	// Wrong: apps that leave their author's address.
	{reason: "bot_address", class: Bot, any: hasMailAddress, none: saysMail | saysBrowser},
	// `(compatible; Name/1.0)`: only Internet Explorer and a few old browsers say so without being a machine, and the set-top boxes of the days of Mozilla/3.
	// Source: nielsbasjes/yauaa, class Robot.
	// Wrong: other old browsers that say so.
	{reason: "bot_shape", class: Bot, all: isMozilla5 | saysCompatible, none: saysMail | saysOldBrowser | saysAppStack | saysOldPhone},
	// `(KHTML, like Gecko; Name)`: browsers leave the engine's comment alone, machines that borrow a browser's user agent sign there.
	// Source: Google's crawlers (developers.google.com/search/docs/crawling-indexing/overview-google-crawlers); in public lists 88 machines do so for one browser.
	// Wrong: users of page transcoders that sign there and are not known by name.
	{reason: "bot_shape", class: Bot, all: isMozilla5 | saysEngineGuest, none: saysMail | saysOldBrowser | saysAppStack | saysOldPhone},

	// Right after sending, from a data centre. Never on time alone, since attentive people are as fast.
	// Source: github.com/putyourlightson/craft-campaign/issues/546: 61 % of a gateway's opens came within 10 s.
	// Wrong: fast people with a VPN or a computer in the cloud.
	{reason: "fast_open", class: SecurityScanner, all: withinFast | onHosting},
	// Right after sending, from a network of machines and people.
	// Source: the same log; owner.go.
	// Wrong: fast people among a provider's staff, or behind WARP. Apple's own user agent may be its prefetch, and is left out.
	{reason: "fast_open", class: SecurityScanner, all: withinFast | onShared, none: saysMailProxy | isApple},
	// Right after sending, by a modern browser without its headers.
	// Source: the same; developer.mozilla.org Sec-Fetch-Mode.
	// Wrong: fast people behind a proxy that takes headers away.
	{reason: "fast_open", class: SecurityScanner, all: withinFast | saysModern | lacksBrowserHeaders, none: saysMail},
	// Soon after sending, from a mail gateway's network.
	// Source: the same: 94 % of its link sweeps came within 5 min; network.go.
	// Wrong: fast people in a gateway's isolated browser.
	{reason: "fast_open", class: SecurityScanner, all: withinScanner | onGateway},
	// Soon after sending, from a data centre.
	// Source: arp242/isbot ip_ranges.go.
	// Wrong: people with a VPN, a computer in the cloud, or a mail app that fetches there.
	{reason: "hosting", class: SecurityScanner, all: withinScanner | onHosting},
	// A lone `name/1.2` in a data centre: a script or a server, where no person reads.
	// Source: agreement of two doubts; matomo-org/device-detector knows such apps on phones only.
	// Wrong: people with a VPN whose mail app says no more than its name.
	{reason: "http_library", class: HTTPLibrary, all: isOneProduct | onHosting, none: isSomething},
	// From a data centre, later or at an unknown time.
	// Source: arp242/isbot ip_ranges.go.
	// Wrong: the same people are not counted as certain.
	{reason: "hosting", class: Unknown, any: onHosting},
	// A proxy's user agent from elsewhere: forged, or contested.
	// Source: one project calls Gmail's prefetch Outlook's; owner.go.
	// Wrong: a provider's users, if it fetches from another AS than it is known for.
	{reason: "proxy_elsewhere", class: Unknown, any: saysGmailProxy | saysGmailPrefetch | offOwnNetwork},
	// A lone `name/1.2`: a script's library or an app; nothing distinguishes the two.
	// Source: both are common; matomo-org/device-detector Tests/Parser/Client/fixtures lists apps that send no more.
	// Wrong: none; it says that it does not know.
	{reason: "product_only", class: Unknown, any: isOneProduct, none: isSomething},
	// Apple's own user agent from an unknown network: whether Apple's relay was used is not known.
	// Source: litmus.com/blog/email-client-market-share-december-2021: iOS 15 and later send it with Mail Privacy Protection off too.
	// Wrong: people with it off are not counted as certain.
	{reason: "apple_mail_unplaced", class: Unknown, all: onUnknownNetwork, any: isBareMozilla | isBareWebKit},
	// The network of a provider, a mail gateway or an operator of Apple's relay: their machines load images there, and staff and users browse from there.
	// Source: owner.go; github.com/warmbly/warmbly/issues/410.
	// Wrong: those people are not counted as certain.
	{reason: "shared_network", class: Unknown, any: onShared, none: saysMailProxy},
	// An engine on a system that it never ran on or had left, a version that never was, two numbers that differ and are one in every browser, client hints of another system or version, or a phone that is only emulated.
	// Source: engines.go, hints.go.
	// Wrong: people who change their user agent, whose app does, or who use a fork that keeps an old system alive (Supermium on Windows 7).
	{reason: "never_was", class: Unknown, any: isImpossible, none: saysMail},
	// A new browser without the headers that it sends with every image, or with one that it sends with none.
	// Source: developer.mozilla.org Sec-Fetch-Mode, Accept-Language, Accept, Sec-CH-UA, Range.
	// Wrong: people behind a proxy that takes headers away, and mail programs that are built of a browser and not known by name.
	{reason: "lacks_headers", class: Unknown, all: saysModern | lacksBrowserHeaders, none: saysMail},
	// A name in a browser's user agent that no browser has there, or a user agent that ends before any browser's does.
	// Source: grammar.go.
	// Wrong: people in apps and browsers that are not in that list.
	{reason: "unknown_product", class: Unknown, all: saysStranger | saysEngine, none: saysMail | saysOldPhone | saysAppStack},

	// The page around the image is a webmail.
	// Source: webmail.go.
	// Wrong: forgers.
	{reason: "referer_webmail", class: HumanDirect, any: fromWebmail, none: isEmpty},
	// Apple Mail off the relay.
	// Source: litmus.com/blog/email-client-market-share-december-2021.
	// Wrong: lazy scripts that send Mozilla/5.0.
	{reason: "apple_mail_direct", class: HumanDirect, any: isApple},
	// A browser's engine in a browser's frame.
	// Source: nielsbasjes/yauaa, ua-parser/uap-core.
	// Wrong: a scanner that imitates a browser from a home network.
	{reason: "browser", class: HumanDirect, all: saysEngine, any: isMozilla | saysPlatform, none: isImpossible},
	// A phone app that loads images with the system's network code, or a phone from before engines had names.
	// Source: nielsbasjes/yauaa, ua-parser/uap-core.
	// Wrong: machines built on the same network code.
	{reason: "browser", class: HumanDirect, any: saysAppStack | saysOldPhone},
	// A program with mail in its name: scripts, gateways and mail programs have one, so it proves nothing.
	// Source: the custom of the trade.
	// Wrong: people with a mail program that is not known by name are not counted as certain.
	{reason: "mail_name", class: Unknown, any: saysMailName, none: isMozilla},
	// Nothing is known.
	// Source: an empty user agent is no proof (arp242/isbot user_agent.go leaves it open).
	// Wrong: none; it is counted apart.
	{reason: "other", class: Unknown},
}
