package ingest

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"glint/edge/pixel"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/edge/web"
	"glint/ingest/batch"
	"glint/ingest/feed"
	"glint/ingest/host/tlsfiles"
	"glint/ingest/judge"
	"glint/ingest/networks"
	"glint/ingest/preferences"
	"glint/ingest/retention"
	"glint/ingest/sends"
	"glint/ingest/warehouse/embedded"
)

// Config is what Run needs. Default gives the values that have one.
type Config struct {
	IngestListen  string // host:port of POST /v1/logs; port 0 takes a free one
	MetricsListen string // host:port of /metrics
	PixelListen   string // host:port of the standalone pixel; "": none

	Token         string         // bearer token of POST /v1/logs
	TokensFile    string         // more of them, label:scope[,scope]:secret a line; "": none
	TokensMayMiss bool           // TokensFile may be made later
	TLS           tlsfiles.Files // of POST /v1/logs; with ClientCA it needs a client certificate; zero: no TLS
	ServiceIDs    []string       // Fastly services that may log here; empty: any
	Ring          *token.Ring    // of the standalone pixel until Keys are read, and of all where Keys is nil
	Keys          KeyStore       // the home's keys, read once the warehouse is there and followed from then on; nil: Ring is all
	Consent       ConsentHome    // nil: choices are not taken over HTTP
	Precision     pixel.Precision
	Signals       privacy.Signals // what becomes of requests that ask not to be tracked
	Networks      *networks.Table // of the standalone pixel; nil: none
	Pixel         PixelConfig     // more of the standalone pixel
	DeadLetterDir string
	// The page on which recipients choose, which is there with Consent.
	PreferencesDir   string                             // of the operator's texts; may be missing
	PreferencesAgree preferences.Agree                  // "": preferences.AgreeOff
	Retention        func() (retention.Settings, error) // how long what is kept, asked again and again; nil: for ever
	ErasureDir       string                             // orders to erase persons; "": none are taken
	WebhooksFile     string                             // sources that may post to /v1/deliveries/<source>, read again when it changes; may be missing; "": none
	IgnoreFile       string                             // the operator's ignore list, read again when it changes; may be missing; "": none

	LogDir         string        // of the write-ahead log
	LiveLogBytes   int64         // quota of what is not yet in the warehouse
	ReplayLogBytes int64         // the same for replayed lines
	LogRetain      time.Duration // how long acknowledged segments are kept
	LockWait       time.Duration // how long to wait while another process has the log
	FlushInterval  time.Duration // between inserts that are not full: the longest that lines wait for others

	PixelBaseURL string // where POST /v1/sends lets pixels be fetched, unless the post says it; "": at PixelListen

	Sites    web.Sites     // of the web pixel
	WebToken string        // of servers that post events; "": none may
	Visitors []byte        // secret by which the standalone pixel tells visitors apart; empty: it does not
	Archive  ArchiveConfig // of accepted lines

	WarehouseDSN string                          // an outside ClickHouse; else Engine is started
	Engine       *embedded.Config                // the embedded one
	Cluster      string                          // of which the outside ClickHouse is one; its servers are the replicas of one shard; "": it is alone
	Mirrors      []string                        // addresses of further ClickHouses that are kept equal to it
	Readers      func() ([]embedded.User, error) // more users of the embedded one, looked at each second: it restarts for a change; nil: none
	FindEngine   func() (string, error)          // path of Engine.Library where that is empty, asked before each start

	Feed    feed.Config    // events posted to a URL of the operator's
	Judge   judge.Schedule // opens and clicks judged by time and company
	Watcher batch.Watcher  // sees opens of the live lane as they are stored; nil: none

	MaxBodyBytes  int64
	MaxConcurrent int
	StoreTimeout  time.Duration
	DrainDelay    time.Duration // how long /readyz says no before ingest takes no more connections
	PixelPeriod   time.Duration // longest wait of the standalone pixel's events in memory

	Version  string
	Logger   *slog.Logger
	Progress func(string)       // is given what takes long and what is missing; nil: that is logged
	Hint     func(error) string // what an operator can try about an error; nil: nothing is known

	Listening func(Addresses)              // called once the pixel and ingest answer; Warehouse is "" yet; nil: none
	Ready     func(Addresses, *token.Ring) // called once when all is up, with the keys; nil: none
	KeysTaken func(*token.Ring)            // called after Ready with keys that have been taken since; nil: none
}

