package classify

// webmail is the name of a host, or its end, on which a provider shows mail.
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
	{"mail.aol.com", labelAOL},
	{"app.fastmail.com", labelFastmail},
	{"fastmail.com", labelFastmail},
	{"app.hey.com", labelHEY},
	{"mail.superhuman.com", labelSuperhuman},
	{"app.frontapp.com", labelFront},
	{"email.seznam.cz", labelSeznam},
	{"mail.rambler.ru", labelRambler},
	{"app.shortwave.com", labelShortwave},
	{"icloud.com", labelICloud},
	{"mail.proton.me", labelProton},
	{"mail.protonmail.com", labelProton},
	{"app.tuta.com", labelTuta},
	{"mail.tutanota.com", labelTuta},
	{"mail.zoho.com", labelZoho},
	{"mail.zoho.eu", labelZoho},
	{"mail.zoho.in", labelZoho},
	{"gmx.net", labelGMX},
	{"gmx.com", labelGMX},
	{"gmx.de", labelGMX},
	{"gmx.at", labelGMX},
	{"gmx.ch", labelGMX},
	{"web.de", labelWebDE},
	{"email.t-online.de", labelTelekom},
	{"webmail.freenet.de", labelOtherWebmail},
	{"mail.ru", labelMailRu},
	{"mail.yandex.ru", labelYandex},
	{"mail.yandex.com", labelYandex},
	{"mail.orange.fr", labelOrange},
	{"messageriepro.orange.fr", labelOrange},
	{"laposte.net", labelOtherWebmail},
	{"zimbra.free.fr", labelOtherWebmail},
	{"mail.free.fr", labelOtherWebmail},
	{"mail.libero.it", labelLibero},
	{"mail.virgilio.it", labelOtherWebmail},
	{"poczta.onet.pl", labelOtherWebmail},
	{"poczta.wp.pl", labelOtherWebmail},
	{"poczta.o2.pl", labelOtherWebmail},
	{"poczta.interia.pl", labelOtherWebmail},
	{"mail.naver.com", labelNaver},
	{"mail.daum.net", labelOtherWebmail},
	{"mail.qq.com", labelQQ},
	{"mail.163.com", labelNetEase},
	{"mail.126.com", labelNetEase},
	{"mail.sina.com.cn", labelOtherWebmail},
	{"mail.comcast.net", labelOtherWebmail},
	{"connect.xfinity.com", labelOtherWebmail},
	{"mail.mailbox.org", labelOtherWebmail},
	{"posteo.de", labelOtherWebmail},
	{"mail.ionos.com", labelOtherWebmail},
	{"mail.ionos.de", labelOtherWebmail},
	{"webmail.strato.de", labelOtherWebmail},
	{"mail.rediff.com", labelOtherWebmail},
	{"uol.com.br", labelOtherWebmail},
	{"terra.com.br", labelOtherWebmail},
	{"bol.uol.com.br", labelOtherWebmail},
}

// webmailLabel returns the webmail of a host: a large provider's by its name, others
// by a beginning `webmail.`, `owa.`, `roundcube.` or `zimbra.`.
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
		return labelOtherWebmail
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
