package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

func secret(seed byte) (s [SecretLen]byte) {
	for i := range s {
		s[i] = seed + byte(i)
	}
	return s
}

func newTestRing(t testing.TB, keys ...Key) *Ring {
	t.Helper()
	r, err := NewRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sign(t testing.TB, r *Ring, tok Token) string {
	t.Helper()
	s, err := r.Sign(tok)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func randomToken(r *rand.Rand) Token {
	t := Token{Campaign: CampaignID(r.Uint64()), IssuedAt: r.Uint32(), Mode: Mode(r.IntN(int(modes)))}
	binary.BigEndian.PutUint64(t.Message[:8], r.Uint64())
	binary.BigEndian.PutUint64(t.Message[8:], r.Uint64())
	return t
}

// The format is frozen: messages carry their tokens for years.
var vectors = []struct {
	name, text string
	key        Key
	token      Token
}{
	{
		"zeros", "EAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQFDSu2hCWj0zwA",
		Key{},
		Token{},
	},
	{
		"counting bytes", "EAcBAgMEBQYHCAABAgMEBQYHCAkKCwwNDg9oZc1AGBlCtgKUgXcYXg",
		Key{ID: 7, Secret: secret(1)},
		Token{Key: 7, Campaign: 0x0102030405060708, Message: MessageID{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, IssuedAt: 0x6865cd40},
	},
	{
		"largest values", "EP______________________________________38o7Npd5o15Ixg",
		Key{ID: 255, Secret: secret(200)},
		Token{Key: 255, Campaign: 1<<64 - 1, Message: MessageID{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, IssuedAt: 1<<32 - 1},
	},
}

func TestFrozenTokens(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			r := newTestRing(t, v.key)
			if got := sign(t, r, v.token); got != v.text {
				t.Errorf("signed %s, want %s", got, v.text)
			}
			got, err := r.Open(v.text)
			if err != nil || got != v.token {
				t.Errorf("opened %+v, %v", got, err)
			}
		})
	}
}

func TestAModeThatThereIsNotIsNotSigned(t *testing.T) {
	r := newTestRing(t, Key{ID: 1, Secret: secret(1)})
	if b, err := r.AppendSigned([]byte("x"), Token{Mode: modes}); string(b) != "x" || !errors.Is(err, ErrVersion) {
		t.Errorf("%s, %v", b, err)
	}
}

// reference computes the token with the standard library, from the drawing in
// the package comment.
func reference(k Key, t Token) string {
	b := []byte{1<<4 | byte(t.Mode), k.ID}
	b = binary.BigEndian.AppendUint64(b, uint64(t.Campaign))
	b = append(b, t.Message[:]...)
	b = binary.BigEndian.AppendUint32(b, t.IssuedAt)
	mac := hmac.New(sha256.New, k.Secret[:])
	mac.Write(b)
	return base64.RawURLEncoding.EncodeToString(append(b, mac.Sum(nil)[:10]...))
}

func TestTagIsHMACOfTheStandardLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		k := Key{ID: uint8(r.Uint32())}
		for i := range k.Secret {
			k.Secret[i] = byte(r.Uint32())
		}
		tok := randomToken(r)
		tok.Key = k.ID
		if got, want := sign(t, newTestRing(t, k), tok), reference(k, tok); got != want {
			t.Fatalf("%s, by crypto/hmac %s", got, want)
		}
	}
}

func TestEachMutationIsRefused(t *testing.T) {
	const mutations = 1_000_000
	r := rand.New(rand.NewPCG(2, 2))
	ring := newTestRing(t, Key{ID: 1, Secret: secret(1)}, Key{ID: 2, State: Verifying, Secret: secret(2)})
	reasons := map[error]int{}
	for range mutations / 1000 {
		text := []byte(sign(t, ring, randomToken(r)))
		for range 1000 {
			i := r.IntN(len(text))
			old := text[i]
			for text[i] == old {
				text[i] = byte(r.Uint32())
			}
			_, err := ring.Open(string(text))
			if err == nil {
				t.Fatalf("accepted %s, which differs from a token in byte %d", text, i)
			}
			reasons[err]++
			text[i] = old
		}
		if _, err := ring.Open(string(text)); err != nil {
			t.Fatalf("the token itself: %v", err)
		}
	}
	for _, err := range []error{ErrMalformed, ErrVersion, ErrUnknownKey, ErrSignature} {
		if reasons[err] == 0 {
			t.Errorf("no mutation gave %v", err)
		}
	}
}

// Mutations within the alphabet reach the signature check more often than
// random bytes.
func TestEachOtherSpellingIsRefused(t *testing.T) {
	ring := newTestRing(t, Key{ID: 1, Secret: secret(1)})
	text := []byte(sign(t, ring, Token{Campaign: 42}))
	for i, old := range text {
		for _, c := range []byte(alphabet) {
			if text[i] = c; c == old {
				continue
			}
			if _, err := ring.Open(string(text)); err == nil {
				t.Errorf("accepted %s", text)
			}
		}
		text[i] = old
	}
}

