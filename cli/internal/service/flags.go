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
	f.StringVar(&c.PixelBaseURL, "pixel-base-url", "", "URL of the pixel for POST /v1/sends, such as https://pixel.example.com (default: this program's own pixel)")
	f.StringVar(&c.MetricsListen, "metrics-listen", c.MetricsListen, "address of /metrics")
	f.StringSliceVar(&c.ServiceIDs, "fastly-service", nil, "Fastly service id that may log here; repeatable (default: any service that knows the token)")
	f.StringVar(&c.TokensFile, "tokens-file", "", "file of further ingest tokens, which glint tokens writes; reread when it changes (default: tokens in $GLINT_HOME)")
	f.StringVar(&c.TLS.Certificate, "ingest-tls-cert", "", "PEM file of the certificate of POST /v1/logs; reread when it changes (default: no TLS)")
	f.StringVar(&c.TLS.Key, "ingest-tls-key", "", "PEM file of its key")
	f.StringVar(&c.TLS.ClientCA, "ingest-tls-client-ca", "", "PEM file of the authorities whose client certificates POST /v1/logs needs")
	f.DurationVar(&c.LogRetain, "log-retain", c.LogRetain, "time for which the log keeps lines that are in the warehouse; of opens in mode last_open nothing else remains")
	f.DurationVar(&c.DrainDelay, "drain-delay", c.DrainDelay, "time for which /readyz refuses before ingest stops accepting bodies; at most 5s")
	f.StringArrayVar(&s.sites, "site", nil, "site of the web pixel, NAME=ORIGIN[,ORIGIN...], whose pages may post events; repeatable")
	f.BoolVar(&s.noVisitors, "no-visitors", false, "do not distinguish the visitors of a site")
	f.StringSliceVar(&c.Mirrors, "mirror", nil, "further ClickHouse to keep equal, as http://USER:PASSWORD@HOST:8123/glint; prefer $GLINT_MIRROR; repeatable")
	a := &c.Archive
	f.StringVar(&a.Place, "archive", "", "folder or s3://BUCKET/PREFIX that receives every accepted line (default: none)")
	f.IntVar(&a.Lines, "archive-lines", a.Lines, "maximum number of lines in a file of the archive")
	f.DurationVar(&a.Interval, "archive-interval", a.Interval, "time from the first line of a file of the archive to its end")
	f.StringVar(&a.Endpoint, "archive-endpoint", "", "URL of the archive's bucket, if it is not Amazon's; the key comes from the AWS_… variables")
	f.StringVar(&a.Region, "archive-region", "", "region of the archive's bucket")
	s.pages.flags(f)
	s.feedFlags(cmd)
	f.BoolVar(&s.NewCredentials, "new-credentials", false, "replace lost secrets by new ones, which every client then needs")
	s.consent = app.AddConsentFlags(cmd, true)
	s.agree = app.ChoiceFlag(cmd, "preferences-agree", "way in which a recipient can agree on the page /preferences/: none, or a link of glint consent link --agree",
		string(preferences.AgreeOff), string(preferences.AgreeLink))
	s.level = app.ChoiceFlag(cmd, "log-level", "minimum level of the log", levels...)

	f.DurationVar(&c.Judge.Every, "judge-every", c.Judge.Every, "interval at which opens and clicks are judged, as by glint judge; 0: never")
	judging.Flags(cmd, &c.Judge.Settings)

	p := &c.Pixel
	f.StringVar(&p.NetworksFile, "networks", "", "CSV file of networks: prefix,network,as_number,proxy_type,proxy_description,country")
	f.DurationVar(&p.UpdateEvery, "networks-update", 0, "interval at which the lists of Apple's relay and of AS numbers are fetched, such as 168h; 0: only by glint networks update")
	f.StringVar(&p.ASNFile, "asn-db", "", "database of AS numbers or countries in MaxMind's format, for the pixel")
	f.StringSliceVar(&p.TrustedProxies, "trusted-proxies", nil, "addresses and CIDR prefixes of proxies whose header with the client's address the pixel trusts")
	f.StringVar(&p.ProxyHeader, "proxy-header", pixelserver.XForwardedFor, "header with the client's address: x-forwarded-for, forwarded")
	f.StringVar(&p.TLS.Certificate, "pixel-tls-cert", "", "PEM file of the pixel's certificate; reread when it changes (default: no TLS)")
	f.StringVar(&p.TLS.Key, "pixel-tls-key", "", "PEM file of its key")
	auto := &p.TLSAuto
	f.StringSliceVar(&auto.Domains, "pixel-tls-auto", nil, "host name whose certificate the pixel obtains and renews itself by ACME; this accepts the authority's terms; repeatable")
	f.StringVar(&auto.Directory, "pixel-tls-auto-directory", "", "URL of the authority's directory (default: Let's Encrypt's)")
	f.StringVar(&auto.CA, "pixel-tls-auto-ca", "", "PEM file of the authorities of that directory's own certificate (default: the system's)")
	f.StringVar(&auto.Email, "pixel-tls-auto-email", "", "mail address of the account at the authority (default: none)")
	f.StringVar(&p.HTTPListen, "pixel-http-listen", "", "address at which a pixel with TLS also answers plain HTTP, and the authority's checks of port 80 (default: none)")
	s.precision = app.ChoiceFlag(cmd, "ip-precision", "precision of the stored addresses", "truncated", "full", "none")
	s.signals = app.ChoiceFlag(cmd, "privacy-signals", "treatment of requests with DNT: 1 or Sec-GPC: 1 (like any other, counted without a person, not stored)",
		"ignore", "aggregate", "off")
}
