package service

import (
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/ingest/pixelserver"
)

// flags adds the flags that are the same wherever ingest runs. levels are the
// values of --log-level, the default first.
func (s *Service) flags(cmd *cobra.Command, levels []string) {
	f, c := cmd.Flags(), &s.Config
	f.StringVar(&c.IngestListen, "ingest-listen", c.IngestListen, "address of POST /v1/logs and /v1/deliveries")
	f.StringVar(&c.MetricsListen, "metrics-listen", c.MetricsListen, "address of /metrics")
	f.StringSliceVar(&c.ServiceIDs, "fastly-service", nil, "Fastly service id that may log here; repeatable (default: any that knows the token)")
	f.StringVar(&c.TokensFile, "tokens-file", "", "file of more ingest tokens, label:scope[,scope]:secret a line with the scopes logs and deliveries, mode 0600; read again when it changes")
	f.StringVar(&c.TLS.Certificate, "ingest-tls-cert", "", "PEM file of the certificate of POST /v1/logs; read again when it changes (default: no TLS)")
	f.StringVar(&c.TLS.Key, "ingest-tls-key", "", "PEM file of its key")
	f.StringVar(&c.TLS.ClientCA, "ingest-tls-client-ca", "", "PEM file of the authorities whose client certificates POST /v1/logs needs")
	f.DurationVar(&c.DrainDelay, "drain-delay", c.DrainDelay, "how long /readyz says no before ingest stops taking bodies; at most 5s")
	f.BoolVar(&s.NewCredentials, "new-credentials", false, "make new secrets in place of lost ones; every client needs them then")
	s.level = app.ChoiceFlag(cmd, "log-level", "what is logged", levels...)

	p := &c.Pixel
	f.StringVar(&p.NetworksFile, "networks", "", "CSV file of networks: prefix,network,as_number,proxy_type,proxy_description,country")
	f.StringVar(&p.ASNFile, "asn-db", "", "database of AS numbers or countries in MaxMind's format, for the pixel")
	f.StringSliceVar(&p.TrustedProxies, "trusted-proxies", nil, "addresses and CIDR prefixes of proxies that may give the pixel its client's address")
	f.StringVar(&p.ProxyHeader, "proxy-header", pixelserver.XForwardedFor, "header in which they give it: x-forwarded-for, forwarded")
	f.StringVar(&p.TLS.Certificate, "pixel-tls-cert", "", "PEM file of the pixel's certificate; read again when it changes (default: no TLS)")
	f.StringVar(&p.TLS.Key, "pixel-tls-key", "", "PEM file of its key")
	s.precision = app.ChoiceFlag(cmd, "ip-precision", "how much of an address is kept", "truncated", "full", "none")
}
