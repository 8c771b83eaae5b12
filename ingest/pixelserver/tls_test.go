package pixelserver

import (
	"crypto/tls"
	"io"
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
