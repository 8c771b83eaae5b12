// Package service holds the common parts of `glint up` and `glint serve`: the flags of
// ingest, the configuration that follows from them and from the home, and the
// state file by which other commands find the process.
package service

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/edge/pixel"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/ingest"
	"glint/ingest/networks"
	"glint/ingest/preferences"
	"glint/ingest/warehouse"
)

// Service is one run of ingest. Its fields have the flags' values once the
// command runs.
type Service struct {
	App            *app.App
	Config         ingest.Config
	NewCredentials bool
	Precision      string
	StateFault     func(error) // receives the first error of each write of the state

	cmd              *cobra.Command
	precision, level *app.Choice
	signals          *app.Choice
	sites            []string
	noVisitors       bool
	consent          *app.ConsentFlags
	agree            *app.Choice
	events           *app.Choice // of the webhook
	state            *home.StateKeeper
	publishKeys      func(*token.Ring) // rewrites the state with other keys
	pages            pages
}

// New returns the service with ingest's defaults and adds its flags to cmd.
// levels are the values of --log-level, the default first.
func New(a *app.App, cmd *cobra.Command, levels ...string) *Service {
	s := &Service{App: a, Config: ingest.Default(), cmd: cmd}
	s.flags(cmd, levels)
	return s
}

// Fill completes the configuration from the flags, the home and the secrets c.
// It returns a usage error for a flag's value that is wrong.
func (s *Service) Fill(c home.Credentials) (err error) {
	h, cfg := s.App.Home, &s.Config
	if cfg.Ring, err = h.RingOrNone(); err != nil {
		return err
	}
	s.Precision = s.precision.String()
	if cfg.Precision, err = pixel.ParsePrecision(s.Precision); err != nil {
		return app.Usage(fmt.Errorf("--ip-precision: %w", err))
	}
	if cfg.Signals, err = privacy.ParseSignals(s.signals.String()); err != nil {
		return app.Usage(fmt.Errorf("--privacy-signals: %w", err))
	}
	if file := cfg.Pixel.NetworksFile; file != "" {
		if cfg.Networks, err = networks.Load(file); err != nil {
			return app.Usage(fmt.Errorf("--networks: %w", err))
		}
	}
	if err := s.fillWeb(); err != nil {
		return err
	}
	if err := s.fillFeed(); err != nil {
		return err
	}
	cfg.Token, cfg.Keys, cfg.Consent, cfg.Version = c.IngestToken, h, h, s.App.Version
	cfg.LogDir, cfg.DeadLetterDir, cfg.IgnoreFile = h.LogDir(), h.DeadLetterDir(), h.IgnoreFile()
	cfg.WebhooksFile, cfg.Pixel.ListsHome, cfg.ErasureDir = h.WebhooksFile(), string(h), h.ErasureDir()
	cfg.Pixel.TLSAuto.Dir = h.CertificatesDir()
	if cfg.TokensFile == "" {
		cfg.TokensFile, cfg.TokensMayMiss = h.TokensFile(), true
	}
	cfg.Retention = h.Retention
	cfg.PreferencesDir, cfg.PreferencesAgree = h.PreferencesDir(), preferences.Agree(s.agree.String())
	if _, err := s.consent.Apply(h, true); err != nil {
		return err
	}
	cfg.KeysTaken = func(ring *token.Ring) { s.publishKeys(ring) }
	cfg.Logger, cfg.Hint = s.App.Logger(s.level.String()), app.Hint
	return nil
}

// fillWeb completes the configuration of the web pixel. If there is a site, it makes
// missing secrets.
func (s *Service) fillWeb() error {
	for _, text := range s.sites {
		if err := s.Config.Sites.Add(text); err != nil {
			return app.Usage(fmt.Errorf("--site: %w", err))
		}
	}
	if len(s.sites) == 0 {
		return nil
	}
	secrets, err := s.App.Home.WebSecrets()
	if err != nil {
		return err
	}
	s.Config.WebToken = secrets.EventsToken
	if !s.noVisitors {
		s.Config.Visitors = []byte(secrets.VisitorSecret)
	}
	return nil
}

