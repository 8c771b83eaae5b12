package classify

import "strings"

// A browser's user agent is a closed grammar: Mozilla/5.0, the system in
// brackets, an engine, and products from a small set. A machine that copies one
// often adds its name. A product that no browser has is a stranger. Web views of
// apps, televisions and Electron's programs add any names, so none is a stranger there.

// products are the names of browsers, of the systems that add their names, and of
// apps in whose web views people read. Sources: nielsbasjes/yauaa, ua-parser/uap-core,
// and general knowledge (2026-11). A word with "browser" in it needs no entry. It is
// one string, as the words of a group are.
const products = "" +
	// Engines, and the words of every browser.
	"mozilla applewebkit webkit khtml gecko like mobile safari version chrome chromium firefox crios crmo fxios focus klar " +
	"edg edge edga edgios edgw opera opr opios opx opt oprgx presto goanna servo trident msie gtb5 gtb6 gtb7.0 gtb7.1 " +
	// Browsers.
	"vivaldi brave whale yowser silk silk-accelerated=true puffin duckduckgo ddg ecosia qwant qwantmobile maxthon mxnitro metasr quark " +
	"iron iridium seamonkey palemoon waterfox basilisk k-meleon konqueror epiphany falkon qupzilla otter midori arora rekonq camino icab " +
	"omniweb galeon iceweasel icecat iceape fennec minefield namoroka shiretoko bonecho netscape netscape6 navigator flock rockmelt " +
	"comodo_dragon dragon icedragon avast avira ccleaner norton arcticfox mypal librewolf avg floorp zen mullvad sleipnir colt coast sputnik " +
	"chromeplus superbird coolnovo amigo slimjet torch kinza cheetah herring minimo kazehakase dolfin dolphin obigo netfront iemobile nokia " +
	"orion arc duckduckgo-ios rokt odin ddgios perplexity atlas comet dia samsung xiaomi omi vidaa ninesky lightning firebird phoenix " +
	// Systems and makers that add their names.
	"ubuntu kubuntu xubuntu lubuntu debian fedora red hat suse opensuse mandriva mageia gentoo centos mint linuxmint linux arch " +
	"raspbian slackware freebsd openbsd elementary uos deepin android ios kaios tizen sailfish arkweb model build os mac vr wpe " +
	"webkitgtk+ qtwebengine qtwebkit electron cordova adobeair crosswalk playstation scee nf nettv smarttv smart-tv smarttva hbbtv ce-html " +
	"googletv crkey viera netcast webos.tv web0s large screen webappmanager smm-mms opn-b vstvb cobalt starboard vizio smartcast tv roku " +
	"tesla lg wvga qvga device profile configuration up.link openwave nexplayer amazonwebappplatform cordova-amazon-fireos aftb kindle " +
	// Apps.
	"gsa instagram twitter pinterest snapchat line liff nettype language wechat micromessenger weibo qq tbs core mmwebid mmwebsdk weixin " +
	"miniprogramenv xweb qbwebviewtype wktype alipayclient alipaydefined aliapp aliyun u3 nebula dingtalk baiduboxapp baidu musical_ly bytedancewebview " +
	"bytelocale isdarkmode jssdk newsarticle ttwebview channel linkedinapp tumblr reddit slack slack_ssb teams teamsmobile-ios teamsmobile-android viber " +
	"telegram telegram-android discord skype zoom kakaotalk naver daumapps yjapp-ios yjapp-android yjtop bingsapp bingweb youtube spotify flipboard " +
	"rocket.chat mattermost notion obsidian evernote zotero koboapp koboplatform webview flutter ghostery privoxy snap ultralight camscanner " +
	"lark larklocale superapp feishu maemo luakit retrozilla iphone ipad google earth se qihu presearch aol desktop tenta hawk pixel " +
	"motorola ioswebview rv moblin intel privacywall gls nintendo smartwatch http https iabmv fban fbav barcelona threads bluesky mastodon tiktok trill shopee grab lazada amazon ebay googleapp gms gmail yaapp_ios " +
	"mobileiron secureweb airwatch intune citrix boxer salesforce fxm edition beta fb_iab edgebar minicanvas loki web tempest discover pwaminicanvas inapp kobo change language=de safari-app appmode ddg-android surf yaapp_android sa bropp webomni phx alpha yasearchapp seznam.cz sznprohlizec t5 " +
	// Avast's AntiTrack adds these to the user agents of its users.
	"likewise agency trailer atcontent unique"

