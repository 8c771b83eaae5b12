package classify

// Facts names the program that fetched a pixel, for breakdowns; it takes no part
// in the verdict. Each field is from a closed set and never empty:
//
//	Client  a name of the table in labels.go
//	Vendor  a vendor of that table
//	OS      Windows, Windows Phone, macOS, iOS, iPadOS, watchOS, tvOS, Android, HarmonyOS, ChromeOS, Linux, Tizen, webOS,
//	        KaiOS, BlackBerry, Symbian, BSD, PlayStation, Xbox, Nintendo
//	Device  desktop, phone, tablet, tv, console, car, watch
//
// Each can also be
//
//	unknown  the request does not show it
//	none     the client is a machine, so its claims mean nothing
//
// A mail provider's proxy hides the system and the device: both are then
// `unknown behind CLIENT`, as in `unknown behind Gmail`, whatever the proxy's
// user agent says. The same holds for Apple Mail behind Apple's relay. An iPad
// that asks for desktop pages names a Mac and counts as one; a television that
// names only Android counts as a tablet.
type Facts struct {
	Client, Vendor, OS, Device string
}

const (
	unknown = "unknown"
	none    = "none"
)

// Examine classifies one request and names the program that sent it, with one
// reading of the user agent. Like Judge it does not allocate and is safe for
// concurrent use.
func Examine(r *Request) (Verdict, Facts) {
	seen := read(r.UserAgent)
	return seen.examine(r)
}

func (seen *reading) examine(r *Request) (Verdict, Facts) {
	known := seen.known(r)
	verdict := decide(seen, known)
	return verdict, factsOf(seen, known, verdict, r.RefererHost)
}

// Agent is the result of reading a user agent, for callers that see the same ones
// repeatedly: the reading is most of the work of Examine. It does not keep the text.
type Agent struct{ seen reading }

// ReadAgent returns the result of reading a user agent.
func ReadAgent(userAgent string) Agent { return Agent{read(userAgent)} }

// ExamineAgent is Examine for a request whose user agent was read before; it
// does not look at r.UserAgent. It does not change a.
func ExamineAgent(a *Agent, r *Request) (Verdict, Facts) {
	return a.seen.examine(r)
}

// saysMachine marks a machine in a user agent without a mail program; saysBot in any.
const (
	saysMachine = saysNamedBot | saysLibrary | saysPreview | saysHeadless | saysScanner | saysAttack
	isProxied   = saysGmailProxy | saysGmailPrefetch | saysMailProxy | saysOutlookProxy
)

// factsOf returns the client of a verdict. The rule that decided comes first, then the
// user agent.
func factsOf(seen *reading, known traits, verdict Verdict, refererHost string) Facts {
	l := seen.label
	mail := l != labelNone && l < labelOtherWebmail
	switch {
	case isMachine(verdict.Class), known&saysBot != 0, !mail && known&saysMachine != 0:
		return Facts{none, none, none, none}
	case verdict.Reason == "proxy_outlook":
		return labels[labelOutlook].behind()
	case verdict.Reason == "proxy_elsewhere": // the sender is unknown
		return Facts{unknown, unknown, unknown, unknown}
	case known&isProxied != 0, known&(saysFastmail|isMozilla) == saysFastmail|isMozilla:
		if labels[l].hidden == "" { // a mail proxy that is not known by name
			l = labelMailProxy
		}
		return labels[l].behind()
	case known&saysImageProxy != 0 && !mail:
		return labels[labelImageProxy].behind()
	case !mail && known&isApple != 0 && known&onRelay != 0:
		return labels[labelAppleMail].behind()
	}
	p := &labels[programOf(seen, known, refererHost)]
	os := seen.os
	if os == osNone {
		os = p.os
	}
	return Facts{p.name, p.vendor, osNames[os], deviceNames[deviceOf(seen, os, known)]}
}

// isMachine reports whether a request of that class names no real program.
func isMachine(c Class) bool {
	return c == SecurityScanner || c == Bot || c == HTTPLibrary || c == LinkPreview || c == Headless
}

// programOf returns the label of a program that no proxy hides.
func programOf(seen *reading, known traits, refererHost string) label {
	l := seen.label
	switch {
	case l != labelNone && l < labelOtherWebmail:
		return l
	case known&isBareWebKit != 0: // github.com/warmbly/warmbly/pull/569
		return labelAppleMailOrOutlook
	case known&isApple != 0:
		return labelAppleMail
	case l == labelNone && known&saysMailName != 0:
		return labelOtherMail
	}
	if w := webmailLabel(refererHost); w != labelNone {
		return w
	}
	if l == labelSafari && seen.os == osAndroid {
		return labelAndroidBrowser
	}
	return l
}

// deviceOf returns the device that a user agent names, or else the usual one of its
// system.
func deviceOf(seen *reading, os system, known traits) device {
	switch os {
	case osWindows, osChromeOS: // desktops have `Tablet PC 2.0` and `Touch`
		return deviceDesktop
	case osMacOS, osBSD:
		if seen.device == deviceNone {
			return deviceDesktop
		}
	case osWindowsPhone, osKaiOS:
		return devicePhone
	case osAndroid:
		// Google's advice to browsers: a phone says Mobile, a tablet does not.
		// Apps and set-top boxes do not follow it.
		if seen.device == deviceNone && known&isMozilla != 0 && seen.label >= labelEdge {
			return deviceTablet
		}
	}
	return seen.device
}
