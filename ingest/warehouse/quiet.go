package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// quietConn removes the URLs of requests from errors. Package net/http puts
// URLs into its errors; clickhouse-go puts into URLs a query's parameters, such
// as message ids, and unknown parts of a DSN, such as a password under a
// misspelt name.
type quietConn struct{ driver.Conn }

func (c quietConn) Query(ctx context.Context, query string, args ...any) (driver.Rows, error) {
	rows, err := c.Conn.Query(ctx, query, args...)
	return rows, withoutURLs(err)
}

func (c quietConn) QueryRow(ctx context.Context, query string, args ...any) driver.Row {
	return quietRow{c.Conn.QueryRow(ctx, query, args...)}
}

func (c quietConn) Exec(ctx context.Context, query string, args ...any) error {
	return withoutURLs(c.Conn.Exec(ctx, query, args...))
}

func (c quietConn) InsertFormat(ctx context.Context, format, query string, data io.Reader) error {
	return withoutURLs(c.Conn.InsertFormat(ctx, format, query, data))
}

func (c quietConn) QueryFormat(ctx context.Context, format, query string, args ...any) (io.ReadCloser, error) {
	stream, err := c.Conn.QueryFormat(ctx, format, query, args...)
	return stream, withoutURLs(err)
}

func (c quietConn) Ping(ctx context.Context) error { return withoutURLs(c.Conn.Ping(ctx)) }

type quietRow struct{ driver.Row }

func (r quietRow) Err() error             { return withoutURLs(r.Row.Err()) }
func (r quietRow) Scan(into ...any) error { return withoutURLs(r.Row.Scan(into...)) }

// quietError is an error with another text.
type quietError struct {
	text string
	err  error
}

func (e *quietError) Error() string { return e.text }
func (e *quietError) Unwrap() error { return e.err }

// firstReason returns the network's or server's reason from the error of a
// first connection, without the driver's description of its own steps.
func firstReason(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err.Error()
	}
	if e, ok := errors.AsType[*clickhouse.Exception](err); ok {
		line, _, _ := strings.Cut(e.Message, "\n")
		return fmt.Sprintf("ClickHouse says %s (code %d)", line, e.Code)
	}
	return err.Error()
}

// quotedURL finds a URL as url.Error writes it, in groups its scheme and host.
var quotedURL = regexp.MustCompile(`"([a-zA-Z]+://)(?:[^"/?#@]*@)?([^"/?#]*)[^"]*"`)

// withoutURLs returns err with URLs in its text reduced to scheme and host.
func withoutURLs(err error) error {
	if _, ok := errors.AsType[*url.Error](err); !ok {
		return err
	}
	return &quietError{quotedURL.ReplaceAllString(err.Error(), "$1$2"), err}
}
