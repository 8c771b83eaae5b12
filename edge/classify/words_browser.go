package classify

// Words of browsers, phones and their apps: what makes a person's user agent.
var browserWords = [...]group{
	// Engines, and browsers that stand for one. The version from which each
	// sends Sec-Fetch headers: developer.mozilla.org Sec-Fetch-Mode.
	{sets: saysEngine, at: starts, label: labelChrome, modernFrom: 80, neverFrom: 300, notes: engineBlink, words: []string{"chrome/", "chromium/"}},
	{sets: saysEngine, at: starts, label: labelChrome, modernFrom: 80, neverFrom: 300, words: []string{"crios/"}},
	{sets: saysEngine, at: starts, label: labelFirefox, modernFrom: 90, neverFrom: 300, notes: engineGecko, words: []string{"firefox/"}},
	{sets: saysEngine, at: starts, label: labelFirefox, words: []string{"fxios/", "focus/", "klar/"}},
	{sets: saysEngine, at: starts, modernFrom: 17, neverFrom: 100, notes: engineVersion, words: []string{"version/"}},
	{sets: saysEngine, at: starts, label: labelSafari, notes: engineSafari, words: []string{"safari/"}},
	{sets: saysEngine, at: starts, label: labelEdge, words: []string{"edg/", "edge/", "edga/", "edgios/", "edgw/"}},
	{sets: saysEngine, at: starts, label: labelOpera, words: []string{"opr/", "opios/", "opx/"}},
	{sets: saysEngine | saysOldBrowser | saysPresto, at: starts, label: labelOpera, words: []string{"opera"}},
	{sets: saysEngine, at: starts, label: labelSamsungBrowser, words: []string{"samsungbrowser"}},
	{sets: saysEngine, at: starts, words: []string{"applewebkit", "khtml", "gecko/", "goanna/", "servo/", "konqueror/", "obigo", "netscape", "[fban", "[fb_iab"}},
	{sets: saysEngine | saysPresto, at: starts, label: labelOpera, words: []string{"presto/"}},
	{sets: saysEngine | saysOldBrowser, at: starts, label: labelExplorer, words: []string{"msie", "iemobile"}},
	{sets: saysEngine | saysOldBrowser, at: starts, label: labelExplorer, notes: engineTrident, words: []string{"trident/"}},
	// Page transcoders: people browse through them.
	{sets: saysOldBrowser, at: starts, words: []string{"googleweblight", "google wireless transcoder"}},
	// Browsers that say "compatible" by habit.
	{sets: saysOldBrowser, at: starts, words: []string{
		"konqueror", "icab", "omniweb", "webtv", "blazer", "palm", "amiga", "netpositive", "emacs-w3", "series60", "series40",
		"webcapture", "compatible; windows nt", "compatible; x11", "compatible; u;", "dillo", "voyager", "elaine", "mobile2.0", "netsurf",
	}},
	{sets: saysCompatible, at: starts, does: leavesName, words: []string{"compatible;", "compatible ;", "compatible,"}},
	{sets: saysBrowser, at: inside, words: []string{"browser", "embeddedwb"}},

	// The network code of phone apps: mail apps load images with it.
	{sets: saysAppStack, at: starts, words: []string{"cfnetwork/", "dalvik/"}},
	// Phones from before the engines had names.
	{sets: saysOldPhone | saysOldBrowser, at: starts, os: osBlackBerry, device: devicePhone, words: []string{"blackberry"}},
	{sets: saysOldPhone | saysOldBrowser, at: starts, os: osSymbian, device: devicePhone, words: []string{"symbianos"}},
	{sets: saysOldPhone | saysOldBrowser, at: starts, device: devicePhone, words: []string{"nokia"}},
	{sets: saysOldPhone | saysEngine, at: starts, words: []string{"netfront", "ucbrowser", "ucweb"}},
	{sets: saysPlatform | saysOldBrowser, at: starts, os: osPlayStation, device: deviceConsole, words: []string{"playstation"}},
	{sets: saysPlatform | saysOldBrowser, at: starts, os: osNintendo, device: deviceConsole, words: []string{"nintendo"}},
	{sets: saysPlatform | saysOldBrowser, at: starts, os: osSymbian, device: devicePhone, words: []string{"symbian"}},
	{sets: saysOldPhone, at: starts, os: osWindowsPhone, device: devicePhone, words: []string{"windows ce"}},
	{sets: saysOldPhone, at: starts, device: devicePhone, words: []string{
		"midp-", "cldc-", "up.browser", "up.link", "j2me", "sonyericsson", "fban/", "opera mini", "brew/", "openwave", "palmsource", "docomo/", "kddi-", "softbank/", "vodafone/",
	}},
	// Operating systems, and the kind of device where one names it.
	{sets: saysPlatform, at: starts, os: osWindows, words: []string{"windows"}},
	{at: starts, notes: webView, words: []string{"wv)", "electron/"}},
	{at: starts, neverFrom: 11, notes: systemNT, words: []string{"windows nt"}},
	{at: starts, neverFrom: 40, notes: systemOfApple, words: []string{"iphone os", "cpu os"}},
	{at: starts, neverFrom: 40, notes: systemMac, words: []string{"intel mac os x"}},
	{at: starts, notes: geckoRevision, words: []string{"rv:"}},
	{sets: saysPlatform, at: starts, os: osMacOS, words: []string{"macintosh", "mac os", "macos"}},
	{sets: saysPlatform, at: starts, os: osIOS, device: devicePhone, words: []string{"iphone"}},
	{sets: saysPlatform, at: starts, os: osIOS, words: []string{"ipod", "ios"}},
	{sets: saysPlatform, at: starts, os: osIPadOS, device: deviceTablet, words: []string{"ipad"}},
	{sets: saysPlatform, at: starts, os: osLinux, words: []string{"linux"}},
	{sets: saysPlatform, at: starts, device: deviceDesktop, words: []string{"x11", "desktop"}},
	{sets: saysPlatform, at: starts, os: osChromeOS, words: []string{"cros"}},
	{sets: saysPlatform, at: starts, os: osTizen, words: []string{"tizen"}},
	{sets: saysPlatform, at: starts, os: osWebOS, words: []string{"webos", "web0s"}},
	{sets: saysPlatform, at: starts, os: osHarmonyOS, words: []string{"harmonyos", "openharmony"}},
	{sets: saysPlatform, at: starts, os: osKaiOS, words: []string{"kaios"}},
	{sets: saysPlatform, at: starts, os: osXbox, device: deviceConsole, words: []string{"xbox"}},
	{sets: saysPlatform, at: starts, device: devicePhone, words: []string{"mobile"}},
	{sets: saysPlatform, at: starts, words: []string{"darwin"}},
	{sets: saysPlatform, at: inside, os: osAndroid, neverFrom: 40, notes: systemAndroid, words: []string{"android"}},
	{at: starts, os: osWindowsPhone, words: []string{"windows phone", "windows mobile", "iemobile/"}},
	{at: starts, os: osWatchOS, device: deviceWatch, words: []string{"watchos", "watch os", "apple watch", "applewatch"}},
	{at: starts, os: osTVOS, device: deviceTV, words: []string{"appletv", "apple tv", "tvos"}},
	{at: starts, os: osBlackBerry, device: devicePhone, words: []string{"bb10"}},
	{at: starts, os: osBSD, words: []string{"freebsd", "openbsd", "netbsd", "dragonfly"}},
	// ETSI TS 102 796: what the browsers of televisions have to say, and CTA-2014.
	{sets: saysEngine | saysPlatform, at: starts, device: deviceTV, words: []string{"hbbtv", "ce-html"}},
	// Kinds of device, by the names that whole families share.
	{at: starts, device: deviceTV, words: []string{
		"smart-tv", "smarttv", "smart tv", "googletv", "google tv", "android tv", "androidtv", "bravia", "netcast", "crkey", "roku", "viera",
		"aftt", "aftb", "aftm", "afts", "aftn", "aftk", "aftr", "large screen", "mitv", "dtv",
	}},
	{at: whole, device: deviceTV, words: []string{"tvbox", "settopbox"}},
	{at: starts, device: deviceCar, words: []string{"qtcarbrowser", "tesla/", "android automotive", "carplay"}},
	{at: starts, device: deviceWatch, words: []string{"wear os", "wearos"}},
	{at: whole, device: deviceTablet, words: []string{"tablet", "playbook", "kindle"}},
	// The text between the system's version and the end of the comment (or
	// the word Build) is the name of the device, which is whatever the maker likes.
	{at: starts, does: entersName, words: []string{"android"}},
	{at: starts, does: leavesName, words: []string{"build/"}},
	// Makers' names and common words that end in "bot".
	{at: whole, does: excuses, words: []string{"cubot", "abbot", "talbot", "angebot", "gebot", "verbot"}},
}
