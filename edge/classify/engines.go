package classify

// engines is the set of engines and systems that a user agent names, as far as
// they can contradict each other.
type engines uint8

const (
	engineBlink engines = 1 << iota
	engineGecko
	engineTrident
	engineVersion // `Version/`: Safari's number, and others'
	newSafari     // 6 or later
	systemOfApple
	engineSafari
	webView // Android's, which an app signs with its name
)

// neverWas reports whether there was no such version. Apple went from 18 to 26
// in 2025, Safari and iOS alike; Chrome left 82 out in 2020.
// https://www.apple.com/newsroom/2025/06/, https://groups.google.com/a/chromium.org/g/chromium-dev/c/Vn7uzglqLz0
func neverWas(notes engines, number uint16) bool {
	switch notes {
	case engineBlink:
		return number == 82
	case engineVersion, systemOfApple:
		return 18 < number && number < 26
	}
	return false
}

// contradict reports whether an engine is named that never ran on the system
// that is named: every browser for iOS has Apple's engine and names it
// otherwise, Trident ran on Microsoft's systems only, and Safari for Windows
// ended with version 5.
func (e engines) contradict(out *reading) bool {
	switch out.os {
	case osIOS, osIPadOS:
		return e&(engineBlink|engineGecko|engineTrident) != 0
	case osMacOS, osLinux, osAndroid, osChromeOS, osBSD:
		return e&engineTrident != 0
	case osWindows:
		return e&newSafari != 0 && e&engineBlink == 0 && out.label == labelSafari
	}
	return false
}

// isWebView reports whether an app shows a page, whose name then stands among
// the products: Android says so, and on iOS only Safari itself says Safari.
func (e engines) isWebView(out *reading) bool {
	return e&webView != 0 || (out.os == osIOS || out.os == osIPadOS) && e&engineSafari == 0
}
