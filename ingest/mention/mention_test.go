package mention

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"glint/edge/token"
)

var message = uuid.MustParse("01234567-89ab-8def-8123-456789abcdef")

func signed(tb testing.TB, mode token.Mode) string {
	tb.Helper()
	ring, err := token.NewRing(token.Key{ID: 7, Secret: [token.SecretLen]byte{1}})
	if err != nil {
		tb.Fatal(err)
	}
	text, err := ring.Sign(token.Token{Campaign: 1<<63 + 5, Message: token.MessageID(message), Mode: mode, IssuedAt: 1_800_000_000})
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func names(text string) bool {
	return Messages([]byte(text), func(id uuid.UUID) bool { return id == message })
}

func TestMessagesAreFoundInWhateverNamesThem(t *testing.T) {
	for mode := token.Identified; mode <= token.Aggregate; mode++ {
		s := signed(t, mode)
		for _, text := range []string{
			s, `{"token":"` + s + `"}`, "/o/" + s + ".gif?x=1", "xx" + s + "yy", "/o/" + s[:40], "/o/" + s[:36], s[:53] + "!", url.QueryEscape("/a b/" + s),
			url.QueryEscape(url.QueryEscape("/o/"+s) + "%"), "/o/%45" + s[1:], strings.Repeat("E", 60) + s,
		} {
			if text == "/o/%45"+s[1:] && s[0] != 'E' {
				continue
			}
			if !names(text) {
				t.Errorf("mode %d: not found in %s", mode, text)
			}
		}
	}
	for _, text := range []string{
		message.String(), strings.ToUpper(message.String()), strings.ReplaceAll(message.String(), "-", ""), "/pixel/" + message.String() + ".png",
		`{"event_id":"00000000000000000000000000000001","token":"` + message.String() + `"}`, "%2Fpixel%2F" + message.String(), "{" + message.String() + "}",
	} {
		if !names(text) {
			t.Errorf("not found in %s", text)
		}
	}
	other := base64.RawURLEncoding.EncodeToString(append([]byte{0x10}, make([]byte, 39)...))
	for _, text := range []string{"", "%", "%4", other, message.String()[:35], "a" + strings.ReplaceAll(message.String(), "-", ""), strings.Repeat("0", 64), "E-H_"} {
		if names(text) {
			t.Errorf("found in %q", text)
		}
	}
}

func TestAddressesAreFoundInWhateverNamesThem(t *testing.T) {
	for address, texts := range map[string][]string{
		"ada@example.com": {
			"ada@example.com", "/o/x.gif?email=Ada@Example.COM&y=1", "?email=ada%40example.com", "?u=%2F%3Fe%3Dada%2540example.com", `{"mail":"ada@example.com"}`,
			"Ada <ada@example.com>.", "to:ada@example.com, bob@example.com", "user/ada@example.com/x", "eve@x.org ada@example.com",
			`{"mail":"ada\u0040example.com"}`, `{"extra":"{\"m\":\"\\u0061da\\u0040example.com\"}"}`, `\u0022ada\u0040example.com\u0022`,
		},
		"a+b@example.com":                {"?e=a+b@example.com", "?e=a%2Bb%40example.com"},
		"grün@xn--mnchen-3ya.example":    {"?e=grün@münchen.example", "?e=gr%C3%BCn%40m%C3%BCnchen.example", `{"e":"gr\u00fcn@m\u00FCnchen.example"}`},
		"𝒶@example.com":                  {`{"e":"\ud835\udcb6@example.com"}`},
		"o'brien=x@example.com":          {"o'brien=x@example.com"},
		"first.last@mail.example.museum": {"x=1;first.last@mail.example.museum;"},
	} {
		for _, text := range texts {
			if !Addresses([]byte(text), func(found string) bool { return found == address }) {
				t.Errorf("%s not found in %s", address, text)
			}
		}
	}
	for _, text := range []string{"", "@", "a@", "@example.com", "ada@example.community", "xada@example.com", "ada@example.co", `\u`, `\u00`, `ada\u004`, `\ud835`, `ada\u0040`} {
		if Addresses([]byte(text), func(found string) bool { return found == "ada@example.com" }) {
			t.Errorf("found in %q", text)
		}
	}
}

func FuzzMention(f *testing.F) {
	f.Add("/o/x%40y.gif?a@b.c")
	f.Add(message.String())
	f.Fuzz(func(t *testing.T, text string) {
		Messages([]byte(text), func(uuid.UUID) bool { return false })
		Addresses([]byte(text), func(string) bool { return false })
		if !names(text + " " + message.String()) {
			t.Errorf("not found behind %q", text)
		}
	})
}

func BenchmarkMessages(b *testing.B) {
	line := []byte(`{"v":1,"event_id":"0123456789abcdef0123456789abcdef","opened_at":"2026-11-20T09:08:07.654Z","kind":"token","token":"` + signed(b, token.Identified) +
		`","method":"GET","user_agent":"Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)","ip":"192.0.2.0"}`)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		Messages(line, func(uuid.UUID) bool { return false })
	}
}
