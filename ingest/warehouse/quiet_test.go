package warehouse

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

func TestErrorsHaveNoSecretOfADSN(t *testing.T) {
	for _, dsn := range []string{
		"http://glint:hunter2@127.0.0.1:1/glint",
		"http://hunter2@127.0.0.1:1/glint",
		"http://127.0.0.1:1/glint?username=glint&password=hunter2",
		"http://glint@127.0.0.1:1/glint?pasword=hunter2",
		"http://glint@127.0.0.1:1/glint?Password=hunter2&token=hunter2",
		"http://glint:p%22%40%2F%3Fhunter2@127.0.0.1:1/glint?pasword=%22hunter2",
		"http://glint:hunter2@127.0.0.1:x/glint",
		"http://glint:hunter2 @127.0.0.1:1/glint",
		"http://glint@127.0.0.1:1/glint?dial_timeout=hunter2",
		"https://glint:hunter2@127.0.0.1:1/glint?pasword=hunter2",
		"clickhouse://glint:hunter2@127.0.0.1:1/glint?pasword=hunter2",
	} {
		_, err := Connect(t.Context(), dsn)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}

// TestErrorsHaveNoParametersOfAQuery calls each kind of method on a stopped server.
func TestErrorsHaveNoParametersOfAQuery(t *testing.T) {
	options, err := parseDSN("http://glint:hunter2@127.0.0.1:1/glint")
	if err != nil {
		t.Fatal(err)
	}
	options.DialTimeout = time.Second
	conn, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	c := quietConn{conn}
	t.Cleanup(func() { _ = c.Close() })
	id := clickhouse.Named("id", "00000000-0000-8000-8000-000000000001")
	const query = "SELECT {id:UUID}"
	_, queried := c.Query(t.Context(), query, id)
	for way, err := range map[string]error{
		"query": queried, "row": c.QueryRow(t.Context(), query, id).Scan(new(string)), "row's error": c.QueryRow(t.Context(), query, id).Err(),
		"statement": c.Exec(t.Context(), query, id), "ping": c.Ping(t.Context()),
		"insert": c.InsertFormat(t.Context(), "Native", "INSERT INTO opens", strings.NewReader("x")),
	} {
		if _, ok := errors.AsType[*url.Error](err); !ok {
			t.Errorf("%s: %v: not of the network", way, err)
			continue
		}
		text := err.Error()
		if strings.Contains(text, "param_") || strings.Contains(text, "8000-8000") || strings.Contains(text, "glint:") ||
			!strings.Contains(text, "http://127.0.0.1:1: dial tcp") || !Retryable(err) {
			t.Errorf("%s: %s", way, text)
		}
	}
	if err := fmt.Errorf("not of the network: %w", ErrAnswer); !errors.Is(withoutURLs(err), ErrAnswer) || withoutURLs(nil) != nil {
		t.Error("other errors change")
	}
}

// TestAnUnreachableServerIsToldWithoutTheDriver checks that the error has only the reason
// of the network or the server.
func TestAnUnreachableServerIsToldWithoutTheDriver(t *testing.T) {
	refused := &url.Error{Op: "Post", URL: "http://u:***@127.0.0.1:1?compress=1", Err: errors.New("connection refused")}
	server := &clickhouse.Exception{Code: 516, Message: "Authentication failed\nof u"}
	for err, want := range map[error]string{
		fmt.Errorf("hello: query: %w", refused): "connection refused",
		fmt.Errorf("hello: query: %w", server):  "ClickHouse says Authentication failed (code 516)",
		context.DeadlineExceeded:                context.DeadlineExceeded.Error(),
	} {
		if got := firstReason(err); got != want {
			t.Errorf("%v is told as %q, want %q", err, got, want)
		}
	}
}
