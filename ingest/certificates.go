package ingest

import (
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/host/acmecert"
)

// CertificateStatus is a certificate that the standalone pixel obtains itself.
type CertificateStatus struct {
	Domain    string     `json:"domain"`
	EndsAt    *time.Time `json:"ends_at"`           // null: no certificate
	Problem   string     `json:"problem,omitempty"` // error of the last try; "": none
	Try       string     `json:"try,omitempty"`
	NextTryAt *time.Time `json:"next_try_at"` // time of the next try; null: at once
}

// openCertificates opens the certificates that the pixel obtains itself, or
// returns nil if there are none.
func openCertificates(cfg *Config, registry prometheus.Registerer) (*acmecert.Source, error) {
	if !cfg.Pixel.auto() {
		return nil, nil
	}
	c := cfg.Pixel.TLSAuto
	c.HTTP, c.UserAgent, c.Logger, c.Registerer = cfg.Pixel.HTTPListen != "", "glint/"+cfg.Version, cfg.Logger, registry
	return acmecert.Open(c)
}

// secure gives the pixel's address the scheme https and the first name of its
// certificates.
func (c *PixelConfig) secure(a Addresses) Addresses {
	if a.Pixel == "" || !c.isSecure() {
		return a
	}
	host := a.Pixel[len("http://"):]
	if c.auto() {
		_, port, _ := net.SplitHostPort(host)
		host = c.TLSAuto.First()
		if port != "443" {
			host = net.JoinHostPort(host, port)
		}
	}
	a.Pixel = "https://" + host
	return a
}

// addCertificates adds the certificates. An invalid one is reported as missing,
// since mail programs show no images of its name.
func (s *Status) addCertificates(states []acmecert.State, now time.Time) {
	for _, st := range states {
		c := CertificateStatus{Domain: st.Domain, EndsAt: timeOrNil(st.EndsAt), NextTryAt: timeOrNil(st.NextTryAt)}
		missing := Problem{Code: codeNoCertificate, Text: "the pixel gets its certificate for " + st.Domain}
		if st.Fault != nil {
			c.Problem, c.Try = st.Fault.Text, st.Fault.Try
			missing.Text, missing.Hint = "the pixel has no valid certificate for "+st.Domain+": "+c.Problem, c.Try
		}
		s.Certificates = append(s.Certificates, c)
		if !now.Before(st.EndsAt) {
			s.Missing = append(s.Missing, missing)
		}
	}
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}
