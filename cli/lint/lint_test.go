package lint

import (
	"errors"
	"fmt"
	"html"
	"slices"
	"strings"
	"testing"

	"glint/ingest/sheet"
)

// text has the form of a token.
var text = "E" + strings.Repeat("x-_A", 13) + "A"

var snippet = `<img src="https://img.example.com/o/` + text + `.gif" width="1" height="1" alt="" style="display:block;border:0;width:1px;height:1px">`

// with returns the pixel with a part of it changed.
func with(old, new string) string { return strings.Replace(snippet, old, new, 1) }

func TestChecks(t *testing.T) {
	page := func(body string) string { return "<html><body><p>Hello</p>" + body + "</body></html>" }
	for _, c := range []struct {
		name, html string
		want       []string
	}{
		{"as the snippet is", page(snippet), nil},
		{"in a template", page(with("https://img.example.com/o/"+text+".gif", "{{pixel_url}}")), nil},
		{"by the other style", page(with("/o/"+text+".gif", "/pixel/00000000-0000-8000-8000-000000000001.png")), nil},
		{"a path before it", page(with("/o/", "/img/o/")), nil},
		{"none", page(`<img src="https://example.com/logo.png">`), []string{"pixel"}},
		{"empty", " \n", []string{"html"}},
		{"twice", page(snippet + snippet), []string{"once"}},
		{"http", page(with("https:", "http:")), []string{"https"}},
		{"no host", page(with("https://img.example.com/o/"+text+".gif", "pixel_url.gif")), nil},
		{"a host of block lists", page(with("img.example", "track.example")), []string{"blocked"}},
		{"a path of block lists", page(with("/o/", "/tracking/o/")), []string{"blocked"}},
		{"no size", page(with(` width="1" height="1"`, "")), []string{"size", "size"}},
		{"a size of two", page(with(`width="1"`, `width="2"`)), []string{"size"}},
		{"a size by style", page(with("width:1px", "width:100%")), []string{"size"}},
		{"inline", page(with("display:block;", "")), []string{"block"}},
		{"not displayed", page(with("display:block", "display:none")), []string{"hidden"}},
		{"not displayed, in capitals", page(with("display:block", "DISPLAY : None !important")), []string{"hidden"}},
		{"in a hidden box", page(`<div style="max-height:0;overflow:hidden">` + snippet + `</div>`), []string{"hidden"}},
		{"with the attribute", page(with("<img", "<img hidden")), []string{"hidden"}},
		{"text behind", page(snippet + "<p>Unsubscribe</p>"), []string{"last"}},
		{"an image behind", page(snippet + `<img src="https://example.com/logo.png">`), []string{"last"}},
		{"by the query of any image", page(with("/o/"+text+".gif", "/1.gif?a=b&amp;m="+text)), nil},
		{"without a protocol", page(with("https:", "")), []string{"https"}},
		{"lazily", page(with("<img", `<img loading="lazy"`)), []string{"lazy"}},
		{"for clients without scripts", page("<noscript>" + snippet + "</noscript>"), nil},
		{"in a template element", page("<template>" + snippet + "</template>"), []string{"hidden"}},
		{"transparent", page(`<div style="opacity:0.0">` + snippet + `</div>`), []string{"hidden"}},
		{"in a box without width", page(`<div style="width:0em">` + snippet + `</div>`), []string{"hidden"}},
		{"hidden by a class", "<style>p{}.px, .x > .px {display:none !important}</style>" + page(with("<img", `<img class="a px"`)), []string{"hidden"}},
		{"hidden around it", "<style>/* x{} */@import url(a);\n#pre div.box{visibility:hidden}</style>" + page(`<div id="pre"><p></p><div class="box">`+snippet+`</div></div>`), []string{"hidden"}},
		{"shown by its own style", "<style>img{display:none}</style>" + page(snippet), nil},
		{"hidden elsewhere", "<style>#other .px{display:none!important} .px:hover{display:none!important}</style>" + page(with("<img", `<img class="px"`)), nil},
		{"hidden on phones only", "<style>@media (max-width:600px){.px{display:none!important}} .y{display:none}</style>" + page(with("<img", `<img class="px"`)), nil},
		{"hidden text behind", "<style>.pre{display:none}</style>" + page(snippet+`<div class="pre">Hi</div>`), nil},
		{"still encoded", strings.ReplaceAll(page(snippet), "=", "=3D"), []string{"encoding"}},
		{"in a comment", page("<!--[if mso]>" + snippet + "<![endif]-->"), []string{"pixel"}},
		{"a cut token", page(with(text, text[:50])), []string{"token"}},
		{"a placeholder's name instead of a token", page(with(text, "TOKEN")), []string{"token"}},
		{"a placeholder for the token", page(with(text, "{{token}}")), nil},
		{"a placeholder of Mailchimp for the token", page(with(text, "*|TOKEN|*")), nil},
		{"between comments", page("<!--[if !mso]><!-->" + snippet + "<!--<![endif]-->"), nil},
		{"only a style behind", page(snippet + `<style>p{}</style>`), nil},
		{"beyond the clip", page(strings.Repeat("<p>Hello</p>", 9000) + snippet), []string{"clip"}},
		{"before the clip, in a large mail", page(snippet + "<!--" + strings.Repeat("x", 200_000) + "-->"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, f := range check([]mail{{file: "mail.html", html: c.html}}) {
				got = append(got, f.Check)
				if f.Mend == "" || f.Finding == "" {
					t.Errorf("%s says nothing: %+v", f.Check, f)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("findings %v, want %v", got, c.want)
			}
		})
	}
}

func TestALostPixelIsFound(t *testing.T) {
	address := "https://img.example.com/o/" + text + ".gif"
	for _, c := range []struct{ name, html, want string }{
		{"a comment", "<p>Hello</p><!--[if mso]>" + snippet + "<![endif]-->", "only in a comment"},
		{"a link", `<a href="` + address + `">Hello</a>`, "only in a link"},
		{"a background", `<div style="background:url(` + address + `)">Hello</div>`, "only in a background"},
		{"an old background", `<table background="` + address + `"><tr><td>Hello</table>`, "only in a background"},
		{"a style", "<style>p{background:url(" + address + ")}</style><p>Hello</p>", "only in a style"},
		{"escaped", "<p>" + html.EscapeString(snippet) + "</p>", "pasted where text is written"},
		{"text", "<p>" + address + "</p>", "only in the text"},
		{"a placeholder", `<a href="{{ pixel_url }}">Hello</a>`, "only in a link"},
		{"another attribute", `<img data-src="` + address + `">`, "the attribute data-src of <img>"},
		{"an image in Gmail", `<img src="https://ci3.googleusercontent.com/meips/ABC=s0-d-e1-ft#` + address + `">`, "the attribute src of <img>"},
		{"nowhere", "<p>Hello</p>", "so no open can be seen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := check([]mail{{file: "mail.html", html: "<html><body>" + c.html + "</body></html>"}})
			if len(got) != 1 || got[0].Check != "pixel" || !strings.Contains(got[0].Finding, c.want) || strings.Contains(got[0].Finding, "only in") == (c.name == "nowhere") {
				t.Errorf("findings %+v, want %q", got, c.want)
			}
		})
	}
}

