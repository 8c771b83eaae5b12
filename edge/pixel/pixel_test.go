package pixel

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	gifcodec "image/gif"
	pngcodec "image/png"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/edge/event"
)

func TestRoutes(t *testing.T) {
	const (
		gifType  = "image/gif"
		pngType  = "image/png"
		textType = "text/plain; charset=utf-8"
	)
	const mayBeToken = "EAcBAgMEBQYHCBESExQVFhcYGRobHB0eHyBpHE6Gm7T2cTbSzEEdzg"
	long := strings.Repeat("x", 8000)
	for _, c := range []struct {
		path        string
		status      int
		contentType string
		kind        event.Kind
		token       string
	}{
		{"/o/abc.gif", 200, gifType, event.KindToken, "abc"},
		{"/o/abc.png", 200, pngType, event.KindToken, "abc"},
		{"/o/abc.PNG", 200, pngType, event.KindToken, "abc"},
		{"/o/abc.GiF", 200, gifType, event.KindToken, "abc"},
		{"/o/abc", 200, gifType, event.KindToken, "abc"},
		{"/o/abc.jpeg", 200, gifType, event.KindToken, "abc"},
		{"/o/abc.JPG", 200, gifType, event.KindToken, "abc"},
		{"/o/abc.webp", 200, gifType, event.KindToken, "abc"},
		{"/o/abc.html", 200, gifType, event.KindToken, "abc.html"},
		{"/o/abc.gif?x=/y.png", 200, gifType, event.KindToken, "abc"},
		{"/o/abc?.png", 200, gifType, event.KindToken, "abc"},
		{"/o/abc.gif.png", 200, pngType, event.KindToken, "abc.gif"},
		{"/o/", 200, gifType, event.KindToken, ""},
		{"/o/.gif", 200, gifType, event.KindToken, ""},
		{"/o/a/b/c.gif", 200, gifType, event.KindToken, "a/b/c"},
		{"/o/%zz.gif", 200, gifType, event.KindToken, "%zz"},
		{"/o/%", 200, gifType, event.KindToken, "%"},
		{"/o/../robots.txt", 200, gifType, event.KindToken, "../robots.txt"},
		{"/o/\x00\xff.gif", 200, gifType, event.KindToken, "\x00\xff"},
		{"/o/" + long + ".gif", 200, gifType, event.KindToken, long},
		{"/pixel/u.png", 200, pngType, event.KindUUID, "u"},
		{"/pixel/u.gif", 200, gifType, event.KindUUID, "u"},
		{"/pixel/u", 200, gifType, event.KindUUID, "u"},
		{"/pixel/", 200, gifType, event.KindUUID, ""},
		{"/any.gif", 200, gifType, event.KindOther, ""},
		{"/any.jpg", 200, gifType, event.KindOther, ""},
		{"/any.gif?x", 200, gifType, event.KindOther, ""},
		{"/?x=y.gif", 404, textType, "", ""},
		{"/" + mayBeToken, 200, gifType, event.KindOther, ""},
		{"/O/" + mayBeToken + ".gif)", 200, gifType, event.KindOther, ""},
		{"/?m=" + mayBeToken, 200, gifType, event.KindOther, ""},
		{"/o%2F" + mayBeToken + "%2Egif%20", 200, gifType, event.KindOther, ""},
		{"/" + mayBeToken[1:], 404, textType, "", ""},
		{"/PIXEL/0a1b2c3d-4e5f-8677-a899-aabbccddeeff", 200, gifType, event.KindOther, ""},
		{"/t/pixel/0a1b2c3d4e5f8677a899aabbccddeeff.png)", 200, gifType, event.KindOther, ""},
		{"/0a1b2c3d-4e5f-8677-a899-aabbccddeeff", 404, textType, "", ""},
		{"/a/b.png", 200, pngType, event.KindOther, ""},
		{"/.gif", 200, gifType, event.KindOther, ""},
		{".png", 200, pngType, event.KindOther, ""},
		{"//o/x.gif", 200, gifType, event.KindOther, ""},
		{"/O/x.gif", 200, gifType, event.KindOther, ""},
		{"/robots.txt", 200, textType, "", ""},
		{"/robots.txt/", 404, textType, "", ""},
		{"/", 404, textType, "", ""},
		{"", 404, textType, "", ""},
		{"*", 404, textType, "", ""},
		{"/o", 404, textType, "", ""},
		{"/pixel", 404, textType, "", ""},
		{"/gif", 404, textType, "", ""},
		{"gif", 404, textType, "", ""},
		{"/x.gif/", 404, textType, "", ""},
		{"/x.gifx", 404, textType, "", ""},
		{"/favicon.ico", 404, textType, "", ""},
	} {
		t.Run(c.path[:min(len(c.path), 40)], func(t *testing.T) {
			a := Route(c.path)
			got := Answer{Status: a.Status, ContentType: a.ContentType, Kind: a.Kind, Token: a.Token, Target: a.Target}
			if diff := cmp.Diff(Answer{Status: c.status, ContentType: c.contentType, Kind: c.kind, Token: c.token, Target: c.path}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if want := map[string][]byte{gifType: gif, pngType: png}[c.contentType]; want != nil && !bytes.Equal(a.Body, want) {
				t.Errorf("the body is no %s", c.contentType)
			}
		})
	}
}

func TestImagesAreOneTransparentPixel(t *testing.T) {
	for _, c := range []struct {
		name, sum string
		body      []byte
		decode    func([]byte) (image.Image, error)
	}{
		{"gif", "693d949d8c3fdc7fd4ace7c340b5f177a9f0c5be7bafee8bc93a7d88b7523d75", gif, func(b []byte) (image.Image, error) { return gifcodec.Decode(bytes.NewReader(b)) }},
		{"png", "643ac89572093a4c907c1af802b3d354453c64d545dc3f1be1ce689046064511", png, func(b []byte) (image.Image, error) { return pngcodec.Decode(bytes.NewReader(b)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			img, err := c.decode(c.body)
			if err != nil {
				t.Fatal(err)
			}
			if img.Bounds() != image.Rect(0, 0, 1, 1) {
				t.Errorf("bounds %v", img.Bounds())
			}
			if _, _, _, alpha := img.At(0, 0).RGBA(); alpha != 0 {
				t.Errorf("not transparent: %v", img.At(0, 0))
			}
			if _, format, err := image.DecodeConfig(bytes.NewReader(c.body)); err != nil || format != c.name {
				t.Errorf("recognized as %s, %v", format, err)
			}
			if sum := sha256.Sum256(c.body); hex.EncodeToString(sum[:]) != c.sum {
				t.Errorf("SHA-256 %x", sum)
			}
		})
	}
}

func TestGIFHasOneFrameAndNoRest(t *testing.T) {
	g, err := gifcodec.DecodeAll(bytes.NewReader(gif))
	if err != nil || len(g.Image) != 1 {
		t.Errorf("%d frames, %v", len(g.Image), err)
	}
	if gif[len(gif)-1] != ';' || !bytes.HasSuffix(png, []byte("IEND\xae\x42\x60\x82")) {
		t.Error("bytes after the end of the image")
	}
}

func TestEveryAnswerHasTheSameHeaders(t *testing.T) {
	for _, path := range []string{"/o/x.gif", "/pixel/x.png", "/robots.txt", "/nothing"} {
		t.Run(path, func(t *testing.T) {
			a := Route(path)
			got := map[string]string{}
			a.EachHeader(func(name, value string) {
				if _, twice := got[name]; twice {
					t.Errorf("%s twice", name)
				}
				got[name] = value
			})
			want := map[string]string{
				"Content-Type":                 a.ContentType,
				"Content-Length":               strconv.Itoa(len(a.Body)),
				"Cache-Control":                "no-store, no-cache, must-revalidate, private, max-age=0",
				"Pragma":                       "no-cache",
				"Expires":                      "Thu, 01 Jan 1970 00:00:00 GMT",
				"X-Content-Type-Options":       "nosniff",
				"Cross-Origin-Resource-Policy": "cross-origin",
				"X-Robots-Tag":                 "noindex, nofollow",
				"Referrer-Policy":              "no-referrer",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestRobotsMayNotComeIn(t *testing.T) {
	if got := string(Route("/robots.txt").Body); got != "User-agent: *\nDisallow: /\n" {
		t.Errorf("got %q", got)
	}
}

func FuzzRoute(f *testing.F) {
	for _, path := range []string{"/o/x.gif", "/pixel/x.png", "/x.GIF", "/robots.txt", "", "/o/%zz", "/\xff.pNg"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		a := Route(path)
		file, _, _ := strings.Cut(path, "?")
		lower := strings.ToLower(file)
		isPNG := strings.HasSuffix(lower, ".png")
		isImage := isPNG
		for _, extension := range []string{".gif", ".jpg", ".jpeg", ".webp"} {
			isImage = isImage || strings.HasSuffix(lower, extension)
		}
		pixel := strings.HasPrefix(path, "/o/") || strings.HasPrefix(path, "/pixel/") || isImage || MayHaveMessage(path)
		if pixel != (a.Kind != "") {
			t.Fatalf("kind %q", a.Kind)
		}
		if !pixel {
			if a.Token != "" || (a.Status == 200) != (file == "/robots.txt") {
				t.Errorf("%+v", a)
			}
			return
		}
		want := Answer{Status: 200, ContentType: "image/gif", Body: gif, Kind: a.Kind, Token: a.Token, Target: path}
		if isPNG {
			want.ContentType, want.Body = "image/png", png
		}
		if diff := cmp.Diff(want, a); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if !strings.Contains(path, a.Token) {
			t.Errorf("the token %q is not part of the path", a.Token)
		}
	})
}

func BenchmarkRoute(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Route("/o/EAcBAgMEBQYHCBESExQVFhcYGRobHB0eHyBpHE6Gm7T2cTbSzEEdzg.gif")
	}
}
