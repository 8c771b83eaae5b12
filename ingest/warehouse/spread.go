package warehouse

import (
	"context"
	"io"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"glint/schema/migrate"
)

// spreadConn is a connection to a warehouse with shards: it runs the statements of one
// without shards in the form for several. See migrate.Spread.
type spreadConn struct{ driver.Conn }

func (c spreadConn) Query(ctx context.Context, query string, args ...any) (driver.Rows, error) {
	return c.Conn.Query(ctx, migrate.Spread(query), args...)
}

func (c spreadConn) QueryRow(ctx context.Context, query string, args ...any) driver.Row {
	return c.Conn.QueryRow(ctx, migrate.Spread(query), args...)
}

func (c spreadConn) QueryFormat(ctx context.Context, format, query string, args ...any) (io.ReadCloser, error) {
	return c.Conn.QueryFormat(ctx, format, migrate.Spread(query), args...)
}

func (c spreadConn) Exec(ctx context.Context, query string, args ...any) error {
	return c.Conn.Exec(ctx, migrate.Spread(query), args...)
}
