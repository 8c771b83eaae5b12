package warehouse

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// replicas is a connection to several servers that have the same tables. One of them is
// asked until it fails in a way that another one may not; then the next one is. A question
// is asked again there at once; a statement is not, since it may have been carried out:
// its caller tries again, under the same name.
type replicas struct {
	driver.Conn // the first one, for what is not overridden
	all         []driver.Conn
	at          atomic.Int64
}

func newReplicas(all []driver.Conn) *replicas { return &replicas{Conn: all[0], all: all} }

// elsewhereCodes are the ClickHouse errors about a server's state, from its
// ErrorCodes.cpp: another replica may do.
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

// elsewhere reports whether another replica may do better.
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

// moved lets the next one be asked if this error of that one asks for it.
func (r *replicas) moved(ctx context.Context, at int64, err error) bool {
	if !elsewhere(ctx, err) {
		return false
	}
	r.at.CompareAndSwap(at, at+1) // else another caller has moved on already
	return true
}

// ask calls do with one replica after the other until one answers.
func (r *replicas) ask(ctx context.Context, do func(driver.Conn) error) (err error) {
	for range r.all {
		conn, at := r.current()
		if err = do(conn); !r.moved(ctx, at, err) {
			return err
		}
	}
	return err
}

// tell calls do with one replica.
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
