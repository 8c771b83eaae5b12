package embedded

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

func httpClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

// endless is a query that runs for longer than any test.
func endless(ctx context.Context, t *testing.T, engine *Engine, id string) *http.Request {
	t.Helper()
	const query = `SELECT sleepEachRow(1) FROM numbers(100000) FORMAT Null
		SETTINGS function_sleep_max_microseconds_per_block = 0, max_block_size = 1`
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, engine.URL()+"/?query_id="+id, strings.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(warehouseName, warehousePassword)
	return request
}

// running reports whether the query with this id runs; the id is as in a URL.
func running(t *testing.T, url, id string) bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		url+"/?param_id="+id, strings.NewReader("SELECT count() FROM system.processes WHERE query_id = {id:String}"))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(warehouseName, warehousePassword)
	answer := do(t, request)
	if answer.status != http.StatusOK {
		t.Fatalf("look for query: %s", answer.text)
	}
	return answer.text == "1"
}

func TestQueryEndsWhenItsClientLeaves(t *testing.T) {
	engine := startEngine(t, t.TempDir())
	for _, test := range []struct{ name, id string }{
		{"plain id", "plain"},
		{"id with a quote", "it%27s"},
		{"id that would widen the statement", "x%27%20OR%201%3D1%20--"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bystander, cancelBystander := context.WithCancel(t.Context())
			defer cancelBystander()
			ctx, leave := context.WithCancel(t.Context())
			for _, request := range []*http.Request{
				endless(ctx, t, engine, test.id), endless(bystander, t, engine, "bystander"),
			} {
				go func() {
					response, err := httpClient().Do(request)
					if err == nil {
						_ = response.Body.Close()
					}
				}()
			}
			eventually(t, "both queries run", func() bool { return running(t, engine.URL(), test.id) && running(t, engine.URL(), "bystander") })
			leave()
			eventually(t, "the query is gone", func() bool { return !running(t, engine.URL(), test.id) })
			if !running(t, engine.URL(), "bystander") {
				t.Error("another query was ended, too")
			}
			cancelBystander()
			eventually(t, "the other query is gone", func() bool { return !running(t, engine.URL(), "bystander") })
		})
	}
	if engine.Restarts() != 0 {
		t.Error("the engine was restarted")
	}
}

func TestLeavingDoesNotEndTheQueryOfAnotherUser(t *testing.T) {
	engine := startEngine(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	request := endless(ctx, t, engine, "shared")
	go func() {
		response, err := httpClient().Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
	}()
	eventually(t, "query runs", func() bool { return running(t, engine.URL(), "shared") })
	engine.proxy.kill("shared", readerName)
	if !running(t, engine.URL(), "shared") {
		t.Error("the query was ended on behalf of another user")
	}
	// The same call does end it for its own user: the test above could fail.
	engine.proxy.kill("shared", warehouseName)
	eventually(t, "the query is gone", func() bool { return !running(t, engine.URL(), "shared") })
}
