package pixelserver

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestOverTLS(t *testing.T) {
	other := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(other.Close)
	w := serve(t, func(cfg *Config) { cfg.TLS = &tls.Config{Certificates: other.TLS.Certificates} })

	client := other.Client()
	request, err := http.NewRequest(http.MethodGet, "https://"+w.address+"/o/abc.png", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	isImage(t, answer, "png")
	if e := w.event(t); e.Token != "abc" || e.IP != "127.0.0.1" {
		t.Errorf("got %+v", e)
	}

	c, err := tls.Dial("tcp", w.address, &tls.Config{RootCAs: client.Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, get("/o/%zz.gif", "Connection: close")); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil || len(b) < 43 || string(b[len(b)-43:len(b)-37]) != "GIF89a" {
		t.Errorf("%q, %v", b, err)
	}
	if e := w.event(t); e.Token != "%zz" {
		t.Errorf("got %+v", e)
	}
}

func TestAnAuthorityIsAnsweredBesideTLSAndWithout(t *testing.T) {
	other := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(other.Close)
	const path = "/.well-known/acme-challenge/abc"
	w := serve(t, func(cfg *Config) {
		cfg.TLS = &tls.Config{Certificates: other.TLS.Certificates}
		cfg.Challenge = func(asked string) (string, bool) { return "the proof", asked == path }
	})
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- w.server.ServePlain(plain) }()
	for _, base := range []string{"https://" + w.address, "http://" + plain.Addr().String()} {
		for target, want := range map[string]string{path: "200 the proof", path + "d": "404 not found\n"} {
			answer, err := other.Client().Get(base + target)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if got := answer.Status[:4] + string(body); got != want || err != nil {
				t.Errorf("%s: %q, %v; want %q", base+target, got, err, want)
			}
		}
		answer, err := other.Client().Get(base + "/o/abc.gif")
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if e := w.event(t); e.Token != "abc" {
			t.Errorf("%s: got %+v", base, e)
		}
	}
	_ = w.server.Shutdown(ended())
	if err := <-served; err != nil {
		t.Errorf("the plain listener ended with %v", err)
	}
}
