package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/ClickHouse/clickhouse-go/v2"

	"glint/schema"
)

// ErrAnswer means that something between us and ClickHouse has answered in its
// place, or has cut its answer off. Nothing may be concluded from such an answer;
// the question may be asked again.
var ErrAnswer = errors.New("warehouse: the answer is not ClickHouse's, or not whole")

// ask runs a query of one row and scans it. Every query whose empty answer would
// be believed has the form of one row, always, so that no row is no answer.
func (w *Warehouse) ask(ctx context.Context, query string, args []any, into ...any) error {
	err := w.conn.QueryRow(ctx, schema.Query(query), args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %s", ErrAnswer, query)
	}
	return err
}

// records runs a query that answers with a number of records and all of them in
// one text, each of size bytes, and returns the text.
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

// ofClickHouse lets an answer pass only if it has a header of ClickHouse's own. A
// middlebox that answers in its place does not know them, and an insert that it
// took for itself would be lost.
type ofClickHouse struct{ next http.RoundTripper }

func (t ofClickHouse) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("X-ClickHouse-Query-Id") != "" {
		return response, err
	}
	_ = response.Body.Close()
	return nil, ErrAnswer
}

// onlyOfClickHouse makes the connections of HTTP refuse the answers of others.
func onlyOfClickHouse(options *clickhouse.Options) {
	options.TransportFunc = func(t *http.Transport) (http.RoundTripper, error) { return ofClickHouse{t}, nil }
}
