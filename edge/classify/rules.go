package classify

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

const (
	saysMail    = saysMailClient | saysMailProxy | saysGmailProxy | saysGmailPrefetch | saysFastmail
	isApple     = isBareMozilla | isBareWebKit | isBareMobileWebKit
	isHuman     = saysEngine | saysAppStack | saysOldPhone
	isSomething = saysMail | saysMailName | isHuman | saysBrowser | saysPlatform
)

// rules in the order in which they are tried. Each names its source and who is
// judged wrongly by it.
var rules = [...]rule{
	// A HEAD shows no image (Groundhogg, Collie judge clicks so). Mail clients
	// that ask with HEAD first send a GET later.
	{reason: "method", class: NotImage, any: notGet},
	// developer.mozilla.org Sec-Purpose; arp242/isbot. Rare in mail.
	{reason: "hdr_prefetch", class: NotImage, any: asksPrefetch},
	// developer.mozilla.org Sec-Fetch-Dest. A curious person who opens the
	// pixel's URL is dropped rightly.
	{reason: "hdr_navigate", class: NotImage, any: asksNavigation},
	// The same from clients without Sec-Fetch. Old Opera asks for HTML first even
	// for images, and what Apple's prefetch and the proxies send is not known.
	{reason: "hdr_navigate", class: NotImage, any: asksHTML, none: asksImage | saysMail | isApple | saysPresto},

	// sparkpost.com/blog/gmail-prefetching-images: on delivery, from Google. One
	// project saw the same user agent elsewhere; see proxy_elsewhere.
	{reason: "gmail_prefetch", class: MachinePrefetch, all: saysGmailPrefetch | onGoogle, none: saysBot},
	// blog.filippo.io/how-the-new-gmail-image-proxy-works: on opening. From
	// another AS it is forged; but where AS numbers are not known at all (no
	// look-up, a standalone pixel) it is believed, since the user agent is the
	// proxy's own and Gmail is too large to call a bot. Never judged by time.
	{reason: "proxy_gmail", class: ProxyHuman, all: saysGmailProxy, any: onGoogle | onUnknownAS, none: saysBot},
	// fastmail.com/policies/bots.
	{reason: "proxy_fastmail", class: ProxyHuman, all: saysFastmail | isMozilla | saysEngine, none: saysBot},
	// words_mail.go names each proxy's source. Spoofable: no AS is known for them.
	{reason: "", class: ProxyHuman, any: saysMailProxy, none: saysBot},

	// uap-core#509, support.clickdimensions.com: this user agent from Apple's
	// relay. Real opens of these users look the same; the adjusted rate knows it.
	{reason: "apple_mpp", class: MachinePrefetch, all: isBareMozilla | onRelay},
	// warmbly/warmbly#569: weaker. A macOS Mail user behind the relay without MPP.
	{reason: "apple_mpp_webkit", class: MachinePrefetch, all: isBareWebKit | onRelay},

	// Scanners that name themselves. No false positive known.
	{reason: "scanner_ua", class: SecurityScanner, any: saysScanner},
	// Code in the place of a name: tools that look for holes.
	{reason: "attack_ua", class: SecurityScanner, any: saysAttack},
	// network.go. Wrong when a range is given to somebody else.
	{reason: "scanner_net", class: SecurityScanner, any: onScanner},
	// Weak: one open-source project; warmbly/warmbly#412, #569. After scanner_net,
	// since Microsoft's scanners share the AS number.
	{reason: "proxy_outlook", class: ProxyHuman, all: onMicrosoft, any: saysOutlookProxy | isBareWebKit, none: saysBot},
	// crawler-user-agents tag social-preview. Mail forwarded into a chat.
	{reason: "link_preview", class: LinkPreview, any: saysPreview},
	// crawler-user-agents tag browser-automation.
	{reason: "headless", class: Headless, any: saysHeadless},
	// Somebody's image proxy: whether a person waits behind it is not known.
	{reason: "image_proxy", class: Unknown, any: saysImageProxy, none: saysMail},

	// ua-parser/uap-core, nielsbasjes/yauaa: mail programs by name. Sandboxes run
	// Outlook as well, so from hosting networks the rules below decide; a program
	// that says it is a bot is one.
	{reason: "mail_client", class: HumanDirect, any: saysMailClient, none: saysBot | onHosting},

	// The word bot, crawler or spider itself. Phones called so are let off where
	// the name of a device stands (scan.go).
	{reason: "bot_token", class: Bot, any: saysBot},
	// arp242/isbot user_agent.go and general knowledge. Mail apps that name
	// nothing but their library.
	{reason: "http_library", class: HTTPLibrary, any: saysLibrary, none: saysMail | saysAppStack},
	{reason: "http_library", class: HTTPLibrary, all: saysRuntime | leadsWithLibrary, none: saysMail | saysAppStack | isMozilla},
	{reason: "http_library", class: HTTPLibrary, any: saysRuntime, none: isSomething},
	// Crawlers and monitors by name, then by what they do.
	{reason: "bot_token", class: Bot, any: saysNamedBot, none: saysMail},
	{reason: "bot_token", class: Bot, any: saysTask, none: saysMail | saysMailName | saysAppStack},
	{reason: "bot_token", class: Bot, any: saysTaskLoosely, none: isSomething},
	// fastmail.com/policies/bots: alone it fetches calendars.
	{reason: "bot_token", class: Bot, any: saysFastmail, none: isMozilla},
	// Crawlers leave an address. Browsers that advertise their maker (QtWeb,
	// StudoBrowser, IE's EmbeddedWB: arp242/isbot testdata/not_bots) do too.
	{reason: "bot_address", class: Bot, any: hasPlusURL, none: saysMail},
	{reason: "bot_address", class: Bot, any: hasURL, none: saysMail | saysBrowser},
	{reason: "bot_address", class: Bot, any: hasMailAddress, none: saysMail | saysBrowser},
	// `(compatible; Name/1.0)`: only Internet Explorer and a few old browsers say
	// so without being a machine, and the set-top boxes of the days of Mozilla/3.
	{reason: "bot_shape", class: Bot, all: isMozilla5 | saysCompatible, none: saysMail | saysOldBrowser | saysAppStack | saysOldPhone},
	// A lone `name/1.2`: what a program sends whose author set nothing else.
	{reason: "product_only", class: HTTPLibrary, any: isOneProduct, none: isSomething},

	// craft-campaign#546: 61 % of a gateway's opens came within 10 s. Never on
	// time alone, since attentive people are as fast.
	{reason: "fast_open", class: SecurityScanner, all: withinFast | onHosting},
	{reason: "fast_open", class: SecurityScanner, all: withinFast | saysModern | lacksBrowserHeaders, none: saysMail},
	{reason: "fast_open", class: SecurityScanner, all: withinScanner | onGateway},
	// arp242/isbot ip_ranges.go. VPN users, Windows 365, mail apps in the cloud.
	{reason: "hosting", class: SecurityScanner, all: withinScanner | onHosting},
	{reason: "hosting", class: Unknown, any: onHosting},
	// A Google user agent that does not come from Google: forged, or contested.
	{reason: "proxy_elsewhere", class: Unknown, any: saysGmailProxy | saysGmailPrefetch},

	// The page around the image is a webmail.
	{reason: "referer_webmail", class: HumanDirect, any: fromWebmail},
	// litmus.com/blog/email-client-market-share-december-2021: iOS 15 and later
	// send this with MPP off too. Without any word about the network the two
	// cannot be told apart.
	{reason: "apple_mail_unplaced", class: Unknown, all: isBareMozilla | onUnknownNetwork},
	// Also lazy scripts.
	{reason: "apple_mail_direct", class: HumanDirect, any: isApple},
	// Browsers, and phone apps that load images with the system's network code.
	// A scanner that imitates a browser from a home network gets through.
	{reason: "browser", class: HumanDirect, all: saysEngine, any: isMozilla | saysPlatform, none: isImpossibleMozilla},
	{reason: "browser", class: HumanDirect, any: saysAppStack | saysOldPhone},
	// A program that has "mail" in its name and nothing of a machine.
	{reason: "mail_name", class: HumanDirect, any: saysMailName, none: isMozilla},
	{reason: "other", class: Unknown},
}
