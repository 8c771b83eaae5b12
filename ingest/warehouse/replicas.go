package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// replicas is a connection to several servers with the same tables. One of them is asked
// until it fails with an error of its own state; then the next one is. A query is repeated
// there at once. A statement is not, since it may have been executed: its caller repeats
// it under the same name. A replica that is far behind is replaced, too: see choose.
type replicas struct {
	driver.Conn // the first one, for methods that are not overridden
	all         []driver.Conn
	at          atomic.Int64
	lag         lag
}

func newReplicas(all []driver.Conn) *replicas {
	return &replicas{Conn: all[0], all: all, lag: lag{began: time.Now()}}
}

// elsewhereCodes are the ClickHouse errors about a server's state, from its
// ErrorCodes.cpp: another replica may succeed.
var elsewhereCodes = map[int32]bool{
	81:  true, // UNKNOWN_DATABASE: its disk was lost
	60:  true, // UNKNOWN_TABLE: the same
	209: true, // SOCKET_TIMEOUT
	210: true, // NETWORK_ERROR
	225: true, // NO_ZOOKEEPER
	242: true, // TABLE_IS_READ_ONLY: it has no session
	243: true, // NOT_ENOUGH_SPACE
	252: true, // TOO_MANY_PARTS
	285: true, // TOO_FEW_LIVE_REPLICAS
	286: true, // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
	319: true, // UNKNOWN_STATUS_OF_INSERT
	341: true, // UNFINISHED
	999: true, // KEEPER_EXCEPTION
}

// elsewhere reports whether another replica may succeed.
func elsewhere(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil || errors.Is(err, ErrRows) {
		return false
	}
	e, ok := errors.AsType[*clickhouse.Exception](err)
	return !ok || elsewhereCodes[e.Code]
}

// current returns the replica that is asked now.
func (r *replicas) current() (conn driver.Conn, at int64) {
	at = r.at.Load()
	return r.all[at%int64(len(r.all))], at
}

// moved makes the replica after number at current if err shows that another one may
// succeed, and reports whether it does.
func (r *replicas) moved(ctx context.Context, at int64, err error) bool {
	if !elsewhere(ctx, err) {
		return false
	}
	r.at.CompareAndSwap(at, at+1) // unless another caller has done so
	r.lag.lookedAt.Store(0)       // the next one may lack rows
	return true
}

// ask calls do with one replica after the other until one succeeds.
func (r *replicas) ask(ctx context.Context, do func(driver.Conn) error) (err error) {
	for range r.all {
		r.choose(ctx)
		conn, at := r.current()
		if err = do(conn); !r.moved(ctx, at, err) {
			return err
		}
	}
	return err
}

// tell calls do with the current replica, once.
func (r *replicas) tell(ctx context.Context, do func(driver.Conn) error) error {
	conn, at := r.current()
	err := do(conn)
	r.moved(ctx, at, err)
	return err
}

func (r *replicas) Query(ctx context.Context, query string, args ...any) (rows driver.Rows, err error) {
	err = r.ask(ctx, func(c driver.Conn) (err error) { rows, err = c.Query(ctx, query, args...); return err })
	return rows, err
}

func (r *replicas) QueryRow(ctx context.Context, query string, args ...any) (row driver.Row) {
	_ = r.ask(ctx, func(c driver.Conn) error { row = c.QueryRow(ctx, query, args...); return row.Err() }) // row has it
	return row
}

func (r *replicas) QueryFormat(ctx context.Context, format, query string, args ...any) (stream io.ReadCloser, err error) {
	err = r.ask(ctx, func(c driver.Conn) (err error) { stream, err = c.QueryFormat(ctx, format, query, args...); return err })
	return stream, err
}

func (r *replicas) Ping(ctx context.Context) error {
	return r.ask(ctx, func(c driver.Conn) error { return c.Ping(ctx) })
}

func (r *replicas) Exec(ctx context.Context, query string, args ...any) error {
	return r.tell(ctx, func(c driver.Conn) error { return c.Exec(ctx, query, args...) })
}

