package ingest

import (
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/host/acmecert"
)

// CertificateStatus is a certificate that the standalone pixel gets itself.
type CertificateStatus struct {
	Domain    string     `json:"domain"`
	EndsAt    *time.Time `json:"ends_at"`           // null: there is none
	Problem   string     `json:"problem,omitempty"` // of the last try; "": it was well
	Try       string     `json:"try,omitempty"`
	NextTryAt *time.Time `json:"next_try_at"` // when it is got or renewed; null: at once
}

// openCertificates opens the certificates that the pixel gets itself; nil: it gets none.
func openCertificates(cfg *Config, registry prometheus.Registerer) (*acmecert.Source, error) {
	if !cfg.Pixel.auto() {
		return nil, nil
	}
	c := cfg.Pixel.TLSAuto
	c.HTTP, c.UserAgent, c.Logger, c.Registerer = cfg.Pixel.HTTPListen != "", "glint/"+cfg.Version, cfg.Logger, registry
	return acmecert.Open(c)
}

// secure gives the pixel's address its scheme, and the first name that its certificates
// are for.
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

// addCertificates adds the certificates; one that is not valid now is missing, since
// mail programs then show no images of its name.
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
