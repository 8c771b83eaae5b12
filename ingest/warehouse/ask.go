package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"glint/schema"
)

// ErrAnswer means that a middlebox answered in ClickHouse's place, or that the
// answer was cut off. Such an answer proves nothing; the query may be repeated.
var ErrAnswer = errors.New("warehouse: the answer is not ClickHouse's, or not whole")

// ask runs a query of one row and scans it. Queries whose empty answer would be
// meaningful always return exactly one row, so that a missing row means a
// missing answer.
func (w *Warehouse) ask(ctx context.Context, query string, args []any, into ...any) error {
	return answered(w.conn.QueryRow(ctx, schema.Query(query), args...), query, into...)
}

// askForOne is ask for a query that has no row if there is nothing to tell.
func (w *Warehouse) askForOne(ctx context.Context, query string, args []any, into ...any) (found bool, err error) {
	err = w.conn.QueryRow(ctx, schema.Query(query), args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %s", ErrAnswer, query)
	}
	return err == nil, err
}

// answered scans the row that answers a query of that name.
func answered(row driver.Row, query string, into ...any) error {
	err := row.Scan(into...)
	if errors.Is(err, sql.ErrNoRows) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %s", ErrAnswer, query)
	}
	return err
}

// records runs a query that returns a number of records and, in one text, the
// records themselves, each of size bytes. It returns the text.
func (w *Warehouse) records(ctx context.Context, query string, size int, args ...any) ([]byte, error) {
	var n uint64
	var text string
	if err := w.ask(ctx, query, args, &n, &text); err != nil {
		return nil, err
	}
	if uint64(len(text)) != n*uint64(size) {
		return nil, fmt.Errorf("%w: %s: %d bytes of %d records", ErrAnswer, query, len(text), n)
	}
	return []byte(text), nil
}

// ofClickHouse accepts only answers with a header of ClickHouse's own. A
// middlebox that answers in its place does not send them, and an insert that it
// swallowed would be lost.
type ofClickHouse struct{ next http.RoundTripper }

func (t ofClickHouse) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("X-ClickHouse-Query-Id") != "" {
		return response, err
	}
	_ = response.Body.Close()
	return nil, ErrAnswer
}

// onlyOfClickHouse makes HTTP connections refuse answers that are not
// ClickHouse's.
func onlyOfClickHouse(options *clickhouse.Options) {
	options.TransportFunc = func(t *http.Transport) (http.RoundTripper, error) { return ofClickHouse{t}, nil }
}
