package doctor

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"time"

	"glint/cli/internal/output"
	"glint/ingest/host/loopback"
)

const (
	connectTimeout = 10 * time.Second
	// expiryWarning is the remaining validity at which a certificate should have been renewed:
	// automatic issuers renew a month before expiry.
	expiryWarning = 14 * 24 * time.Hour
)

// checkConnection checks name and TLS, and reports whether the server can be reached.
func (o *options) checkConnection(ctx context.Context, r *chart, who string, u *url.URL) bool {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, u.Hostname())
	if err != nil {
		r.add(fail, who+" name", "%s is not found: %v", u.Hostname(), err)
		return false
	}
	r.add(ok, who+" name", "%s has %s", u.Hostname(), output.Plural(len(addresses), "address", "addresses"))
	if u.Scheme == "http" {
		return plainConnection(ctx, r, who, u)
	}
	dialer := tls.Dialer{Config: o.tls()}
	conn, err := dialer.DialContext(ctx, "tcp", address(u, "443"))
	if err != nil {
		r.add(fail, who+" TLS", "%v", err)
		return false
	}
	defer func() { _ = conn.Close() }()
	state := conn.(*tls.Conn).ConnectionState()
	end := state.PeerCertificates[0].NotAfter
	left := end.Sub(o.now())
	s := ok
	if left < expiryWarning {
		s = warn
	}
	r.add(s, who+" TLS", "%s, certificate good for %d days, until %s", tls.VersionName(state.Version), int(left.Hours()/24), end.UTC().Format(time.DateOnly))
	return true
}

// tls returns the TLS configuration of a mail client.
func (o *options) tls() *tls.Config {
	return &tls.Config{RootCAs: o.roots, MinVersion: tls.VersionTLS12, Time: o.now}
}

// plainConnection judges plain http: mail clients do not load it inside an https
// page, and Compute redirects it.
func plainConnection(ctx context.Context, r *chart, who string, u *url.URL) bool {
	s, finding := fail, "plain http; it must be https"
	if loopback.Is(u.Hostname()) {
		s, finding = warn, "plain http, which only this machine may use"
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address(u, "80"))
	if err != nil {
		r.add(fail, who+" TLS", "%v", err)
		return false
	}
	_ = conn.Close()
	r.add(s, who+" TLS", "%s", finding)
	return true
}

func address(u *url.URL, port string) string {
	if p := u.Port(); p != "" {
		port = p
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// unreachable adds one warning in place of all other checks of a server.
func unreachable(r *chart, who string) {
	r.add(warn, who, "cannot be reached; its other checks were skipped")
}
