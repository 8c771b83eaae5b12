package classify

// Words of browsers, phones and their apps: what makes a person's user agent.
var browserWords = [...]group{
	// Engines, and browsers that stand for one. The version from which each
	// sends Sec-Fetch headers: developer.mozilla.org Sec-Fetch-Mode.
	{sets: saysEngine, at: starts, label: labelChrome, modernFrom: 80, words: []string{"chrome/", "crios/", "chromium/"}},
	{sets: saysEngine, at: starts, label: labelFirefox, modernFrom: 90, words: []string{"firefox/"}},
	{sets: saysEngine, at: starts, label: labelFirefox, words: []string{"fxios/", "focus/", "klar/"}},
	{sets: saysEngine, at: starts, modernFrom: 17, words: []string{"version/"}},
	{sets: saysEngine, at: starts, label: labelSafari, words: []string{"safari/"}},
	{sets: saysEngine, at: starts, label: labelEdge, words: []string{"edg/", "edge/", "edga/", "edgios/", "edgw/"}},
	{sets: saysEngine, at: starts, label: labelOpera, words: []string{"opr/", "opios/", "opx/"}},
	{sets: saysEngine | saysOldBrowser | saysPresto, at: starts, label: labelOpera, words: []string{"opera"}},
	{sets: saysEngine, at: starts, label: labelSamsungBrowser, words: []string{"samsungbrowser"}},
	{sets: saysEngine, at: starts, words: []string{"applewebkit", "khtml", "gecko/", "goanna/", "servo/", "konqueror/", "obigo", "netscape", "[fban", "[fb_iab"}},
	{sets: saysEngine | saysPresto, at: starts, label: labelOpera, words: []string{"presto/"}},
	{sets: saysEngine | saysOldBrowser, at: starts, label: labelExplorer, words: []string{"msie", "trident/", "iemobile"}},
	// Browsers that say "compatible" by habit.
	{sets: saysOldBrowser, at: starts, words: []string{
		"konqueror", "icab", "omniweb", "webtv", "blazer", "palm", "amiga", "netpositive", "emacs-w3", "series60", "series40",
		"webcapture", "compatible; windows nt", "compatible; x11", "dillo", "voyager", "elaine", "mobile2.0", "netsurf",
	}},
	{sets: saysCompatible, at: starts, does: leavesName, words: []string{"compatible;", "compatible ;", "compatible,"}},
	{sets: saysBrowser, at: inside, words: []string{"browser", "embeddedwb"}},

	// The network code of phone apps: mail apps load images with it.
	{sets: saysAppStack, at: starts, words: []string{"cfnetwork/", "dalvik/"}},
	// Phones from before the engines had names.
	{sets: saysOldPhone | saysOldBrowser, at: starts, words: []string{"blackberry", "nokia", "symbianos"}},
	{sets: saysOldPhone | saysEngine, at: starts, words: []string{"netfront", "ucbrowser", "ucweb"}},
	{sets: saysPlatform | saysOldBrowser, at: starts, words: []string{"playstation", "nintendo", "symbian"}},
	{sets: saysOldPhone, at: starts, words: []string{
		"midp-", "cldc-", "up.browser", "up.link", "j2me", "sonyericsson", "windows ce", "fban/", "opera mini", "brew/", "openwave", "palmsource", "docomo/", "kddi-", "softbank/", "vodafone/",
	}},
	{sets: saysPlatform, at: starts, words: []string{
		"windows", "macintosh", "mac os", "macos", "darwin", "iphone", "ipad", "ipod", "ios", "x11", "cros", "tizen", "webos", "web0s",
		"harmonyos", "openharmony", "kaios", "xbox", "linux", "mobile", "desktop",
	}},
	{sets: saysPlatform, at: inside, words: []string{"android"}},
	// What stands between the system's version and the end of the comment (or
	// the word Build) is the name of the device, which is whatever the maker likes.
	{at: starts, does: entersName, words: []string{"android"}},
	{at: starts, does: leavesName, words: []string{"build/"}},
	// Makers' names and common words that end in "bot".
	{at: whole, does: excuses, words: []string{"cubot", "abbot", "talbot", "angebot", "gebot", "verbot"}},
}
