// Code generated from the comments in rules.go by go test -update. DO NOT EDIT.

package classify

// evidence has what the comment of each rule says. Only Explain reads it, so it
// is not in a program that never explains.
var evidence = [len(rules)]Evidence{
	{
		"Not a GET: no image is shown.",
		"the click filters of Groundhogg and Collie.",
		"nobody; mail clients that ask with HEAD first send a GET later.",
	},
	{
		"The browser says that it fetches in advance.",
		"developer.mozilla.org Sec-Purpose; arp242/isbot.",
		"a mail that is shown right after it was prefetched, if it is not asked for again; rare in mail.",
	},
	{
		"The pixel is opened as a page.",
		"developer.mozilla.org Sec-Fetch-Dest.",
		"nobody; a curious person who opens the pixel's URL is dropped rightly.",
	},
	{
		"HTML is asked for first, by a client without Sec-Fetch.",
		"developer.mozilla.org Accept. Old Opera asks so even for images, and what Apple's prefetch and the proxies send is not known: they are left out.",
		"other clients that ask for images as for pages; none is known.",
	},
	{
		"Gmail fetches on delivery, from Google's network.",
		"sparkpost.com/blog/gmail-prefetching-images. One project saw the same user agent elsewhere; see proxy_elsewhere.",
		"people with Edge of 2015 in Google's network; nobody known.",
	},
	{
		"Gmail's image proxy fetches when its user looks. Never judged by time.",
		"blog.filippo.io/how-the-new-gmail-image-proxy-works. Where AS numbers are not known at all (no look-up, a standalone pixel) it is believed, since Gmail is too large to call a bot.",
		"forgers inside Google's network, or where no AS number is known.",
	},
	{
		"Fastmail's name behind a browser's: its image proxy.",
		"fastmail.com/policies/bots; owner.go.",
		"forgers where no AS number is known.",
	},
	{
		"Another mail provider's image proxy, from its own network or one that is not known.",
		"each is named in words_mail.go, its network in owner.go.",
		"forgers where no AS number is known, and of the few whose network is not known.",
	},
	{
		"Mail Privacy Protection: the bare user agent from Apple's relay.",
		"github.com/ua-parser/uap-core/issues/509; support.clickdimensions.com.",
		"real opens of the same people, which look the same; the adjusted rate knows it.",
	},
	{
		"The same with Apple's bare WebKit: weaker.",
		"github.com/warmbly/warmbly/pull/569.",
		"a Mac's Mail behind the relay without Mail Privacy Protection.",
	},
	{
		"A scanner that names itself.",
		"words_machine.go.",
		"nobody known.",
	},
	{
		"Code in the place of a name: a tool that looks for holes.",
		"nielsbasjes/yauaa, class Hacker.",
		"nobody known.",
	},
	{
		"A network that fetches nothing for a person.",
		"network.go.",
		"whoever is given such a range later.",
	},
	{
		"Outlook on the web fetches from Microsoft's network. After scanner_net, since Microsoft's scanners share the AS number.",
		"github.com/warmbly/warmbly/pull/412 and 569. Weak.",
		"machines in Microsoft's cloud with such a user agent.",
	},
	{
		"An application asks what a link is, before or without opening it.",
		"learn.microsoft.com/office/troubleshoot/office/office-document-open-requests.",
		"nobody; who opens the mail sends another request.",
	},
	{
		"A word for mail beside one for security: a gateway that says what it is.",
		"gateways' names of themselves (Cisco Secure Email, Proxmox Mail Gateway, Email Security).",
		"mail programs with such a name that are not known by name (words_mail.go).",
	},
	{
		"A chat or a social network looks at a link.",
		"monperrus/crawler-user-agents, tag social-preview.",
		"nobody; mail that was forwarded into a chat is fetched so.",
	},
	{
		"A browser under a program's control.",
		"monperrus/crawler-user-agents, tag browser-automation; Sec-CH-UA says Headless where the user agent was changed.",
		"nobody known.",
	},
	{
		"Somebody's image proxy: whether a person waits behind it is not known.",
		"github.com/mautic/mautic/issues/8718.",
		"the people behind it are not counted as certain.",
	},
	{
		"A mail program's name beside a machine's task, and nothing of a computer or a phone: a tool for that program's mail.",
		"words_machine.go; agreement that nobody reads.",
		"mail programs with such a word that say no platform.",
	},
	{
		"A mail program by name. Sandboxes run Outlook as well, so in hosting networks, and in those of providers and mail gateways, later rules decide; a program that says it is a bot is one.",
		"ua-parser/uap-core, nielsbasjes/yauaa, matomo-org/device-detector; words_mail.go.",
		"forgers on home networks.",
	},
	{
		"The platform calls it a bot: by its proven address, or by what it does.",
		"fastly.com/documentation/guides/security/bot-management; only where the product is on.",
		"whoever the platform takes for a bot.",
	},
	{
		"A browser for text: somebody reads, but sees no image.",
		"their manuals.",
		"their users are not counted as certain.",
	},
	{
		"The word bot, crawler or spider itself.",
		"the custom of the trade.",
		"phones that are called so, unless the name stands where a device's name does (scan.go).",
	},
	{
		"An HTTP library by name.",
		"arp242/isbot user_agent.go; words_machine.go.",
		"mail apps that name nothing but their library.",
	},
	{
		"A language's or an app library's name leads.",
		"arp242/isbot user_agent.go; words_machine.go.",
		"mail apps that name nothing but their library.",
	},
	{
		"It stands later, but nothing else is said that a person's program would say.",
		"words_machine.go.",
		"apps of unknown name that say no platform.",
	},
	{
		"A crawler or monitor by name.",
		"words_machine.go.",
		"nobody known.",
	},
	{
		"What machines do: monitor, checker, preview.",
		"words_machine.go.",
		"browsers with such a word in their name or in a toolbar's.",
	},
	{
		"The same in words that people's programs use too, where none speaks.",
		"words_machine.go.",
		"apps of unknown name that say no platform.",
	},
	{
		"Fastmail's name alone: it fetches calendars.",
		"fastmail.com/policies/bots.",
		"nobody known.",
	},
	{
		"Crawlers leave an address behind a plus sign.",
		"the custom of the trade.",
		"nobody known.",
	},
	{
		"Any address on the web. Browsers that advertise their maker have one too (QtWeb, StudoBrowser, IE's EmbeddedWB).",
		"arp242/isbot testdata/not_bots.",
		"apps that advertise their maker without the word browser.",
	},
	{
		"A mail address for complaints.",
		"the custom of the trade.",
		"apps that leave their author's address.",
	},
	{
		"`(compatible; Name/1.0)`: only Internet Explorer and a few old browsers say so without being a machine, and the set-top boxes of the days of Mozilla/3.",
		"nielsbasjes/yauaa, class Robot.",
		"other old browsers that say so.",
	},
	{
		"`(KHTML, like Gecko; Name)`: browsers leave the engine's comment alone, machines that borrow a browser's user agent sign there.",
		"Google's crawlers (developers.google.com/search/docs/crawling-indexing/overview-google-crawlers); in public lists 88 machines do so for one browser.",
		"users of page transcoders that sign there and are not known by name.",
	},
	{
		"Right after sending, from a data centre. Never on time alone, since attentive people are as fast.",
		"github.com/putyourlightson/craft-campaign/issues/546: 61 % of a gateway's opens came within 10 s.",
		"fast people with a VPN or a computer in the cloud.",
	},
	{
		"Right after sending, by a modern browser without its headers.",
		"the same; developer.mozilla.org Sec-Fetch-Mode.",
		"fast people behind a proxy that takes headers away.",
	},
	{
		"Soon after sending, from a mail gateway's network.",
		"the same: 94 % of its link sweeps came within 5 min; network.go.",
		"fast people in a gateway's isolated browser.",
	},
	{
		"Soon after sending, from a data centre.",
		"arp242/isbot ip_ranges.go.",
		"people with a VPN, a computer in the cloud, or a mail app that fetches there.",
	},
	{
		"A lone `name/1.2` in a data centre: a script or a server, and nobody reads there.",
		"agreement of two doubts; matomo-org/device-detector knows such apps on phones only.",
		"people with a VPN whose mail app says no more than its name.",
	},
	{
		"From a data centre, later or at an unknown time.",
		"arp242/isbot ip_ranges.go.",
		"the same people are not counted as certain.",
	},
	{
		"A proxy's user agent from elsewhere: forged, or contested.",
		"one project calls Gmail's prefetch Outlook's; owner.go.",
		"a provider's users, if it fetches from another AS than it is known for.",
	},
	{
		"A lone `name/1.2`: a script's library or somebody's app, and nothing tells which.",
		"both are common; matomo-org/device-detector Tests/Parser/Client/fixtures lists apps that send no more.",
		"nobody; it says that it does not know.",
	},
	{
		"Apple's own user agent, and not a word about the network: with or without Apple's relay cannot be told.",
		"litmus.com/blog/email-client-market-share-december-2021: iOS 15 and later send it with Mail Privacy Protection off too.",
		"people with it off are not counted as certain.",
	},
	{
		"The network of a provider, a mail gateway or an operator of Apple's relay: their machines load images there, and staff and users browse from there.",
		"owner.go; github.com/warmbly/warmbly/issues/410.",
		"those people are not counted as certain.",
	},
	{
		"An engine on a system that it never ran on, or a version that never was.",
		"engines.go.",
		"people who change their user agent.",
	},
	{
		"A new browser without the headers that it sends with every image.",
		"developer.mozilla.org Sec-Fetch-Mode, Accept-Language.",
		"people behind a proxy that takes headers away, and mail programs that are built of a browser and not known by name.",
	},
	{
		"A product in a browser's user agent that no browser has.",
		"grammar.go.",
		"people in apps and browsers that are not in that list.",
	},
	{
		"The page around the image is a webmail.",
		"webmail.go.",
		"forgers.",
	},
	{
		"Apple Mail off the relay.",
		"litmus.com/blog/email-client-market-share-december-2021.",
		"lazy scripts that send Mozilla/5.0.",
	},
	{
		"A browser's engine in a browser's frame.",
		"nielsbasjes/yauaa, ua-parser/uap-core.",
		"a scanner that imitates a browser from a home network.",
	},
	{
		"A phone app that loads images with the system's network code, or a phone from before engines had names.",
		"nielsbasjes/yauaa, ua-parser/uap-core.",
		"machines built on the same network code.",
	},
	{
		"A program with mail in its name: scripts, gateways and mail programs have one, so it proves nothing.",
		"the custom of the trade.",
		"people with a mail program that is not known by name are not counted as certain.",
	},
	{
		"Nothing is known.",
		"an empty user agent is no proof (arp242/isbot user_agent.go leaves it open).",
		"nobody; it is counted apart.",
	},
}