func TestTwoRecipientsOfOnePixel(t *testing.T) {
	mails := []mail{{file: "a.html", html: snippet}, {file: "b.html", html: snippet}, {file: "c.html", html: with(text, "E"+strings.Repeat("abcA", 13)+"A")}}
	got := check(mails)
	if len(got) != 1 || got[0].File != "b.html" || got[0].Check != "own" || !strings.Contains(got[0].Finding, "a.html") {
		t.Errorf("findings %+v", got)
	}
	for i := range mails {
		mails[i].html = with("https://img.example.com/o/"+text+".gif", "{{ .PixelURL }}")
	}
	if got := check(mails); len(got) != 0 {
		t.Errorf("a placeholder is no shared URL: %+v", got)
	}
}

func TestMessages(t *testing.T) {
	const good = "List-Unsubscribe: <https://example.com/u/1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
	message := func(header, body string) string {
		return "From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\n" + header + "MIME-Version: 1.0\r\n" + body
	}
	alternative := "Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nHello\r\n--x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
		strings.ReplaceAll(snippet, "=", "=3D") + "\r\n--x--\r\n"
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"as it should be", message(good, alternative), nil},
		{"no header to unsubscribe", message("", alternative), []string{"unsubscribe"}},
		{"by mail alone", message("List-Unsubscribe: <mailto:u@example.com>\r\n", alternative), []string{"unsubscribe"}},
		{"HTML alone", message(good, "Content-Type: text/html\r\n\r\n"+snippet), []string{"text"}},
		{"text alone", message(good, "Content-Type: text/plain\r\n\r\nHello\r\n"), []string{"html"}},
		{"from a mailbox", "From x@example.com Sat Nov 28 10:00:00 2026\r\n" + message(good, alternative), nil},
		{"with AMP", message(good, strings.Replace(alternative, "\r\n--x--", "\r\n--x\r\nContent-Type: text/x-amp-html\r\n\r\n<html amp4email><body><amp-img src=\"https://example.com/logo.png\"></amp-img></body></html>\r\n--x--", 1)), []string{"amp"}},
		{"with AMP and its pixel", message(good, strings.Replace(alternative, "\r\n--x--", "\r\n--x\r\nContent-Type: text/x-amp-html\r\n\r\n<html amp4email><body><amp-img src=\"https://img.example.com/o/"+text+".gif\"></amp-img></body></html>\r\n--x--", 1)), nil},
		{"two recipients", message(good+"Cc: c@example.com\r\n", alternative), []string{"own"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := parse("mail.eml", []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range check([]mail{m}) {
				got = append(got, f.Check)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("findings %v, want %v", got, c.want)
			}
		})
	}
}

func TestFilesThatAreNoMailSaySo(t *testing.T) {
	for _, text := range []string{"%PDF-1.4\n", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "PK\x03\x04word/"} {
		if _, err := parse("mail", []byte(text)); !errors.Is(err, sheet.ErrNotText) {
			t.Errorf("%q: %v", text, err)
		}
	}
	utf16 := "\xff\xfe"
	for _, c := range []byte("<p>Hello</p>" + snippet) {
		utf16 += string([]byte{c, 0})
	}
	for _, text := range []string{"<?xml version=\"1.0\"?><html>" + snippet, "<!DOCTYPE html>" + snippet, utf16} {
		m, err := parse("mail", []byte(text))
		if found := check([]mail{m}); err != nil || len(found) > 0 {
			t.Errorf("%.20q: %+v, %v", text, found, err)
		}
	}
}

// FuzzLint feeds what no mail program wrote.
func FuzzLint(f *testing.F) {
	f.Add(snippet)
	f.Add("From: a\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n--x--")
	f.Add("<table><img src=pixel_url><td>" + snippet)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parse("mail", []byte(text))
		if err != nil {
			return
		}
		for _, finding := range check([]mail{m, m}) {
			if finding.Check == "" {
				t.Error(fmt.Sprint(finding))
			}
		}
	})
}
