// Package warehouse is the only client of ClickHouse, based on clickhouse-go.
// The embedded engine and any server are used by the same code and the same
// SQL.
//
// Inserts are named, and a repeat under the same name changes nothing. Every
// setting whose default differs between versions of ClickHouse is set
// explicitly. The package does not retry; Retryable reports which errors may be
// retried.
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

// Database is the database with all tables of glint.
const Database = "glint"

// ErrDSN is wrapped by Connect's error about an invalid address.
var ErrDSN = errors.New("warehouse: unusable address")

// Warehouse is a pool of connections to one ClickHouse. It is safe for
// concurrent use.
type Warehouse struct {
	conn     driver.Conn
	replicas *replicas           // behind conn; nil: a single server
	shards   *shards             // nil: opens are on one shard
	options  *clickhouse.Options // with the addresses of all replicas
	columns  columnCache
	lastIDs  sync.Map // of campaigns, by the name or text for which a report was read

	replicated    bool        // the single server of options is one of several replicas
	lastOpensTidy atomic.Bool // no stored date of a last open can have been replaced since the last look
	secret        struct {    // of recipient keys
		mu  sync.Mutex
		key []byte // nil: not read yet
	}
}

// Connect connects to the ClickHouse at dsn, for example
// http://user:password@host:8123/glint or clickhouse://host:9000/glint, and
// pings it. Several hosts, as in host1:8123,host2:8123, are replicas of one
// shard. If opens are spread over shards, the address must be that of the first
// one, and the others are found by it. The database defaults to glint, and is created if it is missing.
func Connect(ctx context.Context, dsn string) (*Warehouse, error) {
	w, err := dial(ctx, dsn)
	if err == nil {
		if err = w.findShards(ctx); err != nil {
			_ = w.Close()
			return nil, err
		}
	}
	return w, err
}

// dial is Connect to the servers of dsn alone.
func dial(ctx context.Context, dsn string) (*Warehouse, error) {
	options, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	w := &Warehouse{options: options}
	if err := w.reopen(); err != nil {
		return nil, err
	}
	err = w.conn.Ping(ctx)
	if e, ok := errors.AsType[*clickhouse.Exception](err); ok && e.Code == codeUnknownDatabase {
		if err = createDatabase(ctx, options); err == nil {
			err = w.conn.Ping(ctx)
		}
	}
	if err != nil {
		_ = w.Close()
		return nil, &quietError{"reach warehouse: " + firstReason(err), err}
	}
	if len(options.Addr) == 1 {
		var replicated uint64
		// A reader lacks the right to this query, and does not insert.
		if w.ask(ctx, "replicated_tables", nil, &replicated) == nil && replicated > 0 {
			needQuorum(options)
			w.replicated = true
			if err := w.reopen(); err != nil {
				return nil, err
			}
		}
	}
	return w, nil
}

// reopen connects anew, with the options as they are now.
func (w *Warehouse) reopen() error {
	if w.conn != nil {
		_ = w.conn.Close()
	}
	opened, err := open(w.options)
	if err != nil {
		return fmt.Errorf("open warehouse: %w", err)
	}
	if _, several := opened.(*replicas); w.replicated && !several {
		opened = newReplicas([]driver.Conn{opened})
	}
	w.replicas, _ = opened.(*replicas)
	if w.shards != nil {
		opened = spreadConn{opened}
	}
	w.conn = quietConn{opened}
	return nil
}

// codeUnknownDatabase is ClickHouse's UNKNOWN_DATABASE: glint has never used
// that server.
const codeUnknownDatabase = 81

func createDatabase(ctx context.Context, options *clickhouse.Options) error {
	var faults []error
	for _, one := range eachReplica(options) {
		one.Auth.Database = "system" // every server has it
		opened, err := clickhouse.Open(one)
		if err != nil {
			return err
		}
		conn := quietConn{opened}
		faults = append(faults, conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+Database))
		_ = conn.Close()
	}
	return errors.Join(faults...)
}

