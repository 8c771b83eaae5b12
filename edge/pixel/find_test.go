package pixel

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"glint/edge/event"
	"glint/edge/token"
)

func findRing(tb testing.TB) (*token.Ring, string) {
	tb.Helper()
	ring, err := token.NewRing(token.Key{ID: 7, Secret: [token.SecretLen]byte{1, 2, 3}})
	if err != nil {
		tb.Fatal(err)
	}
	for n := uint64(0); ; n++ {
		text, err := ring.Sign(token.Token{Campaign: 0xfbefbe0000000000 + token.CampaignID(n)})
		if err != nil {
			tb.Fatal(err)
		}
		if strings.Contains(text, "-") && strings.Contains(text, "_") {
			return ring, text
		}
	}
}

const uuidText = "0a1b2c3d-4e5f-8677-a899-aabbccddeeff"

// fieldPaths are URL paths as clients sent them, by name of the distortion.
func fieldPaths(tb testing.TB, signed string) map[string]string {
	tb.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", "mangled_paths.tsv"))
	if err != nil {
		tb.Fatal(err)
	}
	coded := strings.NewReplacer("-", "%2D", "_", "%5F")
	fill := strings.NewReplacer("{T}", signed, "{T%}", coded.Replace(signed), "{U}", uuidText, "{U%}", coded.Replace(uuidText),
		"{u}", strings.ReplaceAll(uuidText, "-", ""))
	paths := map[string]string{}
	for line := range strings.Lines(string(file)) {
		if name, path, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && name[0] != '#' {
			paths[name] = fill.Replace(path)
		}
	}
	return paths
}

// However a URL was mangled, the client gets an image and the line names the
// message: at an edge with keys, at an edge without, and in a line of an older
// edge as far as its fields allow.
func TestMangledURLsAreOpens(t *testing.T) {
	ring, signed := findRing(t)
	paths := fieldPaths(t, signed)
	if len(paths) < 40 {
		t.Errorf("%d paths", len(paths))
	}
	for name, path := range paths {
		t.Run(name, func(t *testing.T) {
			want := Found{Kind: event.KindToken}
			want.Token, _ = ring.Open(signed)
			want.Message = want.Token.Message
			if !strings.Contains(path, signed[:10]) {
				want = Found{Kind: event.KindUUID}
				want.Message, _ = token.ParseMessageID(uuidText)
			}
			a := Route(path)
			if a.ContentType != "image/gif" && a.ContentType != "image/png" || a.Kind == "" {
				t.Fatalf("no image: %+v", a)
			}
			for _, o := range []Observer{{Ring: ring}, {}} {
				e := o.Observe(&a, request(nil))
				line := e.AppendJSON(nil)
				var read event.Event
				if err := read.Parse(string(line)); err != nil {
					t.Fatal(err)
				}
				f := Find(ring, read.Kind, read.Token, read.Path)
				if f.Kind != want.Kind || f.Message != want.Message || f.Token != want.Token {
					t.Errorf("keys %v: %+v in %s", o.Ring != nil, f, line)
				}
				if o.Ring != nil && want.Kind == event.KindToken && (read.Kind != event.KindToken || read.Token != signed || read.TokenStatus != event.TokenValid) {
					t.Errorf("the edge says %s %s %s", read.Kind, read.Token, read.TokenStatus)
				}
			}
			// Before the field path existed, edges wrote the file's name only.
			if f := Find(ring, a.Kind, a.Token, ""); a.Kind != event.KindOther && f.Message != want.Message && strings.Contains(path, a.Token) && len(a.Token) > 32 {
				t.Errorf("not found in a line of an older edge: %+v", f)
			}
		})
	}
}

func TestThePathIsRecordedUnlessThePlainTokenSaysAll(t *testing.T) {
	ring, signed := findRing(t)
	for _, c := range []struct {
		name, target string
		ring         *token.Ring
		recorded     bool
		fault        error
	}{
		{"a plain token", "/o/" + signed + ".gif", ring, false, nil},
		{"a plain token with a query", "/o/" + signed + ".gif?utm_source=x", ring, false, nil},
		{"a plain token, no keys", "/o/" + signed + ".gif", nil, false, nil},
		{"a plain UUID", "/pixel/" + uuidText + ".png", ring, false, nil},
		{"a plain UUID, no keys", "/pixel/" + uuidText + ".png", nil, false, nil},
		{"a decorated token", "/o/" + signed + ".gif)", ring, true, nil},
		{"a decorated token, no keys", "/o/" + signed + ".gif)", nil, true, nil},
		{"a decorated UUID", "/pixel/" + uuidText + ".png)", ring, true, nil},
		{"a forged token", "/o/" + signed[:30] + "BBBB" + signed[34:] + ".gif", ring, true, token.ErrSignature},
		{"a token cut short", "/o/" + signed[:40], ring, true, token.ErrMalformed},
		{"a token in lower case", "/o/" + strings.ToLower(signed), ring, true, token.ErrVersion},
		{"an unknown key", "/o/EAk" + signed[3:], ring, true, token.ErrUnknownKey},
		{"no token", "/logo.gif?x=y", ring, true, token.ErrMalformed},
		{"no token, no keys", "/logo.gif?x=y", nil, true, token.ErrMalformed},
		{"no UUID", "/pixel/x.gif", ring, true, token.ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := Route(c.target)
			e := (&Observer{Ring: c.ring}).Observe(&a, request(nil))
			if want := map[bool]string{true: c.target}[c.recorded]; e.Path != want {
				t.Errorf("path %q, want %q", e.Path, want)
			}
			if f := Find(ring, e.Kind, e.Token, e.Path); !errors.Is(f.Err, c.fault) || (f.Kind == "") != (c.fault != nil) {
				t.Errorf("%+v, want fault %v", f, c.fault)
			}
		})
	}
}

func TestAPlainRequestCostsNoSearch(t *testing.T) {
	ring, signed := findRing(t)
	if n := testing.AllocsPerRun(20, func() {
		a := Route("/o/" + signed[:0] + "x.gif")
		_ = Find(ring, a.Kind, signed, a.Target)
		_ = Find(ring, event.KindOther, "", "/logo.gif")
		_ = Find(ring, event.KindUUID, "x", "/pixel/x.gif")
	}); n > 1 { // the test's own path
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkFind(b *testing.B) {
	ring, signed := findRing(b)
	for name, target := range map[string]string{
		"plain": "/o/" + signed + ".gif", "decorated": "/o/" + signed + ".gif)", "no token": "/img/header-logo.gif",
		"worst": "/o/%2525%25%20=2D" + strings.Repeat("EAcA", 150) + ".gif",
	} {
		a := Route(target)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = Find(ring, a.Kind, a.Token, a.Target)
			}
		})
	}
}
