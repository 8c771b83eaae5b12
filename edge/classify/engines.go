package classify

// engines is the set of engines and systems that a user agent names and that can
// contradict each other.
type engines uint32

const (
	engineBlink engines = 1 << iota
	engineGecko
	engineTrident
	engineVersion // `Version/`: Safari's number, and others'
	newSafari     // 6 or later
	systemOfApple
	engineSafari
	webView // Android's, which an app signs with its name
	systemNT
	systemMac
	systemAndroid
	geckoRevision // `rv:`, which repeats Firefox's number
	engineWebKit
	engineGeckoName
	engineGuest // a name behind a comma in the engine's comment
	engineEdge
	blinkCut  // Chrome's version has not four numbers
	endsPlain // Safari's or Firefox's number is the end
)

// numbers are the versions of engines and systems; 0: not given.
type numbers struct {
	blink, gecko, revision, safari, webKit, version, nt, android, mac, edge uint16
}

// note stores the version of an engine or system.
func (n *numbers) note(e engines, number uint16) {
	switch e {
	case engineBlink:
		n.blink = number
	case engineGecko:
		n.gecko = number
	case engineSafari:
		n.safari = number
	case engineWebKit:
		n.webKit = number
	case engineVersion:
		n.version = number
	case geckoRevision:
		n.revision = number
	case systemNT:
		n.nt = number
	case systemMac:
		n.mac = number
	case engineEdge:
		n.edge = number
	case systemAndroid:
		n.android = max(n.android, number)
	}
}

// neverWas reports whether a version was never released. Apple skipped 19 to 25 of
// Safari and iOS, and 16 to 25 of macOS, in 2025; Chrome skipped 82 in 2020; Windows
// NT skipped 7 to 9.
// https://www.apple.com/newsroom/2025/06/, https://groups.google.com/a/chromium.org/g/chromium-dev/c/Vn7uzglqLz0
func neverWas(notes engines, number uint16) bool {
	switch notes {
	case engineBlink:
		return number == 82
	case engineVersion, systemOfApple:
		return 18 < number && number < 26
	case systemMac:
		return 15 < number && number < 26
	case systemNT:
		return 6 < number && number < 10
	}
	return false
}

// contradict reports whether the named engine never ran on the named system: all
// browsers for iOS use Apple's engine, Trident ran on Microsoft's systems only,
// Safari for Windows ended with version 5, and Android never had Safari.
func (e engines) contradict(out *reading, n *numbers) bool {
	if n.outlived() || n.thawed(e) || n.disagree(e) || n.cut(e, out) || e&engineBlink != 0 && e&(engineGecko|engineTrident|engineGuest|geckoRevision) != 0 || out.isDesktop() && n.unlikeDesktop(e, out) {
		return true
	}
	switch out.os {
	case osIOS, osIPadOS:
		return e&(engineBlink|engineGecko|engineTrident) != 0
	case osMacOS, osLinux, osChromeOS, osBSD:
		return e&engineTrident != 0
	case osAndroid:
		return e&engineTrident != 0 || e&newSafari != 0 && e&engineBlink == 0 && out.label == labelSafari
	case osWindows:
		return e&newSafari != 0 && e&engineBlink == 0 && out.label == labelSafari ||
			n.blink >= 30 && e&systemNT == 0 // it says Windows NT, whatever Windows is called
	}
	return false
}

// outlived reports whether the browser is newer than the last version for the named
// system: Chrome left Windows XP at 50, Windows 7 and 8 at 110, Android 4 at 82 and
// Android 7 at 120; Firefox left Windows XP at 53, Windows 7 and 8 at 116.
// https://support.google.com/chrome/a/answer/7100626, https://support.mozilla.org/kb/end-support-windows-xp-and-vista,
// https://support.mozilla.org/kb/firefox-users-windows-7-8-and-81-moving-extended-support
func (n *numbers) outlived() bool {
	switch n.nt {
	case 5:
		return n.blink >= 50 || n.gecko >= 53
	case 6:
		return n.blink >= 110 || n.gecko >= 116
	}
	return 0 < n.android && (n.android <= 4 && n.blink >= 82 || n.android <= 7 && n.blink >= 120)
}

// disagree reports whether two numbers differ that are equal in every browser:
// Firefox's version and its revision, which was 109 from 110 to 119
// (bugzilla.mozilla.org/1805967) and differed in Pale Moon until 31; Blink's version
// of WebKit and 537; and Edge's version and Chrome's.
func (n *numbers) disagree(e engines) bool {
	return n.revision != 0 && n.gecko >= 32 && n.revision != n.gecko && n.revision != 109 && e&engineTrident == 0 ||
		n.blink >= 30 && n.safari >= 600 ||
		n.edge != 0 && n.blink != 0 && n.edge != n.blink
}

// thawed reports whether a version of macOS is named behind 10.15, where every
// browser has stood since: Chrome since 90, Firefox since 87, Safari since 14. Apps
// built of a browser may name the true one, and themselves at the end.
// https://www.chromium.org/updates/ua-reduction/, bugzilla.mozilla.org/1679929
func (n *numbers) thawed(e engines) bool {
	return n.mac > 10 && e&endsPlain != 0 && (n.blink >= 93 || n.gecko >= 88 || n.blink == 0 && e&newSafari != 0 && n.version >= 15)
}

// cut reports whether Chrome's version has not four numbers, as each has. Apps and
// other browsers that name Chrome as well may cut it.
func (n *numbers) cut(e engines, out *reading) bool {
	return n.blink >= 30 && e&blinkCut != 0 && !e.isWebView(out) && out.traits&(saysBrowser|saysOldBrowser) == 0
}

// isDesktop reports whether the user agent names a computer; browsers vary less
// there than on phones.
func (r *reading) isDesktop() bool {
	return r.os == osWindows || r.os == osMacOS || r.os == osLinux && r.device == deviceDesktop
}

// unlikeDesktop reports whether a browser lacks a mark that it always has on a
// computer. Chrome has 537 as the versions of WebKit and of Safari since 28, unless a
// phone's browser asks for desktop pages under its own name; Firefox has its version
// as the revision; Safari has 604 or more since 11.
func (n *numbers) unlikeDesktop(e engines, out *reading) bool {
	switch {
	case n.blink >= 30:
		return (n.webKit != 537 || n.safari != 537) && out.traits&saysBrowser == 0
	case n.gecko >= 32:
		return n.revision == 0 || e&engineGeckoName == 0
	}
	return n.version >= 12 && 0 < n.webKit && n.webKit < 604 && out.os == osMacOS && e&engineBlink == 0
}

// isWebView reports whether an app shows the page, so that its name is among the
// products: Android marks this, and on iOS only Safari itself names Safari.
func (e engines) isWebView(out *reading) bool {
	return e&webView != 0 || (out.os == osIOS || out.os == osIPadOS) && e&engineSafari == 0
}
