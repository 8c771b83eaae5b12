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

// Config configures Run. Default returns the default values.
type Config struct {
	IngestListen  string // host:port of POST /v1/logs; port 0 takes a free one
	MetricsListen string // host:port of /metrics
	PixelListen   string // host:port of the standalone pixel; "": none

	Token         string         // bearer token of POST /v1/logs
	TokensFile    string         // file with further tokens, label:scope[,scope]:secret per line; "": none
	TokensMayMiss bool           // TokensFile may be created later
	TLS           tlsfiles.Files // for POST /v1/logs; with ClientCA a client certificate is required; zero: no TLS
	ServiceIDs    []string       // Fastly services that may log here; empty: any
	Ring          *token.Ring    // keys of the standalone pixel until Keys are read, and of everything if Keys is nil
	Keys          KeyStore       // the home's keys, read once the warehouse is available and followed from then on; nil: Ring has all keys
	Consent       ConsentHome    // nil: choices are not accepted over HTTP
	Precision     pixel.Precision
	Signals       privacy.Signals // how requests that ask not to be tracked are treated
	Networks      *networks.Table // networks of the standalone pixel; nil: none
	Pixel         PixelConfig     // further settings of the standalone pixel
	DeadLetterDir string
	// The page on which recipients choose; it exists if Consent is set.
	PreferencesDir   string                             // the operator's texts; may be missing
	PreferencesAgree preferences.Agree                  // "": preferences.AgreeOff
	Retention        func() (retention.Settings, error) // how long data is kept, called repeatedly; nil: forever
	ErasureDir       string                             // folder of orders to erase persons; "": none are accepted
	WebhooksFile     string                             // sources that may post to /v1/deliveries/<source>, reloaded when it changes; may be missing; "": none
	IgnoreFile       string                             // the operator's ignore list, reloaded when it changes; may be missing; "": none

	LogDir         string        // folder of the write-ahead log
	LiveLogBytes   int64         // quota of lines that are not in the warehouse
	ReplayLogBytes int64         // the same for replayed lines
	LogRetain      time.Duration // how long acknowledged segments are kept
	LockWait       time.Duration // how long to wait if another process has the log open
	FlushInterval  time.Duration // interval of inserts that are not full: the longest time that lines wait for others

	PixelBaseURL string // base URL of pixels for POST /v1/sends, unless the post sets it; "": at PixelListen

	Sites    web.Sites     // of the web pixel
	WebToken string        // token of servers that post events; "": no server may
	Visitors []byte        // secret for telling the standalone pixel's visitors apart; empty: they are not
	Archive  ArchiveConfig // of accepted lines

	WarehouseDSN string                          // an external ClickHouse; otherwise Engine is started
	Engine       *embedded.Config                // the embedded one
	Cluster      string                          // cluster of the external ClickHouse with its replicas, or shards of them; "": the servers of WarehouseDSN
	Mirrors      []string                        // addresses of further ClickHouse servers that are kept equal to it
	Readers      func() ([]embedded.User, error) // further users of the embedded engine, called each second; a change restarts it; nil: none
	FindEngine   func() (string, error)          // returns the path of an empty Engine.Library, called before each start

	Feed    feed.Config    // posts events to a URL of the operator
	Judge   judge.Schedule // judges opens and clicks by their time and context
	Watcher batch.Watcher  // receives rows of the live lane as they are stored; nil: none

	MaxBodyBytes  int64
	MaxConcurrent int
	StoreTimeout  time.Duration
	DrainDelay    time.Duration // how long /readyz fails before ingest stops accepting connections
	PixelPeriod   time.Duration // longest time that the standalone pixel's events wait in memory

	Version  string
	Logger   *slog.Logger
	Progress func(string)       // called with what takes long and what is missing; nil: logged instead
	Hint     func(error) string // returns advice about an error; nil: none

	Listening func(Addresses)              // called once the pixel and ingest answer; Warehouse is still ""; nil: not called
	Ready     func(Addresses, *token.Ring) // called once everything is up, with the keys; nil: not called
	KeysTaken func(*token.Ring)            // called after Ready with each later set of keys; nil: not called
}

// Addresses are the URLs of a running service.
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

// Validate returns all faults of the configuration in one error.
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