const (
	productBits  = 11
	productSlots = 1 << productBits
)

// productKey is the first eight bytes of a name, in lower case, and its length. A
// test checks that no two products have the same key.
type productKey struct {
	start  uint64
	length int
}

// productTable is a hash table with linear probing; a slot of length 0 is free.
var productTable [productSlots]productKey

func fillProducts() {
	for name, rest := "", products; rest != ""; {
		name, rest, _ = strings.Cut(rest, " ")
		k := keyOfProduct(name, 0, len(name))
		at := k.hash()
		for productTable[at].length != 0 && productTable[at] != k {
			at = (at + 1) % productSlots
		}
		productTable[at] = k
	}
}

func (k productKey) hash() uint64 {
	return (k.start ^ uint64(k.length)) * 0x9E3779B97F4A7C15 >> (64 - productBits)
}

// keyOfProduct returns the key of the name from i to end. Names do not contain the
// signs that it folds.
func keyOfProduct(s string, i, end int) productKey {
	start := eightAt(s, i) | 0x2020202020202020
	if n := end - i; n < 8 {
		start &= 1<<(8*n) - 1
	}
	return productKey{start, end - i}
}

func isProduct(k productKey) bool {
	for at := k.hash(); productTable[at].length != 0; at = (at + 1) % productSlots {
		if productTable[at] == k {
			return true
		}
	}
	return false
}

// The signs that end a word, the signs that end the name in a word, and brackets.
const (
	endsName = 1 << iota
	endsWord
	bracket
)

var nameEnds = [256]uint8{
	'/': endsName, ':': endsName, ';': endsName, ',': endsName, '"': endsName, '\'': endsName,
	' ': endsName | endsWord, '\t': endsName | endsWord, '\n': endsName | endsWord, '\v': endsName | endsWord, '\f': endsName | endsWord, '\r': endsName | endsWord,
	'(': endsName | endsWord | bracket, ')': endsName | endsWord | bracket, '[': endsName | endsWord | bracket, ']': endsName | endsWord | bracket,
}

// hasStranger reports whether a product outside of brackets is in no list, or there
// are no brackets. It begins at from, outside of brackets; comments is the number of
// comments before it, usual the number that such a browser has.
func hasStranger(ua string, from, comments, usual int) bool {
	if comments == 0 && strings.IndexByte(ua, '(') < 0 {
		return true // every browser names its system
	}
	depth := 0
	for i := from; i < len(ua); i++ {
		c := ua[i]
		switch {
		case c == '(' || c == '[':
			depth++
			if comments++; comments > usual && isSpace(ua[i-1]) && isStrangeComment(ua[i+1:]) {
				return true
			}
		case c == ')' || c == ']':
			depth = max(depth-1, 0)
		case depth > 0:
			for i+1 < len(ua) && nameEnds[ua[i+1]]&bracket == 0 {
				i++
			}
		case isSpace(c):
		default:
			name := i
			for name < len(ua) && nameEnds[ua[name]] == 0 {
				name++
			}
			if c == '+' && name > i+1 {
				i++
				c = ua[i]
			}
			if isLetter(c) && !isProduct(keyOfProduct(ua, i, name)) && !isNamedOtherwise(ua[i:name]) {
				return true
			}
			for i = name; i < len(ua) && nameEnds[ua[i]]&endsWord == 0; i++ {
			}
			i-- // its end may be a bracket
		}
	}
	return false
}

// browserComments is the number of comments that every browser has: the system's and
// the engine's; Gecko has no engine's. A few have one more.
const (
	browserComments = 2
	geckoComments   = 1
)

// isStrangeComment reports whether a further comment begins with a name that is in
// no list.
func isStrangeComment(s string) bool {
	s = skipSpace(s)
	end := 0
	for end < len(s) && nameEnds[s[end]] == 0 {
		end++
	}
	return end > 0 && isLetter(s[0]) && !isProduct(keyOfProduct(s, 0, end)) && !isNamedOtherwise(s[:end])
}

