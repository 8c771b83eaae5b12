package send

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/edge/pixel"
	"glint/edge/privacy"
	"glint/edge/token"
)

// keyed returns an app in a new home with one key, and the text of a token that it signed.
func keyed(t *testing.T) (a *app.App, text string) {
	t.Helper()
	a = &app.App{Out: io.Discard, Err: &bytes.Buffer{}, Home: home.Home(filepath.Join(t.TempDir(), "home"))}
	if err := a.Home.Make(); err != nil {
		t.Fatal(err)
	}
	keys, err := a.Home.FirstKey()
	if err != nil {
		t.Fatal(err)
	}
	ring, err := token.NewRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	if text, err = ring.Sign(token.Token{Campaign: 1, Message: token.MessageID{6: 0x80, 8: 0x80, 15: 1}}); err != nil {
		t.Fatal(err)
	}
	return a, text
}

func TestTestRefusesURLsThatCountNothing(t *testing.T) {
	a, text := keyed(t)
	changed := []byte(text)
	changed[30] = "AB"[changed[30]&1]
	const uuid = "00000000-0000-8000-8000-000000000001"
	for _, c := range []struct {
		name, path, fault string
	}{
		{name: "as registered", path: "/o/" + text + ".gif"},
		{name: "decorated", path: "/img/o/%" + "2F" + text + "=?x=1"},
		{name: "in a query", path: "/a.gif?m=" + text},
		{name: "a UUID", path: "/pixel/" + uuid + ".png"},
		{name: "a cut token", path: "/o/" + text[:50] + ".gif", fault: "names no message"},
		{name: "a placeholder", path: "/o/TOKEN.gif", fault: "names no message"},
		{name: "the bare host", path: "/", fault: "names no message"},
		{name: "a UUID elsewhere", path: "/o/" + uuid + ".gif", fault: "names no message"},
		{name: "a changed token", path: "/o/" + string(changed) + ".gif", fault: "no key of this home signed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := url.Parse("https://pixel.example.com" + c.path)
			if err != nil {
				t.Fatal(err)
			}
			if err := checkNamesMessage(a, u); c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
				t.Errorf("error %v, want %q", err, c.fault)
			}
		})
	}
	keyless := &app.App{Err: &bytes.Buffer{}, Home: home.Home(t.TempDir())}
	if err := checkNamesMessage(keyless, &url.URL{Scheme: "https", Host: "pixel.example.com", Path: "/o/" + text + ".gif"}); err != nil {
		t.Errorf("a key that is elsewhere: %v", err)
	}
	if got := keyless.Err.(*bytes.Buffer).String(); !strings.Contains(got, "not checked") {
		t.Errorf("a key that is elsewhere: note %q", got)
	}
}

// TestVerdictIsThatOfTheRealRequest sends each player's request to a pixel, and
// compares the verdict on what arrives with the printed one.
func TestVerdictIsThatOfTheRealRequest(t *testing.T) {
	a, text := keyed(t)
	for i := range players {
		p := &players[i]
		t.Run(p.name, func(t *testing.T) {
			var got string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer := pixel.Route(r.URL.RequestURI())
				o := pixel.Observer{Edge: "test"}
				e := o.Observe(&answer, &pixel.Request{Method: r.Method, Protocol: r.Proto, Header: r.Header.Get, Network: pixel.Network{Known: true}})
				v := privacy.Judge(&e)
				got = v.Class.String() + " " + v.Reason
				w.Header().Set("Content-Type", answer.ContentType)
				_, _ = w.Write(answer.Body)
			}))
			defer server.Close()
			u, err := url.Parse(server.URL + "/o/" + text + ".gif")
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			b := *a
			b.Out = &out
			if err := p.play(context.Background(), &b, u); err != nil {
				t.Fatal(err)
			}
			here := strings.Join(strings.Fields(strings.Split(out.String(), "\n")[1])[2:4], " ")
			if here != got {
				t.Errorf("printed %q, and the request is %q", here, got)
			}
		})
	}
}
