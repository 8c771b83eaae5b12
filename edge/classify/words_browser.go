package classify

// browserWords are the words of people's user agents: browsers, phones and their apps.
var browserWords = [...]group{
	// Engines, and browsers that imply one. Source of the first version that sends
	// Sec-Fetch headers: developer.mozilla.org Sec-Fetch-Mode.
	{sets: saysEngine, at: starts, label: labelChrome, modernFrom: 80, neverFrom: 300, notes: engineBlink, words: "chrome/, chromium/"},
	{sets: saysEngine, at: starts, label: labelChrome, modernFrom: 80, neverFrom: 300, words: "crios/"},
	{sets: saysEngine, at: starts, label: labelFirefox, modernFrom: 90, neverFrom: 300, notes: engineGecko, words: "firefox/"},
	{sets: saysEngine, at: starts, label: labelFirefox, words: "fxios/, focus/, klar/"},
	{sets: saysEngine, at: starts, modernFrom: 17, neverFrom: 100, notes: engineVersion, words: "version/"},
	{sets: saysEngine, at: starts, label: labelSafari, notes: engineSafari, words: "safari/"},
	{sets: saysEngine, at: starts, label: labelEdge, words: "edge/, edga/, edgios/, edgw/"},
	{sets: saysEngine, at: starts, label: labelEdge, notes: engineEdge, words: "edg/"},
	{sets: saysEngine, at: starts, label: labelOpera, words: "opr/, opios/, opx/"},
	{sets: saysEngine | saysOldBrowser | saysPresto, at: starts, label: labelOpera, words: "opera"},
	{sets: saysEngine, at: starts, label: labelSamsungBrowser, words: "samsungbrowser"},
	{sets: saysEngine, at: starts, notes: engineWebKit, words: "applewebkit/"},
	{sets: saysEngine, at: starts, notes: engineGeckoName, words: "gecko/"},
	{sets: saysEngine, at: starts, words: "applewebkit, khtml, goanna/, servo/, konqueror/, obigo, netscape, [fban, [fb_iab"},
	{sets: saysEngine | saysPresto, at: starts, label: labelOpera, words: "presto/"},
	{sets: saysEngine | saysOldBrowser, at: starts, label: labelExplorer, neverFrom: 12, words: "msie, iemobile"},
	{sets: saysEngine | saysOldBrowser, at: starts, label: labelExplorer, notes: engineTrident, words: "trident/"},
	// Page transcoders: people browse through them.
	{sets: saysOldBrowser, at: starts, words: "googleweblight, google wireless transcoder"},
	// Browsers that say "compatible" by habit.
	{sets: saysOldBrowser, at: starts, words: "konqueror, icab, omniweb, webtv, blazer, palm, amiga, netpositive, emacs-w3, series60, series40, " +
		"webcapture, compatible; windows nt, compatible; x11, compatible; u;, dillo, voyager, elaine, mobile2.0, netsurf, haiku"},
	{sets: saysCompatible, at: starts, does: leavesName, words: "compatible;, compatible ;, compatible,"},
	{sets: saysBrowser, at: inside, words: "browser, embeddedwb"},

	// The network code of phone apps: mail apps load images with it.
	{sets: saysAppStack, at: starts, words: "cfnetwork/, dalvik/"},
	// Phones from before the engines had names.
	{sets: saysOldPhone | saysOldBrowser, at: starts, os: osBlackBerry, device: devicePhone, words: "blackberry"},
	{sets: saysOldPhone | saysOldBrowser, at: starts, os: osSymbian, device: devicePhone, words: "symbianos"},
	{sets: saysOldPhone | saysOldBrowser, at: starts, device: devicePhone, words: "nokia"},
	{sets: saysOldPhone | saysEngine, at: starts, words: "netfront, ucbrowser, ucweb"},
	{sets: saysPlatform | saysOldBrowser, at: starts, os: osPlayStation, device: deviceConsole, words: "playstation"},
	{sets: saysPlatform | saysOldBrowser, at: starts, os: osNintendo, device: deviceConsole, words: "nintendo"},
	{sets: saysPlatform | saysOldBrowser, at: starts, os: osSymbian, device: devicePhone, words: "symbian"},
	{sets: saysOldPhone, at: starts, os: osWindowsPhone, device: devicePhone, words: "windows ce"},
	{sets: saysOldPhone, at: starts, device: devicePhone, words: "midp-, cldc-, up.browser, up.link, j2me, sonyericsson, fban/, opera mini, brew/, openwave, palmsource, docomo/, kddi-, softbank/, vodafone/"},
	// Operating systems, and the kind of device where one names it.
	{sets: saysPlatform, at: starts, os: osWindows, words: "windows"},
	{at: starts, notes: webView, words: "wv), electron/"},
	{at: starts, neverFrom: 11, notes: systemNT, words: "windows nt"},
	{at: starts, neverFrom: 40, notes: systemOfApple, words: "iphone os, cpu os"},
	{at: starts, neverFrom: 40, notes: systemMac, words: "intel mac os x"},
	{at: starts, notes: geckoRevision, words: "rv:"},
	{sets: saysPlatform, at: starts, os: osMacOS, words: "macintosh, mac os, macos"},
	{sets: saysPlatform, at: starts, os: osIOS, device: devicePhone, words: "iphone"},
	{sets: saysPlatform, at: starts, os: osIOS, words: "ipod, ios"},
	{sets: saysPlatform, at: starts, os: osIPadOS, device: deviceTablet, words: "ipad"},
	{sets: saysPlatform, at: starts, os: osLinux, words: "linux"},
	{sets: saysPlatform, at: starts, device: deviceDesktop, words: "x11, desktop"},
	{sets: saysPlatform, at: starts, os: osChromeOS, words: "cros"},
	{sets: saysPlatform, at: starts, os: osTizen, words: "tizen"},
	{sets: saysPlatform, at: starts, os: osWebOS, words: "webos, web0s"},
	{sets: saysPlatform, at: starts, os: osHarmonyOS, words: "harmonyos, openharmony"},
	{sets: saysPlatform, at: starts, os: osKaiOS, words: "kaios"},
	{sets: saysPlatform, at: starts, os: osXbox, device: deviceConsole, words: "xbox"},
	{sets: saysPlatform, at: starts, device: devicePhone, words: "mobile"},
	{sets: saysPlatform, at: starts, words: "darwin"},
	{sets: saysPlatform, at: inside, os: osAndroid, neverFrom: 40, notes: systemAndroid, words: "android"},
	{at: starts, os: osWindowsPhone, words: "windows phone, windows mobile, iemobile/"},
	{at: starts, os: osWatchOS, device: deviceWatch, words: "watchos, watch os, apple watch, applewatch"},
	{at: starts, os: osTVOS, device: deviceTV, words: "appletv, apple tv, tvos"},
	{at: starts, os: osBlackBerry, device: devicePhone, words: "bb10"},
	{at: starts, os: osBSD, words: "freebsd, openbsd, netbsd, dragonfly"},
	// ETSI TS 102 796 and CTA-2014 prescribe these words for televisions.
	{sets: saysEngine | saysPlatform, at: starts, device: deviceTV, words: "hbbtv, ce-html"},
	// Kinds of device, by the names of families.
	{at: starts, device: deviceTV, words: "smart-tv, smarttv, smart tv, googletv, google tv, android tv, androidtv, bravia, netcast, crkey, roku, viera, " +
		"aftt, aftb, aftm, afts, aftn, aftk, aftr, large screen, mitv, dtv"},
	{at: whole, device: deviceTV, words: "tvbox, settopbox"},
	{at: starts, device: deviceCar, words: "qtcarbrowser, tesla/, android automotive, carplay"},
	{at: starts, device: deviceWatch, words: "wear os, wearos"},
	{at: whole, device: deviceTablet, words: "tablet, playbook, kindle"},
	// The emulator that Android's developers, sandboxes and monitors use: there was no such phone.
	{sets: isImpossible, at: starts, words: "sdk_gphone, android sdk built"},
	// The text between the system's version and the end of the comment (or the word
	// Build) is the name of the device, which may have any words.
	{at: starts, does: entersName, words: "android"},
	{at: starts, does: leavesName, words: "build/"},
	// Makers' names and common words that end in "bot".
	{at: whole, does: excuses, words: "cubot, abbot, talbot, angebot, gebot, verbot"},
}
