// Package service has the flags of the commands that run ingest, so that
// they are the same wherever it runs. It reads no file that they name.
package service

import (
	"github.com/spf13/cobra"

	"glint/ingest"
)

// Add adds the flags of ingest's listeners, and of whom they let in, to a
// command. Their values are in c once the command runs; c's are the defaults.
func Add(cmd *cobra.Command, c *ingest.Config) {
	f := cmd.Flags()
	f.StringVar(&c.IngestListen, "ingest-listen", c.IngestListen, "address of POST /v1/logs")
	f.StringVar(&c.MetricsListen, "metrics-listen", c.MetricsListen, "address of /metrics")
	f.StringSliceVar(&c.ServiceIDs, "fastly-service", nil, "Fastly service id that may log here; repeatable (default: any that knows the token)")
	f.StringVar(&c.TokensFile, "tokens-file", "", "file of more ingest tokens, label:logs:secret a line, mode 0600; read again when it changes")
	f.StringVar(&c.TLS.Certificate, "ingest-tls-cert", "", "PEM file of the certificate of POST /v1/logs; read again when it changes (default: no TLS)")
	f.StringVar(&c.TLS.Key, "ingest-tls-key", "", "PEM file of its key")
	f.StringVar(&c.TLS.ClientCA, "ingest-tls-client-ca", "", "PEM file of the authorities whose client certificates POST /v1/logs needs")
	f.DurationVar(&c.DrainDelay, "drain-delay", c.DrainDelay, "how long /readyz says no before ingest stops taking bodies; at most 5s")
}