// systemWords begin the parts of the system's comment of browsers on computers and
// iPhones, besides systems that are products. The comment has been frozen since 2022
// (https://www.chromium.org/updates/ua-reduction/).
var systemWords = [...]string{
	"windows", "win64", "x64", "wow64", "arm", "rv", "macintosh", "intel", "ppc", "u", "touch", "tablet", "trident", "xbox", "mac", "cros",
	"x11", "linux", "i686", "amd64", "gnu", "netbsd", "sunos", "wayland", "iphone", "ipad", "ipod", "cpu", "lumia", "quest", "pico", "valve",
}

// hasStrangeSystem reports whether a part of the system's comment begins with a word
// in no list. Parts of two letters, as in en-US, are languages.
func hasStrangeSystem(ua string) bool {
	at := strings.IndexByte(ua, '(')
	for i := at + 1; at >= 0 && i < len(ua) && ua[i] != ')'; i++ {
		for i < len(ua) && isSpace(ua[i]) {
			i++
		}
		end := i
		for end < len(ua) && (isLetter(ua[end]) || isDigit(ua[end]) || ua[end] == '_') {
			end++
		}
		if end > i+2 && !isSystemWord(ua[i:end]) && !isProduct(keyOfProduct(ua, i, end)) {
			return true
		}
		for i = end; i < len(ua) && ua[i] != ';' && ua[i] != ')'; i++ {
		}
		if i < len(ua) && ua[i] == ')' {
			break
		}
	}
	return false
}

// isSigned reports whether a part of the system's comment is a name and a version, as
// in `Example/1.0`: phones are called anything, but none has a version.
func isSigned(ua string) bool {
	at := strings.IndexByte(ua, '(') + 1
	comment := ua[at:]
	if end := strings.IndexByte(comment, ')'); end >= 0 {
		comment = comment[:end]
	}
	for at = 0; ; at++ {
		slash := strings.IndexByte(comment[at:], '/')
		if slash < 0 {
			return false
		}
		at += slash
		version := at + 1
		for version < len(comment) && isDigit(comment[version]) {
			version++
		}
		name := at
		for name > 0 && (isLetter(comment[name-1]) || comment[name-1] == '-') {
			name--
		}
		if name == at || version == at+1 || version == len(comment) || comment[version] != '.' {
			continue
		}
		if begin := trim(comment[:name]); begin != "" && begin[len(begin)-1] == ';' {
			return true
		}
	}
}

func isSystemWord(word string) bool {
	for _, w := range systemWords {
		if hasPrefixFold(word, w) { // some omit the blanks, as in WindowsNT10
			return true
		}
	}
	return false
}

// endsInEngine reports whether nothing follows the engine: no browser but
// Apple's bare WebKit ends there.
func endsInEngine(ua string) bool {
	const webKit = "applewebkit/"
	if isLikeGecko(trimEnd(ua, ')')) {
		return true
	}
	for i := range len(ua) {
		if hasPrefixFold(ua[i:], webKit) {
			return oneWord(ua[i:])
		}
	}
	return false
}

// trimEnd returns s without its last byte if that is end, or else "".
func trimEnd(s string, end byte) string {
	if s == "" || s[len(s)-1] != end {
		return ""
	}
	return s[:len(s)-1]
}

// laterMozilla returns the index of `mozilla/` after the beginning of s; 0 without
// one. It searches for the z, which is rare.
func laterMozilla(s string) int {
	const name, before = "mozilla/", len("mo")
	for _, z := range "zZ" {
		for i := before; ; i++ {
			k := strings.IndexByte(s[min(i, len(s)):], byte(z))
			if k < 0 {
				break
			}
			if i += k; i > before && hasPrefixFold(s[i-before:], name) {
				return i - before
			}
		}
	}
	return 0
}

// isNamedOtherwise reports whether a product's name contains "browser", or is the id
// of an app, as in com.example.reader. A host's name begins and ends with longer words.
func isNamedOtherwise(name string) bool {
	dots, first, last := 0, 0, 0
	for i := range len(name) {
		if name[i] == '.' {
			if dots++; dots == 1 {
				first = i
			}
			last = i
		}
		if hasPrefixFold(name[i:], "browser") {
			return true
		}
	}
	return dots >= 2 && (first <= len("com") || last+1 < len(name) && !isLetter(name[last+1]))
}
