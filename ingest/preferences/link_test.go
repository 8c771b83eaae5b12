package preferences

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"glint/edge/pixel"
	"glint/edge/token"
)

func TestLinksOfEachKindOpen(t *testing.T) {
	pixels := pixelRing(t)
	ring := NewRing(pixels)
	s, err := NewSigner(pixels)
	if err != nil {
		t.Fatal(err)
	}
	page, agreement := string(s.AppendPage(nil, someone, testTime)), string(s.AppendAgreement(nil, someone, testTime))
	if len(page) != LinkLen || len(agreement) != LinkLen {
		t.Errorf("%d and %d characters", len(page), len(agreement))
	}
	for _, c := range []struct {
		link  string
		after time.Duration
		holds bool
	}{
		{page, 0, true},
		{page, 3 * 365 * 24 * time.Hour, true},
		{page, 5 * 365 * 24 * time.Hour, false},
		{agreement, 0, true},
		{agreement, AgreementTime - time.Second, true},
		{agreement, AgreementTime, false},
	} {
		l, err := ring.Open(c.link, testTime.Add(c.after))
		if (err == nil) != c.holds || err == nil && l.Recipient != someone || err != nil && !errors.Is(err, ErrLink) {
			t.Errorf("%s after %v: %+v, %v", c.link, c.after, l, err)
		}
	}
	if again := string(s.AppendPage(nil, someone, testTime.AddDate(0, 0, 20))); again != page {
		t.Error("the link of a page differs within a year")
	}
	if l, err := ring.Open(agreement, testTime); err != nil || l.Kind != Agreement || !l.IssuedAt.Equal(testTime) {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestEachChangedCharacterBreaksALink(t *testing.T) {
	pixels := pixelRing(t)
	ring := NewRing(pixels)
	s, _ := NewSigner(pixels)
	link := string(s.AppendPage(nil, someone, testTime))
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="
	tried := 0
	for i := range link {
		for _, c := range alphabet {
			changed := link[:i] + string(c) + link[i+1:]
			if changed == link {
				continue
			}
			tried++
			if _, err := ring.Open(changed, testTime); !errors.Is(err, ErrLink) {
				t.Fatalf("%s opens: %v", changed, err)
			}
		}
	}
	for _, text := range []string{"", link[1:], link + "A", strings.ToUpper(link), "../" + link, strings.Repeat("A", LinkLen)} {
		if _, err := ring.Open(text, testTime); !errors.Is(err, ErrLink) {
			t.Errorf("%q opens", text)
		}
	}
	if tried != LinkLen*(len(alphabet)-1) {
		t.Errorf("%d tries", tried)
	}
}

// TestTokenIsNoLink: a pixel's token stands in logs and in forwarded mail.
func TestTokenIsNoLink(t *testing.T) {
	pixels := pixelRing(t)
	ring := NewRing(pixels)
	s, _ := NewSigner(pixels)
	text, err := pixels.Sign(token.Token{Campaign: 7, Message: token.MessageID(someone), IssuedAt: uint32(testTime.Unix())})
	if err != nil {
		t.Fatal(err)
	}
	for _, candidate := range []string{text, text[:LinkLen], text[len(text)-LinkLen:]} {
		if _, err := ring.Open(candidate, testTime); !errors.Is(err, ErrLink) {
			t.Errorf("%s opens as a link", candidate)
		}
	}
	// A link signed by the pixel key itself is refused, too.
	raw, _ := base64.RawURLEncoding.DecodeString(string(s.AppendPage(nil, someone, testTime)))
	secret := testKey(7, token.Signing).Secret
	copy(raw[linkData:], tag(secret[:], raw[:linkData]))
	if _, err := ring.Open(base64.RawURLEncoding.EncodeToString(raw), testTime); !errors.Is(err, ErrLink) {
		t.Error("the pixel key signs links")
	}
	for _, link := range [][]byte{s.AppendPage(nil, someone, testTime), s.AppendAgreement(nil, someone, testTime)} {
		for _, path := range []string{string(link), "/o/" + string(link) + ".gif", Path + string(link)} {
			if f := pixel.Find(pixels, "other", "", path); f.Kind != "" {
				t.Errorf("%s names a message", path)
			}
		}
	}
}

func TestKeysOfLinksFollowPixelKeys(t *testing.T) {
	old := pixelRing(t, testKey(1, token.Signing))
	s, _ := NewSigner(old)
	link := string(s.AppendPage(nil, someone, testTime))
	for _, c := range []struct {
		keys  []token.Key
		holds bool
	}{
		{[]token.Key{testKey(1, token.Verifying), testKey(2, token.Signing)}, true},
		{[]token.Key{testKey(1, token.Revoked), testKey(2, token.Signing)}, false},
		{[]token.Key{testKey(2, token.Signing)}, false},
	} {
		_, err := NewRing(pixelRing(t, c.keys...)).Open(link, testTime)
		if (err == nil) != c.holds {
			t.Errorf("%v: %v", c.keys[0].State, err)
		}
	}
	if _, err := NewSigner(pixelRing(t, testKey(1, token.Verifying))); !errors.Is(err, ErrNoKey) {
		t.Error(err)
	}
}

func FuzzOpen(f *testing.F) {
	pixels := pixelRing(f)
	ring := NewRing(pixels)
	s, _ := NewSigner(pixels)
	real := string(s.AppendPage(nil, someone, testTime))
	f.Add(real)
	f.Add(strings.Repeat("A", LinkLen))
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := ring.Open(text, testTime); (err == nil) != (text == real) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
