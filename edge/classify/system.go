package classify

// system is an operating system. If a user agent names several, the smallest wins: the
// imitator before the imitated (`Windows Phone; Android 4.2.1; like iPhone`), the
// specific one before its base (`Linux; Android`).
type system uint8

const (
	osNone system = iota
	osXbox
	osWindowsPhone
	osPlayStation
	osNintendo
	osHarmonyOS
	osTizen
	osWebOS
	osKaiOS
	osWatchOS
	osTVOS
	osAndroid
	osBlackBerry
	osSymbian
	osIPadOS
	osIOS
	osChromeOS
	osMacOS
	osWindows
	osBSD
	osLinux
)

var osNames = [...]string{
	unknown, "Xbox", "Windows Phone", "PlayStation", "Nintendo", "HarmonyOS", "Tizen", "webOS", "KaiOS", "watchOS", "tvOS", "Android",
	"BlackBerry", "Symbian", "iPadOS", "iOS", "ChromeOS", "macOS", "Windows", "BSD", "Linux",
}

// device is a kind of device; the smallest wins, since televisions name Android, and
// tablets say Mobile.
type device uint8

const (
	deviceNone device = iota
	deviceTV
	deviceConsole
	deviceCar
	deviceWatch
	deviceTablet
	devicePhone
	deviceDesktop
)

var deviceNames = [...]string{unknown, "tv", "console", "car", "watch", "tablet", "phone", "desktop"}
