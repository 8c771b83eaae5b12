package warehouse

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
)

func mustParse(t *testing.T, dsn string) *clickhouse.Options {
	t.Helper()
	options, err := parseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return options
}

// TestAnAnswerThatIsNotWholeIsAnError lets ClickHouse and a proxy before it break off
// answers in each way.
func TestAnAnswerThatIsNotWholeIsAnError(t *testing.T) {
	row := strings.Repeat("x", 1000) + "\n"
	fault := func(tag string) string {
		return "\r\n__exception__\r\n" + tag + "\r\nCode: 241. DB::Exception: too much memory. (MEMORY_LIMIT_EXCEEDED) (version 26.7.2.1)\n96 " + tag + "\r\n__exception__\r\n"
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		bytes  int
		fault  string
	}{
		{"whole", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat(row, 300)) }, 300 * len(row), ""},
		{"empty", func(http.ResponseWriter, *http.Request) {}, 0, ""},
		{"exception behind rows", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat(row, 300)+fault("abc"))
		}, -1, "too much memory. (MEMORY_LIMIT_EXCEEDED)"},
		{"exception, then cut", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, row+fault("abc"))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, -1, "too much memory. (MEMORY_LIMIT_EXCEEDED)"},
		{"an exception in a row, by another tag", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, row+fault("other"))
		}, len(row) + len(fault("other")), ""},
		{"cut", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat(row, 300))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, -1, "cut off"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-ClickHouse-Query-Id", "q")
				w.Header().Set("X-ClickHouse-Format", "CSV")
				w.Header().Set("X-ClickHouse-Exception-Tag", "abc")
				test.answer(w, r)
			}))
			defer server.Close()
			w := &Warehouse{options: mustParse(t, server.URL)}
			answer, err := w.Statement(t.Context(), "SELECT 1", "CSV", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = answer.Close() }()
			text, err := io.ReadAll(answer)
			if (err == nil) != (test.fault == "") || err != nil && !strings.HasSuffix(err.Error(), test.fault) && !strings.Contains(err.Error(), "cut off") {
				t.Errorf("error %v, want %q", err, test.fault)
			}
			if test.bytes >= 0 && len(text) != test.bytes {
				t.Errorf("%d bytes, want %d", len(text), test.bytes)
			}
		})
	}
}

func TestAnswersOfOthersAreRefused(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch r.URL.Path {
		case "/login": // a middlebox
			_, _ = io.WriteString(w, "<html>")
		case "/other":
			w.Header().Set("X-ClickHouse-Query-Id", "q")
			w.Header().Set("X-ClickHouse-Exception-Tag", "abc")
			w.Header().Set("X-ClickHouse-Format", "Vertical")
		case "/old": // cannot report that an answer broke off
			w.Header().Set("X-ClickHouse-Query-Id", "q")
			if r.URL.Query().Get("wait_end_of_query") != "1" {
				_ = http.NewResponseController(w).Flush()
				return
			}
			_, _ = io.WriteString(w, "whole")
		}
	}))
	defer server.Close()
	for path, want := range map[string]error{"/login": ErrAnswer, "/other": ErrOtherFormat, "/old": nil} {
		w := &Warehouse{options: mustParse(t, server.URL)}
		w.options.HttpUrlPath = path
		answer, err := w.Statement(t.Context(), "SELECT 1", "CSV", nil)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", path, err)
		}
		if err == nil {
			text, err := io.ReadAll(answer)
			if err != nil || string(text) != "whole" {
				t.Errorf("%s: %q, %v", path, text, err)
			}
			_ = answer.Close()
		}
	}
	if asked != 4 {
		t.Errorf("%d requests", asked)
	}
	native := &Warehouse{options: mustParse(t, "clickhouse://localhost:9000")}
	if _, err := native.Statement(t.Context(), "SELECT 1", "CSV", nil); !errors.Is(err, ErrNoHTTP) {
		t.Errorf("native: %v", err)
	}
}