// Addresses are where a running service answers, as URLs.
type Addresses struct {
	Pixel, PixelHTTP, Ingest, Warehouse, Metrics string
}

// Default returns the configuration's default values.
func Default() Config {
	return Config{
		IngestListen:  "127.0.0.1:8702",
		MetricsListen: "127.0.0.1:0",
		MaxBodyBytes:  128 << 20, // Fastly posts 100 MB at most by default
		MaxConcurrent: 256,
		StoreTimeout:  2 * time.Minute,

		LiveLogBytes:   10 << 30,
		ReplayLogBytes: 10 << 30,
		LogRetain:      15 * time.Minute,
		LockWait:       15 * time.Second,
		FlushInterval:  2 * time.Second,

		Archive: ArchiveConfig{Lines: 50_000, Interval: time.Minute},

		PixelPeriod: 200 * time.Millisecond,
		Feed:        feed.Config{Events: feed.Reliable, GiveUp: 12 * time.Hour},
		Judge:       judge.Schedule{Every: time.Hour, Settings: judge.Default()},
		Logger:      slog.New(slog.DiscardHandler),
	}
}

// Validate reports all faults at once.
func (c *Config) Validate() error {
	var faults []error
	for _, l := range []struct{ name, value string }{
		{"ingest-listen", c.IngestListen}, {"metrics-listen", c.MetricsListen}, {"pixel-listen", c.PixelListen},
	} {
		if l.value == "" && l.name == "pixel-listen" {
			continue
		}
		if _, _, err := net.SplitHostPort(l.value); err != nil {
			faults = append(faults, fmt.Errorf("%s: %q is not host:port", l.name, l.value))
		}
	}
	if c.Token == "" {
		faults = append(faults, errors.New("the ingest token is empty"))
	}
	if err := c.TLS.Validate(); err != nil {
		faults = append(faults, err)
	}
	if err := c.Pixel.validate(); err != nil {
		faults = append(faults, err)
	}
	if c.PixelListen == "" && (c.Pixel.auto() || c.Pixel.HTTPListen != "") {
		faults = append(faults, errors.New("pixel-tls-auto and pixel-http-listen: there is no standalone pixel (pixel-listen; not with edge)"))
	}
	if err := c.Archive.validate(); err != nil {
		faults = append(faults, err)
	}
	if err := c.Feed.Validate(); err != nil {
		faults = append(faults, err)
	}
	if c.Ring == nil && c.Keys == nil {
		faults = append(faults, errors.New("the key ring is missing"))
	}
	if c.LogDir == "" {
		faults = append(faults, errors.New("the folder of the write-ahead log is missing"))
	}
	if c.DeadLetterDir == "" {
		faults = append(faults, errors.New("the dead-letter folder is missing"))
	}
	if (c.WarehouseDSN == "") == (c.Engine == nil) {
		faults = append(faults, errors.New("want either a warehouse address or an embedded engine"))
	}
	if _, err := newMirrors(c); err != nil {
		faults = append(faults, err)
	}
	if c.MaxBodyBytes <= 0 || c.MaxConcurrent <= 0 || c.StoreTimeout <= 0 || c.PixelPeriod <= 0 || c.DrainDelay < 0 {
		faults = append(faults, errors.New("limits and times must be above zero"))
	}
	if c.PixelBaseURL != "" {
		if _, err := sends.CheckBaseURL(c.PixelBaseURL); err != nil {
			faults = append(faults, fmt.Errorf("pixel-base-url: %w", err))
		}
	}
	if c.Judge.Every > 0 {
		if err := c.Judge.Settings.Validate(); err != nil {
			faults = append(faults, err)
		}
	}
	if c.DrainDelay > maxDrainDelay {
		faults = append(faults, fmt.Errorf("drain-delay: %v is above %v", c.DrainDelay, maxDrainDelay))
	}
	return errors.Join(faults...)
}

// maxDrainDelay leaves time for the rest of the stop; see stopTimeout.
const maxDrainDelay = 5 * time.Second