func (r *replicas) InsertFormat(ctx context.Context, format, query string, data io.Reader) error {
	return r.tell(ctx, func(c driver.Conn) error { return c.InsertFormat(ctx, format, query, data) })
}

func (r *replicas) PrepareBatch(ctx context.Context, query string, options ...driver.PrepareBatchOption) (batch driver.Batch, err error) {
	err = r.tell(ctx, func(c driver.Conn) (err error) { batch, err = c.PrepareBatch(ctx, query, options...); return err })
	return batch, err
}

func (r *replicas) Close() error {
	var faults []error
	for _, c := range r.all {
		faults = append(faults, c.Close())
	}
	return errors.Join(faults...)
}

// EachServer calls do with a handle on each server alone, one after the other, and with its
// address. A replica first fetches the rows of the others, so that rows it lacks then are
// lost on all. It calls do for every server, and returns the errors of all. With shards, a
// handle is on one replica of each of them.
func (w *Warehouse) EachServer(ctx context.Context, do func(place string, server *Warehouse) error) error {
	parts := []*Warehouse{w}
	if w.shards != nil {
		parts = w.shards.all
	}
	most := 0
	for _, shard := range parts {
		most = max(most, len(shard.options.Addr))
	}
	var faults []error
	for i := range most {
		var servers []*clickhouse.Options
		for _, shard := range parts {
			all := eachReplica(shard.options)
			servers = append(servers, all[min(i, len(all)-1)])
		}
		faults = append(faults, w.onServer(ctx, i, servers, do))
	}
	return errors.Join(faults...)
}

// onServer calls do with a handle on the given server of each shard.
func (w *Warehouse) onServer(ctx context.Context, replica int, servers []*clickhouse.Options, do func(string, *Warehouse) error) error {
	var places []string
	var all []*Warehouse
	defer func() {
		for _, one := range all {
			_ = one.conn.Close()
		}
	}()
	for _, options := range servers {
		if w.shards != nil { // a question to the first shard is for this replica of the others
			options.Settings = maps.Clone(options.Settings)
			options.Settings["load_balancing"], options.Settings["load_balancing_first_offset"] = "first_or_random", replica
		}
		one := &Warehouse{options: options}
		if w.shards != nil && len(all) == 0 {
			one.shards = &shards{cluster: w.shards.cluster}
		}
		if err := one.reopen(); err != nil {
			return err
		}
		all, places = append(all, one), append(places, options.Addr[0])
	}
	server, place := all[0], strings.Join(places, " and ")
	if w.shards != nil {
		server.shards.all = all
	}
	for _, one := range all {
		if err := one.fetch(ctx); err != nil {
			return fmt.Errorf("%s: %w", place, err)
		}
	}
	if err := do(place, server); err != nil {
		return fmt.Errorf("%s: %w", place, err)
	}
	return nil
}

// countedTables are the tables that an audit reads.
var countedTables = []string{"opens", "opens_local", "aggregate_opens", "unresolved_opens"}

// fetch returns once a replica has the rows that the others had at the call.
func (w *Warehouse) fetch(ctx context.Context) error {
	var replicated []string
	if err := w.ask(ctx, "table_uuids", nil, &replicated, new([]string)); err != nil {
		return fmt.Errorf("ask which tables replicate: %w", err)
	}
	for _, table := range countedTables {
		if !slices.Contains(replicated, table) {
			continue
		}
		if err := w.conn.Exec(ctx, "SYSTEM SYNC REPLICA "+table); err != nil {
			return fmt.Errorf("wait for a replica to have what the others have: %w", err)
		}
	}
	return nil
}

// StartedAt returns when the server was started, by its own clock, to the second; with
// shards, the last one of them.
func (w *Warehouse) StartedAt(ctx context.Context) (last time.Time, err error) {
	servers := []*Warehouse{w}
	if w.shards != nil {
		servers = w.shards.all
	}
	for _, server := range servers {
		var seconds int64
		if err := server.ask(ctx, "server_start", nil, &seconds); err != nil {
			return time.Time{}, fmt.Errorf("ask when the server was started: %w", err)
		}
		if at := time.Unix(seconds, 0).UTC(); at.After(last) {
			last = at
		}
	}
	return last, nil
}