// open opens a connection to the server, or to each of several replicas.
func open(options *clickhouse.Options) (driver.Conn, error) {
	var all []driver.Conn
	for _, one := range eachReplica(options) {
		c, err := clickhouse.Open(one)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return newReplicas(all), nil
}

// eachReplica returns the options of each server separately.
func eachReplica(options *clickhouse.Options) (all []*clickhouse.Options) {
	for _, address := range options.Addr {
		one := *options
		one.Addr = []string{address}
		all = append(all, &one)
	}
	return all
}

// parseDSN parses dsn. Its errors never repeat the address, which may contain a
// password.
func parseDSN(dsn string) (*clickhouse.Options, error) {
	dsn, others := firstHost(dsn)
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
	for _, host := range others {
		if _, _, err := net.SplitHostPort(host); err != nil {
			return nil, fmt.Errorf("%w: the replica %q is not host:port", ErrDSN, host)
		}
		options.Addr = append(options.Addr, host)
	}
	options.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	options.DialTimeout = 10 * time.Second
	options.ReadTimeout = 5 * time.Minute
	onlyOfClickHouse(options)
	options.Logger = slog.New(slog.DiscardHandler)
	if options.Settings == nil {
		options.Settings = clickhouse.Settings{}
	}
	if len(options.Addr) > 1 {
		needQuorum(options)
	}
	return options, nil
}

// firstHost returns an address with only its first host, and the other hosts: a
// URL has only one.
func firstHost(dsn string) (first string, others []string) {
	scheme, rest, ok := strings.Cut(dsn, "://")
	if !ok {
		return dsn, nil
	}
	end := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		end = i
	}
	begin := strings.LastIndexByte(rest[:end], '@') + 1
	hosts := strings.Split(rest[begin:end], ",")
	return scheme + "://" + rest[:begin] + hosts[0] + rest[end:], hosts[1:]
}

// Hosts returns the servers of an address as written: with port if given,
// without user and parameters. Its errors wrap ErrDSN.
func Hosts(dsn string) ([]string, error) {
	first, others := firstHost(dsn)
	u, err := url.Parse(first)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%w: want http://USER:PASSWORD@HOST:8123/%s", ErrDSN, Database)
	}
	return append([]string{u.Host}, others...), nil
}

// Place returns the name of an address for logs and tables: its hosts, and its
// database unless that is Database. Its errors wrap ErrDSN.
func Place(dsn string) (string, error) {
	hosts, err := Hosts(dsn)
	if err != nil {
		return "", err
	}
	name := strings.Join(hosts, ",")
	first, _ := firstHost(dsn)
	if u, err := url.Parse(first); err == nil {
		if database := strings.Trim(u.Path, "/"); database != "" && database != Database {
			name += "/" + database
		}
	}
	return name, nil
}

// quorumSettings make an insert wait until a majority of the replicas has
// stored it, and fix other settings whose defaults differ between servers. On a
// server that is not a replica they have no effect.
var quorumSettings = clickhouse.Settings{
	"insert_quorum":             "auto",
	"insert_quorum_parallel":    1,
	"insert_quorum_timeout":     20_000, // ms
	"insert_keeper_max_retries": 20,
}

func needQuorum(options *clickhouse.Options) {
	for name, value := range quorumSettings {
		if _, set := options.Settings[name]; !set {
			options.Settings[name] = value
		}
	}
}

// secure sets what the driver does not derive from https://, as used by
// ClickHouse Cloud and every HTTP client: TLS, and the port of HTTP over TLS.
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

// Close closes the connections.
func (w *Warehouse) Close() error {
	faults := []error{w.conn.Close()}
	if w.shards != nil {
		for _, shard := range w.shards.all[1:] {
			faults = append(faults, shard.conn.Close())
		}
	}
	return errors.Join(faults...)
}

// Ping returns an error unless the warehouse answers.
func (w *Warehouse) Ping(ctx context.Context) error { return w.conn.Ping(ctx) }