// Validate returns a usage error that names all faults of the configuration.
func (s *Service) Validate() error {
	if err := s.Config.Validate(); err != nil {
		return app.UsageTry(err, s.cmd.CommandPath()+" --help")
	}
	return s.pages.validate()
}

// Publish writes the state file, with retries until ctx ends. Use it from one goroutine
// at a time.
func (s *Service) Publish(ctx context.Context, at ingest.Addresses, ring *token.Ring, starting bool) {
	s.pages.serve(s)
	s.publishKeys = func(taken *token.Ring) { s.Publish(ctx, at, taken, false) }
	if s.state == nil {
		s.state = &home.StateKeeper{Home: s.App.Home, Fault: s.StateFault}
	}
	s.state.Keep(ctx, home.State{
		Archive: s.archive(), Settings: s.settings(),
		Pixel: at.Pixel, PixelModes: s.Config.PixelListen != "", Ingest: at.Ingest, Warehouse: at.Warehouse, Metrics: at.Metrics, Web: s.Web(),
		Credentials: s.App.Home.CredentialsFile(), PixelKeys: home.KeyIDs(ring), Starting: starting,
	})
}

// settings returns the values of the flags that `glint privacy` needs.
func (s *Service) settings() *home.Settings {
	c := &s.Config
	made := &home.Settings{
		Version: c.Version, IPPrecision: s.Precision, PrivacySignals: c.Signals.String(), LogRetain: c.LogRetain.String(),
		Sites: c.Sites.Names(), Visitors: len(c.Visitors) > 0, PreferencesAgree: string(c.PreferencesAgree), FastlyServices: c.ServiceIDs,
		Standalone: c.PixelListen != "", PixelTLS: !c.Pixel.TLS.Empty() || len(c.Pixel.TLSAuto.Domains) > 0, IngestTLS: !c.TLS.Empty(), ClientCertificates: c.TLS.ClientCA != "",
	}
	made.WarehouseHost = strings.Join(hostNames(c.WarehouseDSN), ", ")
	for _, dsn := range c.Mirrors {
		made.MirrorHosts = append(made.MirrorHosts, hostNames(dsn)...)
	}
	if u, err := url.Parse(c.Feed.URL); err == nil && c.Feed.URL != "" {
		made.WebhookHost, made.WebhookRecipient = u.Hostname(), c.Feed.Recipient
	}
	return made
}

// hostNames returns the names of the servers in a warehouse's address; nil for "".
func hostNames(dsn string) (names []string) {
	hosts, err := warehouse.Hosts(dsn)
	if err != nil { // Validate reports it
		return nil
	}
	for _, host := range hosts {
		names = append(names, (&url.URL{Host: host}).Hostname())
	}
	return names
}

// PlainField returns the pixel's address for plain HTTP beside TLS as a field of the ready
// line, with a trailing blank; "" without one.
func PlainField(at ingest.Addresses) string {
	if at.PixelHTTP == "" {
		return ""
	}
	return "pixel_http=" + at.PixelHTTP + " "
}

// archive returns the place of the archive; nil without one.
func (s *Service) archive() *home.Archive {
	c := &s.Config.Archive
	if c.Place == "" {
		return nil
	}
	place := c.Place
	if !strings.Contains(place, "://") {
		if absolute, err := filepath.Abs(place); err == nil {
			place = absolute
		}
	}
	return &home.Archive{Place: place, Endpoint: c.Endpoint, Region: c.Region}
}

// Run runs ingest until ctx ends, which is no error, and removes the state file.
func (s *Service) Run(ctx context.Context) error {
	if err := s.pages.listen(s); err != nil {
		return err
	}
	err := ingest.Run(ctx, s.Config)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil // the end was requested during the start
	}
	return errors.Join(err, s.pages.stop(s), s.App.Home.RemoveState())
}
