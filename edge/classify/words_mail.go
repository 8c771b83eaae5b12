package classify

// mailWords are the names of the image proxies of mail providers, and of mail programs.
// Proxies name their source. Programs are known by the name in their user agent
// (ua-parser/uap-core, nielsbasjes/yauaa EMailClients.yaml, matomo-org
// device-detector, and general knowledge; 2026-11).
//
// The order of labels in labels.go decides which one wins, not the order here.
var mailWords = [...]group{
	// blog.filippo.io/how-the-new-gmail-image-proxy-works (2013, still so)
	{sets: saysGmailProxy, at: inside, label: labelGmail, words: "googleimageproxy, via ggpht.com"},
	// sparkpost.com/blog/gmail-prefetching-images. Edge was at 12.246 in 2015 only.
	// The text after it varies: Mozilla/5.0, Gmail-content-sampling, nothing.
	{sets: saysGmailPrefetch, at: starts, label: labelGmail, words: "edge/12.246"},
	// help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html; AOL uses it too
	{sets: saysMailProxy, at: inside, label: labelYahoo, reason: "proxy_yahoo", homes: ownerYahoo | ownerGoogleCloud, words: "yahoomailproxy"},
	// hey.com/image-proxy
	{sets: saysMailProxy, at: leads, label: labelHEY, reason: "proxy_hey", homes: ownerBasecamp | ownerAmazon | ownerGoogleCloud, words: "hey.com/imageproxy"},
	// fastmail.com/policies/bots: alone it fetches calendars
	{sets: saysFastmail, at: starts, label: labelFastmail, homes: ownerFastmail, words: "fastmailua/"},
	// nielsbasjes/yauaa EMailClients.yaml
	{sets: saysMailProxy, at: starts, label: labelSuperhuman, reason: "proxy_superhuman", homes: ownerGoogle | ownerAmazon | ownerGoogleCloud, words: "superhumanproxy, superhuman"},
	{sets: saysMailProxy, at: starts, label: labelFront, reason: "proxy_front", homes: ownerAmazon | ownerGoogleCloud, words: "frontapp.com imageproxy, frontapp imageproxy"},
	// matomo-org/device-detector bots.yml
	{sets: saysMailProxy, at: starts, label: labelSeznam, reason: "proxy_seznam", homes: ownerSeznam, words: "seznamemailproxy, seznam email proxy"},
	{sets: saysMailProxy, at: starts, label: labelRambler, reason: "proxy_rambler", homes: ownerRambler, words: "ramblermail"},
	// monperrus/crawler-user-agents
	{sets: saysMailProxy, at: starts, label: labelShortwave, reason: "proxy_shortwave", homes: ownerGoogle | ownerAmazon | ownerGoogleCloud, words: "shortwave image fetcher, shortwave"},
	{sets: saysMailProxy, at: starts, reason: "proxy_mail", homes: ownerUkrNet, words: "mail.ukr.net proxy"},
	// Any other provider that calls its fetcher a mail proxy.
	{sets: saysMailProxy, at: inside, reason: "proxy_mail", words: "mailproxy, mail proxy, mail-proxy, mailimageproxy, mail image proxy, mailimgproxy"},
	{sets: saysMailProxy, at: inside, label: labelProton, reason: "proxy_mail", homes: ownerProton, words: "proton image proxy, protonmail image, proton-image-proxy"},
	// Weak: one open-source project saw it from AS8075 (Outlook on the web).
	{sets: saysOutlookProxy, at: inside, label: labelOutlook, homes: ownerMicrosoft, words: "chrome/35 safari"},
	// Image proxies of no mail provider. YandexImageResizer: mautic/mautic#8718.
	{sets: saysImageProxy, at: inside, words: "imageproxy, image proxy, image-proxy, imgproxy, imageresizer, image-resizing, camo asset proxy, github-camo, go-camo, nextcloud-mail"},

	// Office asks for the kind of a link before it opens it.
	// learn.microsoft.com/office/troubleshoot/office/office-document-open-requests
	{sets: saysProbe, at: inside, words: "protocol discovery, existence discovery, webdav-miniredir, data access internet publishing"},
	{sets: saysProbe, at: starts, words: "davclnt, microsoft office core storage, ms frontpage, msfrontpage, ms webservices client, " +
		"microsoft office upload, microsoft office syncproc, microsoft office excel, microsoft office powerpoint"},

	// Outlook of all ages. Word's renderer sends the MSIE form with ms-office.
	{sets: saysMailClient, at: starts, label: labelOutlook, words: "microsoft outlook, outlook, oneoutlook, ms-office, msoffice, microsoft office, olk/"},
	{sets: saysMailClient, at: starts, label: labelOutlook, os: osMacOS, words: "macoutlook"},
	{sets: saysMailClient, at: inside, label: labelOutlook, words: "microsoftoutlook, microsoft.outlook"},
	{sets: saysMailClient, at: starts, label: labelWindowsMail, words: "windows live mail, windowslivemail, windows mail, windows-mail, hxoutlook, hxmail, microsoft.windowscommunicationsapps, livemail"},
	{sets: saysMailClient, at: starts, label: labelThunderbird, words: "thunderbird, icedove, betterbird, shredder/, lanikai/"},
	{sets: saysMailClient, at: starts, label: labelNotes, words: "lotus-notes, lotus notes, ibm notes, hcl notes, lotusnotes, ibmnotes, hclnotes"},
	{sets: saysMailClient, at: starts, label: labelAppleMail, words: "apple mail, applemail, com.apple.mail, com.apple.mobilemail, mobilemail, maild/"},
	{sets: saysMailName, at: leads, label: labelAppleMail, words: "mail/"}, // with CFNetwork, which decides
	{sets: saysMailClient, at: leads, label: labelOtherMail, words: "canary/, newton/"},
	{sets: saysMailClient, at: starts, label: labelSamsung, words: "samsung email, samsungemail, com.samsung.android.email, secmail, sec email"},
	{sets: saysMailClient, at: starts, label: labelGmailApp, words: "com.google.android.gm/, gmail-android, gmail/, gmailhybrid"},
	{sets: saysMailClient, at: starts, label: labelYahooApp, words: "yahoo mail/, yahoomail, ymail, yahoomobilemail, yahoomobilemessenger, com.yahoo.mobile.client.android.mail"},
	{sets: saysMailClient, at: starts, label: labelSpark, words: "spark/, sparkdesktop, readdle, spark mail, sparkmail"},
	{sets: saysMailClient, at: starts, label: labelProton, words: "protonmail, proton mail, proton-mail, ch.protonmail"},
	{sets: saysMailClient, at: starts, label: labelTuta, words: "tutanota, tuta/, tuta mail, tuta-desktop"},
	{sets: saysMailClient, at: starts, label: labelZoho, words: "zohomail, zoho mail, zoho-mail, zohotrident, zmail"},

	// Programs and providers with a name of their own in breakdowns.
	{sets: saysMailClient, at: starts, label: labelPostbox, words: "postbox"},
	{sets: saysMailClient, at: starts, label: labelEMClient, words: "em client, emclient, em_client, em-client"},
	{sets: saysMailClient, at: starts, label: labelMailspring, words: "mailspring"},
	{sets: saysMailClient, at: starts, label: labelMailbird, words: "mailbird"},
	{sets: saysMailClient, at: starts, label: labelAirmail, words: "airmail"},
	{sets: saysMailClient, at: starts, label: labelFoxmail, words: "foxmail"},
	{sets: saysMailClient, at: starts, label: labelBat, words: "the bat!, thebat"},
	{sets: saysMailClient, at: starts, label: labelKMail, words: "kmail, kontact"},
	{sets: saysMailClient, at: starts, label: labelEvolution, words: "evolution/"},
	{sets: saysMailClient, at: starts, label: labelZimbra, words: "zimbra, zdesktop"},
	{sets: saysMailClient, at: starts, label: labelK9, words: "k-9 mail, k-9/, k9mail, k9 mail, com.fsck.k9"},
	{sets: saysMailClient, at: starts, label: labelFairEmail, words: "fairemail, eu.faircode.email"},
	{sets: saysMailClient, at: starts, label: labelBlueMail, words: "bluemail, blue mail, me.bluemail"},
	{sets: saysMailClient, at: starts, label: labelAquaMail, words: "aquamail, aqua mail"},
	{sets: saysMailClient, at: starts, label: labelEdison, words: "edison mail, edisonmail, easilydo"},
	{sets: saysMailClient, at: starts, label: labelMailRu, words: "mymail, my.com mail, ru.mail, mail.ru mail, mailru"},
	{sets: saysMailClient, at: starts, label: labelYandex, words: "yandexmail, yandex mail, yandex.mail, ru.yandex.mail"},
	{sets: saysMailClient, at: starts, label: labelGMX, words: "gmx mail, gmxmail, de.gmx, gmx.mobile"},
	{sets: saysMailClient, at: starts, label: labelWebDE, words: "web.de mail, webdemail, webde mail, de.web.mobile"},
	{sets: saysMailClient, at: starts, label: labelTelekom, words: "t-online mail, telekom mail, telekommail"},
	{sets: saysMailClient, at: starts, label: labelOrange, words: "orange mail"},
	{sets: saysMailClient, at: starts, label: labelLibero, words: "libero mail, liberomail"},
	{sets: saysMailClient, at: starts, label: labelNaver, words: "navermail, naver mail"},
	{sets: saysMailClient, at: starts, label: labelQQ, words: "qqmail, qq mail"},
	{sets: saysMailClient, at: starts, label: labelNetEase, words: "mailmaster, netease mail, neteasemail"},
	{sets: saysMailClient, at: starts, label: labelHuawei, words: "huaweiemail, huawei email, huaweimail, com.huawei.email"},
	{sets: saysMailClient, at: starts, label: labelAOL, words: "aol mail, aolmail, aoldesktop"},

	// Other mail programs for the desktop.
	{sets: saysMailClient, at: starts, label: labelOtherMail, words: "nylas mail, nylasmail, " +
		"eudora, pegasus mail, pmail, incredimail, opera mail, operamail, " +
		"vivaldi mail, mailmate, mailplane, mimestream, canary mail, canarymail, polymail, unibox, inky/, missive, " +
		"wavebox, shift mail, kiwi for gmail, boxy/, boxysuite, hiri/, spicebird, barca/, barcapro, pocomail, turnpike/, sylpheed, claws mail, claws-mail, " +
		"geary, balsa/, trojita, mutt/, neomutt, alpine/, gnus/, interlink, " +
		"windows-live, groupwise, novell groupwise, " +
		"kerio, mdaemon, smartermail, roundcube, squirrelmail, rainloop, snappymail, horde, openxchange, open-xchange, " +
		"ox mail, oxmail, notionmail, notion mail, twobird, twist mail, mailpilot, mail pilot, sparrow/, mailbox/, " +
		"entourage, netscape mail, netscape messenger, fossamail, epyrus, gyazmail, powermail, quickmail, mailsmith, " +
		"letterspace, postler, envoy mail, mailstrom, coremail, winbiff, turukame, shuriken, edmax, al-mail, " +
		"denshin, mailo/, mailfence, skiff, startmail, hushmail, posteo, ctemplar, runbox"},
	// Other mail programs for the phone, and providers' own apps.
	{sets: saysMailClient, at: starts, label: labelOtherMail, words: "typeapp, typemail, mailapp/, maildroid, com.ninefolders, nine mail, nine/, " +
		"rambler mail, daummail, daum mail, hanmail, " +
		"alimail, aliyun mail, sinamail, wps mail, " +
		"freenet mail, " +
		"freenetmail, virgilio mail, laposte, free mail, sfr mail, seznam.cz email, seznam mail, cz.seznam.email, " +
		"onet poczta, poczta, interia mail, wp poczta, cloudmagic, newton mail, boomerang, " +
		"spike/, spike mail, mail+, mailtime, android-mail, android mail, android email, " +
		"miuimail, xiaomi mail, com.android.email, asus email, lge email, lgemail, htcmail, htc mail, sony email, touchdown, nitrodesk, " +
		"blackberry hub, blackberry work, bbwork, good for enterprise, citrix secure mail, vmware boxer, boxer/, airwatch boxer, " +
		"fastmail/, fastmail desktop, com.fastmail, hey/, hey mail, com.basecamp.hey, frontapp, front/, rediffmail, mailjet desktop, deltachat, delta chat, " +
		"davx5, davdroid, att mail, comcast mail, xfinity mail, rocketmail, btmail, bt email, virgin mail"},
	// The program has to do with mail.
	{sets: saysMailName, at: ends, words: "mail, mails, e-mail"},
	// Beside the word for mail: the purposes of gateways.
	{sets: saysSecurity, at: inside, words: "secure, security, gateway, filter, protect, quarantine, sandbox, defend, defens, defenc, threat, antivirus, anti-virus"},
}
