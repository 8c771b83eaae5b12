// Package warehouse writes to and reads from ClickHouse, by clickhouse-go: the
// embedded engine and any server take the same code and the same SQL.
//
// An insert is named, and a repeat under the same name changes nothing. Every
// setting whose default differs between versions of ClickHouse is given
// explicitly. The package retries nothing; Retryable says what may be retried.
package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Database is where everything of glint lives.
const Database = "glint"

// ErrDSN is wrapped by Connect's error about an address that cannot be read.
var ErrDSN = errors.New("warehouse: unusable address")

// Warehouse is a pool of connections to one ClickHouse. It is safe for
// concurrent use.
type Warehouse struct {
	conn    driver.Conn
	options *clickhouse.Options
	columns columnCache

	lastOpensTidy atomic.Bool // no date of a last open may have been replaced since the last look
	secret        struct {    // of recipient keys
		mu  sync.Mutex
		key []byte // nil: not read yet
	}
}

// Connect connects to the ClickHouse at dsn, for example
// http://user:password@host:8123/glint or clickhouse://host:9000/glint, and
// pings it. The database defaults to glint, and is made where it is missing.
func Connect(ctx context.Context, dsn string) (*Warehouse, error) {
	options, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	opened, err := clickhouse.Open(options)
	if err != nil {
		return nil, fmt.Errorf("open warehouse: %w", err)
	}
	conn := quietConn{opened}
	err = conn.Ping(ctx)
	if e, ok := errors.AsType[*clickhouse.Exception](err); ok && e.Code == codeUnknownDatabase {
		if err = createDatabase(ctx, options); err == nil {
			err = conn.Ping(ctx)
		}
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("reach warehouse: %w", err)
	}
	return &Warehouse{conn: conn, options: options}, nil
}

// codeUnknownDatabase is ClickHouse's UNKNOWN_DATABASE: a server that glint has
// never used.
const codeUnknownDatabase = 81

func createDatabase(ctx context.Context, options *clickhouse.Options) error {
	plain := *options
	plain.Auth.Database = "system" // every server has it
	opened, err := clickhouse.Open(&plain)
	if err != nil {
		return err
	}
	conn := quietConn{opened}
	defer func() { _ = conn.Close() }()
	return conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+Database)
}

// parseDSN never repeats the address in an error: it may hold a password.
func parseDSN(dsn string) (*clickhouse.Options, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%w: want http://USER:PASSWORD@HOST:8123/%s, https://… or clickhouse://…", ErrDSN, Database)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/" + Database
	}
	if u.Scheme == "https" {
		secure(u)
	}
	options, err := clickhouse.ParseDSN(u.String())
	if err != nil {
		return nil, fmt.Errorf("%w: clickhouse-go refuses its parameters", ErrDSN)
	}
	options.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	options.DialTimeout = 10 * time.Second
	options.ReadTimeout = 5 * time.Minute
	onlyOfClickHouse(options)
	options.Logger = slog.New(slog.DiscardHandler)
	if options.Settings == nil {
		options.Settings = clickhouse.Settings{}
	}
	return options, nil
}

// secure fills in what the driver does not take from https://, as ClickHouse
// Cloud and every HTTP client write it: TLS, and the port of HTTP over TLS.
func secure(u *url.URL) {
	parameters := u.Query()
	if !parameters.Has("secure") {
		parameters.Set("secure", "true")
		u.RawQuery = parameters.Encode()
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), "8443")
	}
}

// DB returns a database/sql handle on the same ClickHouse, for the migrations.
// The caller closes it.
func (w *Warehouse) DB() *sql.DB { return clickhouse.OpenDB(w.options) }

// Close ends the connections.
func (w *Warehouse) Close() error { return w.conn.Close() }

// Ping asks whether the warehouse answers.
func (w *Warehouse) Ping(ctx context.Context) error { return w.conn.Ping(ctx) }
