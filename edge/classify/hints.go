package classify

import "strings"

// A browser of Chrome's kin says its system and its number twice: in the user agent
// and in client hints. A person who changes one by hand forgets the other, as
// tools that drive a browser do.
// https://wicg.github.io/ua-client-hints/, https://www.chromium.org/updates/ua-reduction/

// anyPlatform holds the systems that Sec-CH-UA-Platform can name.
const anyPlatform = WindowsHint | MacHint | AndroidHint | LinuxHint

// platformHint gives the signals of Sec-CH-UA-Platform.
func platformHint(value string) Signals {
	value = strings.Trim(value, `"`)
	return PlatformPresent | ifIs(value, "windows", WindowsHint) | ifIs(value, "macos", MacHint) | ifIs(value, "android", AndroidHint) |
		ifIs(value, "linux", LinuxHint) | ifIs(value, "chrome os", LinuxHint) | ifIs(value, "chromium os", LinuxHint)
}

// Brands gives BrandsDiffer if Sec-CH-UA names another version of Chromium than the
// user agent names of Chrome, and nothing if either is silent or was cut. The other
// signals of Sec-CH-UA come from Signal.
func Brands(userAgent, brands string) Signals {
	const inAgent, inBrands = "Chrome/", `"Chromium";v="`
	at, hint := strings.Index(userAgent, inAgent), strings.Index(brands, inBrands)
	if at < 0 || hint < 0 {
		return 0
	}
	userAgent, brands = userAgent[at+len(inAgent):], brands[hint+len(inBrands):]
	end := 0
	for end < len(brands) && isDigit(brands[end]) {
		end++
	}
	if end == 0 || end == len(brands) || brands[end] != '"' || numberAt(userAgent, 0) == numberAt(brands, 0) {
		return 0
	}
	return BrandsDiffer
}

// contradictsHints reports whether the user agent names another system or another
// version than the client hints. A phone that asks for desktop pages says Linux,
// and on some Android's hint stays.
func (seen *reading) contradictsHints(s Signals) bool {
	var own Signals
	switch seen.os {
	case osWindows:
		own = WindowsHint
	case osMacOS:
		own = MacHint
	case osAndroid:
		own = AndroidHint
	case osLinux, osChromeOS:
		own = AndroidHint | LinuxHint
	case osIOS, osIPadOS: // Apple's engine sends no hints
	default:
		own = anyPlatform
	}
	return s&BrandsDiffer != 0 || s&anyPlatform&^own != 0
}
