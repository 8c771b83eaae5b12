package classify

// system is an operating system. Where a user agent names several, the smallest
// wins: the imitator before the one it imitates (`Windows Phone; Android 4.2.1;
// like iPhone`), the particular before what it is built on (`Linux; Android`).
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

// device is a kind of device; the smallest wins, since a television says
// Android, and a tablet says Mobile.
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
