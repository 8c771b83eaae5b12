package service

import (
	"testing"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
)

func TestPixelFlags(t *testing.T) {
	cmd := &cobra.Command{Use: "x", RunE: func(*cobra.Command, []string) error { return nil }}
	s := New(&app.App{}, cmd, "info")
	cmd.SetArgs([]string{
		"--trusted-proxies", "10.0.0.0/8,192.0.2.1", "--trusted-proxies", "::1", "--proxy-header", "forwarded",
		"--asn-db", "a.mmdb", "--pixel-tls-cert", "c.pem", "--pixel-tls-key", "k.pem",
	})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	c := s.Config.Pixel
	if len(c.TrustedProxies) != 3 || c.ProxyHeader != "forwarded" || c.ASNFile != "a.mmdb" || c.TLS.Certificate != "c.pem" || c.TLS.Key != "k.pem" {
		t.Errorf("%+v", c)
	}
}
