package service

import (
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/judging"
	"glint/ingest/pixelserver"
	"glint/ingest/preferences"
)

// flags adds the flags that are the same wherever ingest runs. levels are the
// values of --log-level, the default first.
func (s *Service) flags(cmd *cobra.Command, levels []string) {
	f, c := cmd.Flags(), &s.Config
	f.StringVar(&c.IngestListen, "ingest-listen", c.IngestListen, "address of POST /v1/logs, /v1/sends, /v1/deliveries and /v1/consent")
	f.StringVar(&c.PixelBaseURL, "pixel-base-url", "", "where the pixels of POST /v1/sends are fetched, like https://pixel.example.com (default: this program's own pixel)")
	f.StringVar(&c.MetricsListen, "metrics-listen", c.MetricsListen, "address of /metrics")
	f.StringSliceVar(&c.ServiceIDs, "fastly-service", nil, "Fastly service id that may log here; repeatable (default: any that knows the token)")
	f.StringVar(&c.TokensFile, "tokens-file", "", "file of more ingest tokens, which glint tokens writes; read again when it changes (default: tokens in $GLINT_HOME)")
	f.StringVar(&c.TLS.Certificate, "ingest-tls-cert", "", "PEM file of the certificate of POST /v1/logs; read again when it changes (default: no TLS)")
	f.StringVar(&c.TLS.Key, "ingest-tls-key", "", "PEM file of its key")
	f.StringVar(&c.TLS.ClientCA, "ingest-tls-client-ca", "", "PEM file of the authorities whose client certificates POST /v1/logs needs")
	f.DurationVar(&c.LogRetain, "log-retain", c.LogRetain, "how long the log keeps lines that are in the warehouse, all that remains of opens of the mode last_open")
	f.DurationVar(&c.DrainDelay, "drain-delay", c.DrainDelay, "how long /readyz says no before ingest stops taking bodies; at most 5s")
	f.StringArrayVar(&s.sites, "site", nil, "site of the web pixel, NAME=ORIGIN[,ORIGIN...], whose pages may post events; repeatable")
	f.BoolVar(&s.noVisitors, "no-visitors", false, "do not distinguish the visitors of a site")
	f.StringSliceVar(&c.Mirrors, "mirror", nil, "further ClickHouse that is kept equal, as http://USER:PASSWORD@HOST:8123/glint; prefer $GLINT_MIRROR; repeatable")
	a := &c.Archive
	f.StringVar(&a.Place, "archive", "", "folder, or s3://BUCKET/PREFIX, that gets every accepted line (default: none)")
	f.IntVar(&a.Lines, "archive-lines", a.Lines, "lines at which a file of the archive is closed")
	f.DurationVar(&a.Interval, "archive-interval", a.Interval, "time after its first line at which a file of the archive is closed")
	f.StringVar(&a.Endpoint, "archive-endpoint", "", "URL of the archive's bucket, if it is not Amazon's; the key comes from the AWS_… variables")
	f.StringVar(&a.Region, "archive-region", "", "region of the archive's bucket")
	s.pages.flags(f)
	s.feedFlags(cmd)
	f.BoolVar(&s.NewCredentials, "new-credentials", false, "make new secrets in place of lost ones; every client needs them then")
	s.consent = app.AddConsentFlags(cmd, true)
	s.agree = app.ChoiceFlag(cmd, "preferences-agree", "how a recipient agrees on the page /preferences/: not at all, or by a link of glint consent link --agree",
		string(preferences.AgreeOff), string(preferences.AgreeLink))
	s.level = app.ChoiceFlag(cmd, "log-level", "what is logged", levels...)

	f.DurationVar(&c.Judge.Every, "judge-every", c.Judge.Every, "how often opens and clicks are judged by time and company; 0: only by glint judge")
	judging.Flags(cmd, &c.Judge.Settings)

	p := &c.Pixel
	f.StringVar(&p.NetworksFile, "networks", "", "CSV file of networks: prefix,network,as_number,proxy_type,proxy_description,country")
	f.DurationVar(&p.UpdateEvery, "networks-update", 0, "how often the lists of Apple's relay and of AS numbers are fetched, such as 168h; 0: only by glint networks update")
	f.StringVar(&p.ASNFile, "asn-db", "", "database of AS numbers or countries in MaxMind's format, for the pixel")
	f.StringSliceVar(&p.TrustedProxies, "trusted-proxies", nil, "addresses and CIDR prefixes of proxies that may give the pixel its client's address")
	f.StringVar(&p.ProxyHeader, "proxy-header", pixelserver.XForwardedFor, "header in which they give it: x-forwarded-for, forwarded")
	f.StringVar(&p.TLS.Certificate, "pixel-tls-cert", "", "PEM file of the pixel's certificate; read again when it changes (default: no TLS)")
	f.StringVar(&p.TLS.Key, "pixel-tls-key", "", "PEM file of its key")
	auto := &p.TLSAuto
	f.StringSliceVar(&auto.Domains, "pixel-tls-auto", nil, "host name whose certificate the pixel gets and renews itself over ACME, which accepts the authority's terms; repeatable")
	f.StringVar(&auto.Directory, "pixel-tls-auto-directory", "", "URL of the authority's directory (default: Let's Encrypt's)")
	f.StringVar(&auto.CA, "pixel-tls-auto-ca", "", "PEM file of the authorities of that directory's own certificate (default: the system's)")
	f.StringVar(&auto.Email, "pixel-tls-auto-email", "", "mail address that the authority's account is made with (default: none)")
	f.StringVar(&p.HTTPListen, "pixel-http-listen", "", "address at which a pixel with TLS also answers plain HTTP, and the authority's checks of port 80 (default: none)")
	s.precision = app.ChoiceFlag(cmd, "ip-precision", "how much of an address is kept", "truncated", "full", "none")
	s.signals = app.ChoiceFlag(cmd, "privacy-signals", "what a request with DNT: 1 or Sec-GPC: 1 leaves (what any other does, a count without a person, nothing)",
		"ignore", "aggregate", "off")
}
