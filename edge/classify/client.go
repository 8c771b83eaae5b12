package classify

// label is a short name for breakdowns. Where a user agent has several, the
// smallest wins: proxies, then mail programs, then browsers from the most
// particular to the most imitated.
type label uint8

const (
	labelNone label = iota
	labelGmail
	labelYahoo
	labelHEY
	labelFastmail
	labelSuperhuman
	labelFront
	labelSeznam
	labelRambler
	labelShortwave
	labelThunderbird
	labelWindowsMail
	labelOutlook
	labelAppleMail
	labelNotes
	labelSamsung
	labelGmailApp
	labelYahooApp
	labelSpark
	labelProton
	labelTuta
	labelZoho
	labelOtherMail
	labelWebmail // webmail that has no label above, by referer
	labelEdge
	labelSamsungBrowser
	labelOpera
	labelFirefox
	labelChrome
	labelSafari
	labelExplorer
)

var labelNames = [...]string{
	"", "Gmail", "Yahoo Mail", "HEY", "Fastmail", "Superhuman", "Front", "Seznam Email", "Rambler Mail", "Shortwave",
	"Thunderbird", "Windows Mail", "Outlook", "Apple Mail", "Lotus Notes", "Samsung Email", "Gmail", "Yahoo Mail", "Spark",
	"Proton Mail", "Tuta", "Zoho Mail", "Other mail client", "Other webmail",
	"Edge", "Samsung Internet", "Opera", "Firefox", "Chrome", "Safari", "Internet Explorer",
}

// Client names the mail client, webmail or browser of a fetch, or "" where none
// is known. It labels breakdowns; it takes no part in the verdict. Behind a
// proxy it is the provider's name, never a guess at the device.
func Client(userAgent, refererHost string) string {
	seen := read(userAgent)
	switch {
	case seen.label != labelNone && seen.label < labelWebmail:
		return labelNames[seen.label]
	case seen.traits&(saysBot|saysNamedBot|saysLibrary|saysPreview|saysHeadless|saysScanner|saysAttack) != 0:
		return ""
	case seen.traits&(isBareMozilla|isBareWebKit|isBareMobileWebKit) != 0:
		return labelNames[labelAppleMail]
	}
	if webmail := webmailLabel(refererHost); webmail != labelNone {
		return labelNames[webmail]
	}
	return labelNames[seen.label]
}

// webmail is a host, or the end of one, from which a provider shows mail.
type webmail struct {
	host  string
	label label
}

var webmails = [...]webmail{
	{"mail.google.com", labelGmail},
	{"outlook.live.com", labelOutlook},
	{"outlook.office.com", labelOutlook},
	{"outlook.office365.com", labelOutlook},
	{"outlook.cloud.microsoft", labelOutlook},
	{"mail.live.com", labelOutlook},
	{"hotmail.com", labelOutlook},
	{"mail.yahoo.com", labelYahoo},
	{"mail.yahoo.co.jp", labelYahoo},
	{"mail.aol.com", labelWebmail},
	{"app.fastmail.com", labelFastmail},
	{"fastmail.com", labelFastmail},
	{"app.hey.com", labelHEY},
	{"mail.superhuman.com", labelSuperhuman},
	{"app.frontapp.com", labelFront},
	{"email.seznam.cz", labelSeznam},
	{"mail.rambler.ru", labelRambler},
	{"app.shortwave.com", labelShortwave},
	{"icloud.com", labelWebmail},
	{"mail.proton.me", labelProton},
	{"mail.protonmail.com", labelProton},
	{"app.tuta.com", labelTuta},
	{"mail.tutanota.com", labelTuta},
	{"mail.zoho.com", labelZoho},
	{"mail.zoho.eu", labelZoho},
	{"mail.zoho.in", labelZoho},
	{"gmx.net", labelWebmail},
	{"gmx.com", labelWebmail},
	{"gmx.de", labelWebmail},
	{"gmx.at", labelWebmail},
	{"gmx.ch", labelWebmail},
	{"web.de", labelWebmail},
	{"email.t-online.de", labelWebmail},
	{"webmail.freenet.de", labelWebmail},
	{"mail.ru", labelWebmail},
	{"mail.yandex.ru", labelWebmail},
	{"mail.yandex.com", labelWebmail},
	{"mail.orange.fr", labelWebmail},
	{"messageriepro.orange.fr", labelWebmail},
	{"laposte.net", labelWebmail},
	{"zimbra.free.fr", labelWebmail},
	{"mail.free.fr", labelWebmail},
	{"mail.libero.it", labelWebmail},
	{"mail.virgilio.it", labelWebmail},
	{"poczta.onet.pl", labelWebmail},
	{"poczta.wp.pl", labelWebmail},
	{"poczta.o2.pl", labelWebmail},
	{"poczta.interia.pl", labelWebmail},
	{"mail.naver.com", labelWebmail},
	{"mail.daum.net", labelWebmail},
	{"mail.qq.com", labelWebmail},
	{"mail.163.com", labelWebmail},
	{"mail.126.com", labelWebmail},
	{"mail.sina.com.cn", labelWebmail},
	{"mail.comcast.net", labelWebmail},
	{"connect.xfinity.com", labelWebmail},
	{"mail.mailbox.org", labelWebmail},
	{"posteo.de", labelWebmail},
	{"mail.ionos.com", labelWebmail},
	{"mail.ionos.de", labelWebmail},
	{"webmail.strato.de", labelWebmail},
	{"mail.rediff.com", labelWebmail},
	{"uol.com.br", labelWebmail},
	{"terra.com.br", labelWebmail},
	{"bol.uol.com.br", labelWebmail},
}

// webmailLabel knows the large providers by host, and everybody's own webmail by
// a host that begins with `webmail.`, `owa.`, `roundcube.` or `zimbra.`.
func webmailLabel(host string) label {
	host = trim(host)
	if host == "" {
		return labelNone
	}
	for i := range webmails {
		if w := &webmails[i]; isHostOrBelow(host, w.host) {
			return w.label
		}
	}
	if hasPrefixFold(host, "webmail.") || hasPrefixFold(host, "owa.") ||
		hasPrefixFold(host, "roundcube.") || hasPrefixFold(host, "zimbra.") {
		return labelWebmail
	}
	return labelNone
}

func isHostOrBelow(host, parent string) bool {
	if !hasSuffixFold(host, parent) {
		return false
	}
	rest := len(host) - len(parent)
	return rest == 0 || host[rest-1] == '.'
}
