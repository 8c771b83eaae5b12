package token

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

// findRing signs with key 7; key 8 is revoked.
func findRing(tb testing.TB) *Ring {
	tb.Helper()
	r, err := NewRing(Key{ID: 7, Secret: [SecretLen]byte{1, 2, 3}}, Key{ID: 8, State: Revoked, Secret: [SecretLen]byte{4}})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// signed returns a token that contains both characters that encoders change.
func signed(tb testing.TB, r *Ring) (Token, string) {
	tb.Helper()
	for n := uint64(1); ; n++ {
		t := Token{Campaign: 0x1122334455667788, Message: MessageID{0: 0xfb, 1: 0xef, 15: byte(n)}, IssuedAt: uint32(1_700_000_000 + n), Key: 7}
		text, err := r.Sign(t)
		if err != nil {
			tb.Fatal(err)
		}
		if strings.Contains(text, "-") && strings.Contains(text, "_") {
			return t, text
		}
	}
}

// escaped encodes the characters of s that are in set, or all, with a format.
func escaped(s, set, format string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if set == "" || strings.IndexByte(set, c) >= 0 {
			fmt.Fprintf(&b, format, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// replaced writes other text for - and _.
func replaced(s, dash, bar string) string { return strings.NewReplacer("-", dash, "_", bar).Replace(s) }

// mangled holds a whole token in URLs as other software changes them.
func mangled(t string) map[string]string {
	whole := "https://pixel.example/o/" + t + ".gif"
	return map[string]string{
		"plain":                               "/o/" + t + ".gif",
		"nothing around":                      t,
		"percent-encoded":                     "/o/" + escaped(t, "-_", "%%%02X") + ".gif",
		"percent-encoded, lower case":         "/o/" + escaped(t, "-_", "%%%02x") + ".gif",
		"every character percent-encoded":     "/o/" + escaped(t, "", "%%%02X") + ".gif",
		"percent-encoded twice":               "/o/" + escaped(t, "-_", "%%25%02X") + ".gif",
		"every character twice":               "/o/" + escaped(t, "", "%%25%02x") + ".gif",
		"the dot percent-encoded":             "/o/" + t + "%2Egif",
		"other extension":                     "/o/" + t + ".jpg",
		"extension twice":                     "/o/" + t + ".gif.gif",
		"no extension":                        "/o/" + t,
		"upper-case extension":                "/o/" + t + ".GIF",
		"half an extension":                   "/o/" + t + ".gi",
		"trailing parenthesis":                "/o/" + t + ".gif)",
		"trailing bracket":                    "/o/" + t + ".gif%3E",
		"brackets":                            "/o/%3C" + t + ".gif%3E",
		"square brackets":                     "/o/[" + t + "].gif",
		"braces":                              "/o/{" + t + "}",
		"quotes":                              "/o/%22" + t + "%22.gif",
		"apostrophes":                         "/o/'" + t + "'",
		"typographic quotes":                  "/o/%E2%80%9C" + t + "%E2%80%9D.gif",
		"trailing dot":                        "/o/" + t + ".gif.",
		"trailing comma":                      "/o/" + t + ",",
		"trailing semicolon":                  "/o/" + t + ".gif;",
		"trailing space":                      "/o/" + t + ".gif%20",
		"trailing no-break space":             "/o/" + t + ".gif%C2%A0",
		"trailing backslash":                  "/o/" + t + `\`,
		"trailing escape, cut short":          "/o/" + t + "%2",
		"trailing bytes that are not UTF-8":   "/o/" + t + "\xff%FF\x00",
		"ampersand entity":                    "/o/" + t + ".gif&amp;",
		"ampersand entity before":             "/o/?x=1&amp;t=" + t,
		"double slash inside":                 "/o//" + t + ".gif",
		"leading double slash":                "//o/" + t + ".gif",
		"double slashes":                      "//o//" + t + "//",
		"upper-case folder":                   "/O/" + t + ".gif",
		"prefix of a proxy":                   "/t/o/" + t + ".gif",
		"no folder":                           "/" + t + ".gif",
		"encoded slash":                       "/o%2F" + t + ".gif",
		"encoded slashes":                     "%2Fo%2F" + t + ".gif",
		"backslashes":                         `\o\` + t + ".gif",
		"encoded backslash":                   "/o%5C" + t + ".gif",
		"dot segment":                         "/./o/" + t + ".gif",
		"dot-dot segment":                     "/x/../o/" + t + ".gif",
		"path parameter":                      "/o/" + t + ".gif;jsessionid=0A1B2C3D",
		"path parameter before the extension": "/o/" + t + ";v=1.gif",
		"campaign parameters":                 "/o/" + t + ".gif?utm_source=x&utm_campaign=" + strings.Repeat("y", 54),
		"query":                               "/?m=" + t,
		"query of another path":               "/track.php?a=1&id=" + t + "&b=2",
		"percent-encoded query":               "/r?u=" + url.QueryEscape(whole),
		"safe links":                          "/?url=" + url.QueryEscape(whole) + "&data=05%7C02%7C" + strings.Repeat("A", 60) + "&sdata=" + strings.Repeat("B", 44) + "%3D&reserved=0",
		"safe links in safe links":            "/?url=" + url.QueryEscape("https://x.example/?url="+url.QueryEscape(whole)),
		"URL defense v3":                      "/v3/__" + whole + "__;!!" + strings.Repeat("Ab3-", 20) + "$",
		"URL defense v3, its end only":        "/o/" + t + ".gif__;!!AbCd!x$",
		"URL defense v2":                      "/v2/url?u=" + strings.ReplaceAll(escaped(whole, ":-_", "-%02X"), "/", "_") + "&d=DwMFaQ",
		"barracuda":                           "/url?a=" + url.QueryEscape(whole) + "&c=E,1,xyz",
		"mimecast":                            "/s/AbCdEf?domain=pixel.example&u=" + whole,
		"a wrapper's base in the path":        "/proxy/https://pixel.example/o/" + t + ".gif",
		"an image proxy's mark":               "/o/" + t + ".gif#s0-d-e1-ft",
		"glued in front":                      "/o/x" + t + ".gif",
		"glued in front by its own alphabet":  "/o/EAcE" + t + ".gif",
		"glued behind":                        "/o/" + t + "-abc.gif",
		"glued on both sides":                 "/o/EAcEAc-_" + t + "EAcBAg-_x.gif",
		"twice":                               "/o/" + t + t + ".gif",
		"twice, the first cut short":          "/o/" + t[:30] + "/o/" + t,
		"soft line break":                     "/o/" + t[:20] + "=" + t[20:] + ".gif",
		"soft line break, encoded":            "/o/" + t[:20] + "=%0D%0A" + t[20:] + ".gif",
		"soft line break, encoded twice":      "/o/" + t[:33] + "%3D%250A" + t[33:] + ".gif",
		"quoted-printable":                    "/o/" + escaped(t, "-_", "=%02X") + ".gif",
		"quoted-printable with a soft break":  "/o/" + escaped(t[:40], "-_", "=%02X") + "=" + escaped(t[40:], "-_", "=%02X") + ".gif",
		"quoted-printable query":              "/?m=3D" + t,
		"quoted-printable line end":           "/o/" + t[:40] + "=0D=0A" + t[40:] + ".gif",
		"folded line":                         "/o/" + t[:20] + "%0D%0A%20" + t[20:] + ".gif",
		"space inside":                        "/o/" + t[:20] + "%20" + t[20:] + ".gif",
		"raw space inside":                    "/o/" + t[:20] + " " + t[20:] + ".gif",
		"zero-width space inside":             "/o/" + t[:10] + "%E2%80%8B" + t[10:] + ".gif",
		"soft hyphens inside":                 "/o/" + t[:10] + "%C2%AD" + t[10:30] + "\u00ad" + t[30:] + ".gif",
		"word joiner and byte order mark":     "/o/" + t[:10] + "%E2%81%A0" + t[10:30] + "%EF%BB%BF" + t[30:] + ".gif",
		"decimal entities":                    "/o/" + escaped(t, "-_", "&#%d;") + ".gif",
		"hexadecimal entities":                "/o/" + escaped(t, "-_", "&#x%x;") + ".gif",
		"hexadecimal entities, encoded":       "/o/" + url.PathEscape(escaped(t, "-_", "&#x%X;")) + ".gif",
		"decimal entities with zeros":         "/o/" + escaped(t, "-_", "&#%04d;") + ".gif",
		"hexadecimal entities with zeros":     "/o/" + url.PathEscape(escaped(t, "-_", "&#x%04x;")) + ".gif",
		"named entities":                      "/o/" + replaced(t, "&hyphen;", "&lowbar;") + ".gif",
		"named entities, encoded":             "/o/" + url.PathEscape(replaced(t, "&dash;", "&UnderBar;")) + ".gif",
		"entities of entities":                "/o/" + escaped(t, "-_", "&amp;#%d;") + ".gif",
		"entities of entities of entities":    "/o/" + escaped(t, "-_", "&amp;amp;#x%x;") + ".gif",
		"invisible entities inside":           "/o/" + t[:9] + "&shy;" + t[9:20] + "&#8203;" + t[20:30] + "%26%23x200B%3B" + t[30:] + ".gif",
		"a word break inside":                 "/o/" + t[:20] + "<wbr>" + t[20:30] + "%3Cbr%20/%3E" + t[30:] + ".gif",
		"escapes of JSON":                     "/o/" + escaped(t, "-_", `\u%04x`) + ".gif",
		"escapes of JSON, encoded":            "/o/" + url.PathEscape(escaped(t, "-_", `\u%04X`)) + ".gif",
		"escapes of Markdown":                 "/o/" + replaced(t, `\-`, `\_`) + ".gif",
		"escapes of Markdown, encoded":        "/o/" + replaced(t, "-", "%5C_") + ".gif",
		"dashes of a word processor":          "/o/" + replaced(t, "\u2013", "_") + ".gif",
		"a hyphen that does not break":        "/o/" + url.PathEscape(replaced(t, "\u2011", "_")) + ".gif",
		"minus signs":                         "/o/" + replaced(t, "\u2212", "_") + ".gif",
		"full-width characters":               "/o/" + url.PathEscape(replaced(t, "\uff0d", "\uff3f")) + ".gif",
		"quoted attribute":                    "/%22" + html.EscapeString(`"https://pixel.example/o/`+t+`.gif"`),
		"behind forged ones":                  "/" + strings.Repeat("EAc"+strings.Repeat("A", 51)+"/", maxTries-1) + t,
		"behind unknown and revoked keys":     "/EAg" + strings.Repeat("A", 51) + "/" + strings.Repeat("EAk"+strings.Repeat("A", 51)+"/", 5) + t,
		"at the end of what is searched":      "/" + strings.Repeat("x/", (maxSearched-TextLen-1)/2) + t[:0] + strings.Repeat("y", (maxSearched-TextLen-1)%2) + t,
	}
}

func TestAValidTokenIsFoundWhateverStandsAroundIt(t *testing.T) {
	r := findRing(t)
	want, text := signed(t, r)
	cases := mangled(text)
	if len(cases) < 80 {
		t.Errorf("%d cases", len(cases))
	}
	for name, path := range cases {
		m, err := r.Find(path)
		if err != nil || m.Token != want || string(m.Text[:]) != text {
			t.Errorf("%s: %+v, %v in %s", name, m.Token, err, path)
		}
		if !HasToken(path) {
			t.Errorf("%s: no token is suspected in %s", name, path)
		}
	}
}

func TestWhatIsNoTokenIsNotFound(t *testing.T) {
	r := findRing(t)
	_, text := signed(t, r)
	other, err := NewRing(Key{ID: 9, Secret: [SecretLen]byte{9}})
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := other.Sign(Token{Campaign: 1})
	if err != nil {
		t.Fatal(err)
	}
	forged := []byte(text)
	forged[30] = alphabet[(sextets[text[30]]+1)%64]
	last := strings.IndexByte(alphabet, text[TextLen-1])
	for _, c := range []struct {
		name, path string
		want       error
	}{
		{"nothing", "", ErrMalformed},
		{"lower-cased", "/o/" + strings.ToLower(text) + ".gif", ErrMalformed},
		{"cut short", "/o/" + text[:53], ErrMalformed},
		{"a character lost", "/o/" + text[:30] + text[31:] + ".gif", ErrMalformed},
		{"a second spelling", "/o/" + text[:53] + alphabet[last+1:last+2], ErrMalformed},
		{"encoded three times", "/o/" + escaped(text, "", "%%2525%02X"), ErrMalformed},
		{"another character inside", "/o/" + text[:30] + "." + text[30:], ErrMalformed},
		{"behind what is searched", "/" + strings.Repeat("x/", maxSearched/2) + text, ErrMalformed},
		{"over the end of what is searched", "/" + strings.Repeat("x/", (maxSearched-TextLen)/2) + "y" + text, ErrMalformed},
		{"another message", "/o/" + string(forged), ErrSignature},
		{"an unknown key", "/x/o/" + unknown + ".gif)", ErrUnknownKey},
		{"a revoked key", "/x/o/EAg" + text[3:] + ".gif)", ErrRevokedKey},
		{"behind too many forged ones", "/" + strings.Repeat("EAc"+strings.Repeat("A", 51)+"/", maxTries) + text, ErrSignature},
	} {
		if m, err := r.Find(c.path); !errors.Is(err, c.want) || m != (Match{}) {
			t.Errorf("%s: %v, %v; want %v", c.name, m, err, c.want)
		}
	}
}

func TestUUIDsAreFoundWhateverStandsAroundThem(t *testing.T) {
	const dashed = "0a1b2c3d-4e5f-8677-a899-aabbccddeeff"
	want, err := ParseMessageID(dashed)
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.ReplaceAll(dashed, "-", "")
	for _, path := range []string{
		"/pixel/" + dashed + ".png", "/pixel/" + plain + ".png", "/pixel/" + dashed + ".png)", "/pixel/" + dashed + ".jpg", "/pixel/" + dashed,
		"/pixel/" + strings.ReplaceAll(dashed, "-", "%2D") + ".png", "/pixel/" + strings.ReplaceAll(dashed, "-", "%252d") + ".png",
		"/PIXEL/" + dashed + ".png", "/pixel/" + strings.ToUpper(dashed) + ".PNG", "/PIXEL/" + strings.ToUpper(plain) + ".gif", "//pixel//" + dashed + ".png",
		"/t/pixel/" + dashed + ".png", "/pixel%2F" + dashed + ".png", "/x/../Pixel/{" + dashed + "}", `\pixel\` + plain, "/pixel/x" + dashed + "abc.gif",
		"/pixel/a" + dashed, "/pixel/x" + plain + "x", "/?url=https%3A%2F%2Fpixel.example%2Fpixel%2F" + dashed + ".png", "/pixel/" + dashed[:20] + "%E2%80%8B" + dashed[20:],
		"/pixel/" + dashed[:20] + "=" + dashed[20:], "/pixel/" + strings.ReplaceAll(dashed, "-", "=2D"), "/pixel/" + dashed + "/" + strings.Repeat("0", 32),
		"/pixel/" + escaped(dashed, "", "%%%02X"), "/pixel/%22" + plain + "%22", "/pixel/?id=" + dashed,
	} {
		if got, ok := FindMessageID(path, "pixel"); !ok || got != want {
			t.Errorf("%s: %s, %v", path, got, ok)
		}
		if got, ok := FindMessageID(strings.TrimPrefix(path, "/pixel/"), ""); !ok || got != want {
			t.Errorf("%s without its folder: %s, %v", path, got, ok)
		}
	}
	for _, path := range []string{
		"", "/pixel/", "/pixel", "/pixel/" + dashed[:35], "/pixel/" + plain[:31], "/pixel/" + plain + "0", "/pixel/" + dashed[:9] + dashed[10:], "/pixels/" + dashed,
		"/xpixel/" + dashed, "/o/" + dashed + ".gif", "/" + dashed + "/pixel/", "/pixel/" + strings.Repeat("x", maxSearched) + dashed,
	} {
		if got, ok := FindMessageID(path, "pixel"); ok {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestClaimReadsTheBeginningOfAToken(t *testing.T) {
	r := findRing(t)
	full, text := signed(t, r)
	for _, c := range []struct {
		name, path string
		issued     uint32
	}{
		{"whole", "/o/" + text + ".gif", full.IssuedAt},
		{"cut short in the tag", "/o/" + text[:45], full.IssuedAt},
		{"cut short in the time", "/o/" + text[:39], 0},
		{"the least", "/o/" + text[:claimLen] + ".gif", 0},
		{"a character lost", "/o/" + text[:45] + text[46:] + ".gif", full.IssuedAt},
		{"percent-encoded", "/o%2F" + escaped(text[:30], "", "%%%02X"), 0},
	} {
		got, ok := Claim(c.path)
		if want := (Token{Campaign: full.Campaign, Key: full.Key, IssuedAt: c.issued}); !ok || got != want {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, ok, want)
		}
	}
	for _, path := range []string{"", "/o/" + text[:claimLen-1] + ".gif", "/o/" + strings.ToLower(text), "/logo.gif", "/o/FAc" + text[3:], "/o/x" + text} {
		if got, ok := Claim(path); ok {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

func TestASearchAllocatesNothing(t *testing.T) {
	r := findRing(t)
	for name, path := range worstPaths(t, r) {
		if n := testing.AllocsPerRun(20, func() {
			_, _ = r.Find(path)
			_, _ = FindMessageID(path, "pixel")
			_, _ = Claim(path)
			_ = HasToken(path)
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// worstPaths are the texts that a search takes longest for.
func worstPaths(tb testing.TB, r *Ring) map[string]string {
	tb.Helper()
	_, text := signed(tb, r)
	return map[string]string{
		"plain":      "/o/" + text + ".gif",
		"decorated":  "/t/o/" + escaped(text, "-_", "%%%02X") + ".gif)",
		"no token":   "/img/" + strings.Repeat("header-logo_2026/", 3) + "x.gif",
		"forgeries":  "/%2525%25%20" + strings.Repeat("EAcA", 150),
		"unknown":    "/%2525%25%20=2D" + strings.Repeat("EAkA", 150),
		"escapes":    strings.Repeat("%25", 60) + strings.Repeat("=2D", 60) + strings.Repeat("\u00ad", 60),
		"half UUIDs": "/pixel/" + strings.Repeat("0a1b2c3d-4e5f-8677-a899-aabbccddeef-", 20),
	}
}

var drop = strings.NewReplacer(dropPairs()...)

// The oracle implements Find's doc comment in the simplest way.
func findSlowly(r *Ring, text string) (string, bool) {
	text = text[:min(len(text), maxSearched)]
	once := unescape(text)
	twice := unescape(once)
	readings := []string{text, once, twice, drop.Replace(twice), drop.Replace(foreignSlowly(twice))}
	tries, last := maxTries, ""
	for i, s := range readings {
		if i > 0 && i < 4 && s == last || i == 4 && foreignSlowly(twice) == twice {
			continue
		}
		last = s
		for at := 0; at+TextLen <= len(s); at++ {
			switch _, err := r.Open(s[at : at+TextLen]); {
			case err == nil:
				return s[at : at+TextLen], true
			case errors.Is(err, ErrSignature):
				if tries--; tries == 0 {
					return "", false
				}
			}
		}
	}
	return "", false
}

func unescape(s string) string {
	var b []byte
	for i := 0; i < len(s); i++ {
		if i+2 < len(s) && s[i] == '%' {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil {
				b = append(b, c...)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func dropPairs() (pairs []string) {
	add := func(s string) { pairs = append(pairs, s, "") }
	for c := byte(0); c <= ' '; c++ {
		add(string([]byte{c}))
	}
	for _, s := range []string{"\x7f", "=", "\u00a0", "\u00ad", "\u3000", "\ufeff"} {
		add(s)
	}
	for _, span := range [][2]rune{{0x2000, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x206f}} {
		for c := span[0]; c <= span[1]; c++ {
			add(string(c))
		}
	}
	return pairs
}

func agreeOn(t *testing.T, r *Ring, text string) {
	t.Helper()
	m, err := r.Find(text)
	want, ok := findSlowly(r, text)
	if ok != (err == nil) || ok && string(m.Text[:]) != want {
		t.Errorf("%q: %s, %v; the oracle finds %q", text, m.Text, err, want)
	}
}

// mangle builds a text of tokens, parts of tokens and encodings.
func mangle(rng *rand.Rand, text string) string {
	pieces := []string{"/o/", "%", "25", "%25", "=", "=2D", "-5F", "&#45;", "&#x5f;", "&amp;", "&#", "45;", "&shy;", "<", "wbr>", `\`, `\u005`, "\u2011", "\xe2\x80", "\u200b", "%E2%80%8B", "EAc", "EAcBAg", "-", "_", "x", ".gif", "%0D%0A", "\u00ad", "?"}
	var b bytes.Buffer
	for range rng.IntN(12) {
		switch rng.IntN(6) {
		case 0:
			b.WriteString(text)
		case 1:
			b.WriteString(escaped(text, []string{"-_", "", "AEIOU-"}[rng.IntN(3)], []string{"%%%02X", "%%25%02x", "=%02X", "-%02X", "&#x%X;", "&amp;#%03d;", `\u%04x`}[rng.IntN(7)]))
		case 2:
			n := rng.IntN(len(text))
			b.WriteString(text[:n] + pieces[rng.IntN(len(pieces))] + text[n:])
		case 3:
			b.WriteString(text[:rng.IntN(len(text))])
		default:
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
	}
	return b.String()
}

func TestFindAgreesWithAPlainSearch(t *testing.T) {
	r := findRing(t)
	_, text := signed(t, r)
	rng := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 4000 {
		s := mangle(rng, text)
		agreeOn(t, r, s)
		if _, err := r.Find(s); err == nil {
			found++
		}
	}
	if found < 1000 || found > 3400 {
		t.Errorf("%d of 4000 texts have a token: the mix is lopsided", found)
	}
	for _, s := range mangled(text) {
		agreeOn(t, r, s)
	}
	for _, s := range worstPaths(t, r) {
		agreeOn(t, r, s)
	}
}

func FuzzFind(f *testing.F) {
	r := findRing(f)
	_, text := signed(f, r)
	for _, s := range mangled(text) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { agreeOn(t, r, s) })
}

func BenchmarkFind(b *testing.B) {
	r := findRing(b)
	_, text := signed(b, r)
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.Open(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, path := range worstPaths(b, r) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = r.Find(path)
			}
		})
	}
}