func TestTokensOfOtherKeysAreRefused(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	ring := newTestRing(t, Key{ID: 1, Secret: secret(1)})
	for range 10_000 {
		other := Key{ID: 1}
		for i := range other.Secret {
			other.Secret[i] = byte(r.Uint32())
		}
		if _, err := ring.Open(reference(other, randomToken(r))); !errors.Is(err, ErrSignature) {
			t.Fatalf("got %v", err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	ring := newTestRing(t, Key{ID: 1, Secret: secret(1)}, Key{ID: 2, State: Revoked, Secret: secret(2)}, Key{ID: 3, State: Verifying, Secret: secret(3)})
	good := sign(t, ring, Token{Campaign: 1})
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"nothing", "", ErrMalformed},
		{"half a token", good[:27], ErrMalformed},
		{"one character less", good[:53], ErrMalformed},
		{"one character more", good + "A", ErrMalformed},
		{"padding", good + "==", ErrMalformed},
		{"a space around it", " " + good, ErrMalformed},
		{"the other base64 alphabet", strings.Repeat("/", 54), ErrMalformed},
		{"bits past the end", good[:53] + string(alphabet[sextets[good[53]]|1]), ErrMalformed},
		{"eight kilobytes", strings.Repeat("A", 8192), ErrMalformed},
		{"bytes that are not ASCII", strings.Repeat("\xff", 54), ErrMalformed},
		{"version 0", strings.Repeat("A", 54), ErrVersion},
		{"version 2", "I" + good[1:], ErrVersion},
		{"a reserved privacy mode", "F" + good[1:], ErrVersion},
		{"a mode that was not signed", "EQ" + good[2:], ErrSignature},
		{"an unknown key", reference(Key{ID: 9, Secret: secret(1)}, Token{}), ErrUnknownKey},
		{"a revoked key", reference(Key{ID: 2, Secret: secret(2)}, Token{}), ErrRevokedKey},
		{"a foreign key under our id", reference(Key{ID: 1, Secret: secret(9)}, Token{}), ErrSignature},
		{"the id of one key, the secret of another", reference(Key{ID: 1, Secret: secret(3)}, Token{}), ErrSignature},
		{"a good one", good, nil},
		{"a key that only verifies", reference(Key{ID: 3, Secret: secret(3)}, Token{}), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok, err := ring.Open(c.text)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err != nil && tok != (Token{}) {
				t.Errorf("says %+v beside the error", tok)
			}
		})
	}
}

func TestOpenDoesNotAllocate(t *testing.T) {
	ring := newTestRing(t, Key{ID: 1, Secret: secret(1)})
	good := sign(t, ring, Token{Campaign: 1})
	bad := good[:53] + "!"
	for _, text := range []string{good, bad, strings.Repeat("A", 54)} {
		if n := testing.AllocsPerRun(100, func() { _, _ = ring.Open(text) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
	buf := make([]byte, 0, TextLen)
	if n := testing.AllocsPerRun(100, func() { _, _ = ring.AppendSigned(buf, Token{}) }); n != 0 {
		t.Errorf("%v allocations to sign", n)
	}
}

func TestSignAppends(t *testing.T) {
	ring := newTestRing(t, Key{ID: 1, Secret: secret(1)})
	b, err := ring.AppendSigned([]byte("https://pixel.example/o/"), Token{Campaign: 1})
	if want := "https://pixel.example/o/" + sign(t, ring, Token{Campaign: 1}); err != nil || string(b) != want {
		t.Errorf("%s, %v", b, err)
	}
}

func TestMessageIDs(t *testing.T) {
	const text = "00112233-4455-6677-8899-aabbccddeeff"
	for _, s := range []string{text, strings.ToUpper(text)} {
		id, err := ParseMessageID(s)
		if err != nil || id.String() != text {
			t.Errorf("%s: %s, %v", s, id, err)
		}
		if raw, _ := hex.DecodeString(strings.ReplaceAll(text, "-", "")); string(id[:]) != string(raw) {
			t.Errorf("bytes %x", id[:])
		}
	}
	for _, s := range []string{
		"", text[:35], text + "0", "{" + text + "}", strings.ReplaceAll(text, "-", ""), strings.Replace(text, "0", "g", 1),
		strings.ReplaceAll(text, "-", "_"), "0-112233-4455-6677-8899-aabbccddeeff", text[:34] + "fg",
	} {
		if id, err := ParseMessageID(s); !errors.Is(err, ErrMessageID) || id != (MessageID{}) {
			t.Errorf("%q: %s, %v", s, id, err)
		}
	}
}

func TestCampaignIDIsDecimal(t *testing.T) {
	if got := CampaignID(1<<64 - 1).String(); got != "18446744073709551615" {
		t.Errorf("got %s", got)
	}
}

func FuzzOpen(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.text)
	}
	f.Add(strings.Repeat("A", TextLen))
	f.Add("%zz")
	ring := newTestRing(f, Key{ID: 1, Secret: secret(1)})
	f.Add(sign(f, ring, Token{Campaign: 1, IssuedAt: 2}))
	f.Fuzz(func(t *testing.T, text string) {
		tok, err := ring.Open(text)
		if err == nil && sign(t, ring, tok) != text {
			t.Errorf("%q opens, yet is not what Sign writes", text)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	ring := newTestRing(b, Key{ID: 1, Secret: secret(1)})
	text := sign(b, ring, Token{Campaign: 1})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ring.Open(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	ring := newTestRing(b, Key{ID: 1, Secret: secret(1)})
	dst := make([]byte, 0, TextLen)
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = ring.AppendSigned(dst[:0], Token{Campaign: 1})
	}
}
