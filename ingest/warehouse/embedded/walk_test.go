package embedded

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// walker sends statements as one user by one way and looks whether the canaries notice.
type walker struct {
	name  string
	send  func(statement string, settings url.Values) (int, string, error)
	count map[string]int // of statements, by kind
	ran   map[string]int // of those that the engine executed
}

// walk sends all statements, eight at a time.
func (w *walker) walk(t *testing.T, c *canaries, kind string, statements []walkStatement) {
	t.Helper()
	const parallel = 8
	work := make(chan walkStatement)
	var mu sync.Mutex
	var group sync.WaitGroup
	for range parallel {
		group.Go(func() {
			for s := range work {
				status, answer, err := w.send(s.text, s.settings)
				mu.Lock()
				w.count[kind]++
				if status == http.StatusOK {
					w.ran[kind]++
				}
				switch {
				case err != nil:
					t.Errorf("%s: %s: %v", w.name, s.text, err)
				case c.readBy(answer):
					t.Errorf("%s read a file: %s %v", w.name, s.text, s.settings)
				}
				mu.Unlock()
			}
		})
	}
	for _, s := range statements {
		work <- s
	}
	close(work)
	group.Wait()
	if touched := c.touched(t); len(touched) > 0 {
		t.Errorf("%s, %s: %s", w.name, kind, strings.Join(touched, "; "))
	}
}

type walkStatement struct {
	text     string
	settings url.Values
}

// TestNothingOfTheEngineReachesFilesOrHosts calls each function, table function
// and format of the engine and gives each text setting a path, an address and
// SQL: as the reader through the proxy, as the reader past the proxy, as the
// definer of the views, and without the listener's key.
func TestNothingOfTheEngineReachesFilesOrHosts(t *testing.T) {
	engine := startWithView(t)
	c := setCanaries(t)
	kinds := statementsOf(t, engine, c, []string{"open_count"})
	for _, w := range []*walker{
		asClient(t, engine, "reader", readerName, readerPassword),
		past(t, engine, "reader past the proxy", readerName, readerPassword, true),
		asClient(t, engine, "definer", warehouseName, warehousePassword),
		past(t, engine, "nobody", reservedUser, "", false),
	} {
		w.walkAll(t, c, kinds, w.name != "nobody")
	}
	if engine.Restarts() != 0 {
		t.Errorf("the engine was restarted %d times", engine.Restarts())
	}
}

// statementsOf returns the statements of a walk, by kind. The settings are used with
// each of the views in turn.
func statementsOf(t *testing.T, engine *Engine, c *canaries, views []string) map[string][]walkStatement {
	names := func(query string) []string { return strings.Fields(must(t, engine, query)) }
	return map[string][]walkStatement{
		"functions":       functionCalls(c, names("SELECT name FROM system.functions ORDER BY name")),
		"table functions": tableFunctionCalls(c, names("SELECT name FROM system.table_functions ORDER BY name")),
		"formats":         formatUses(c, names("SELECT name FROM system.formats ORDER BY name")),
		"text settings": settingUses(c, names(`SELECT name FROM system.settings
			WHERE type IN ('String', 'Map', 'URI', 'Char') OR type LIKE '%String%' OR default LIKE '%/%' ORDER BY name`), views),
	}
}

// walkAll sends the statements of all kinds. runs reports whether the engine executes some
// of each.
func (w *walker) walkAll(t *testing.T, c *canaries, kinds map[string][]walkStatement, runs bool) {
	t.Helper()
	for _, kind := range []string{"functions", "table functions", "formats", "text settings"} {
		statements := kinds[kind]
		w.walk(t, c, kind, statements)
		t.Logf("%s: %d statements with %s, %d executed", w.name, w.count[kind], kind, w.ran[kind])
		if w.count[kind] < len(statements) || len(statements) < 100 {
			t.Errorf("%s: only %d statements with %s", w.name, w.count[kind], kind)
		}
		if runs != (w.ran[kind] > 0) {
			t.Errorf("%s: %d statements with %s were executed", w.name, w.ran[kind], kind)
		}
	}
}

func asClient(t *testing.T, engine *Engine, name, user, password string) *walker {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: patience}
	t.Cleanup(client.CloseIdleConnections)
	return newWalker(t, name, func(request *http.Request) (*http.Response, error) {
		request.SetBasicAuth(user, password)
		return client.Do(request)
	}, engine.URL())
}

func past(t *testing.T, engine *Engine, name, user, password string, withKey bool) *walker {
	way := backendOf(t, engine)
	return newWalker(t, name, func(request *http.Request) (*http.Response, error) {
		request.SetBasicAuth(user, password)
		if withKey {
			return way.send(request)
		}
		return way.transport.RoundTrip(request)
	}, way.url)
}

func newWalker(t *testing.T, name string, do func(*http.Request) (*http.Response, error), base string) *walker {
	return &walker{name: name, count: map[string]int{}, ran: map[string]int{}, send: func(statement string, settings url.Values) (int, string, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/?"+settings.Encode(), strings.NewReader(statement))
		if err != nil {
			return 0, "", err
		}
		response, err := do(request)
		if err != nil {
			return 0, "", err
		}
		defer func() { _ = response.Body.Close() }()
		answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
		return response.StatusCode, string(answer), err
	}}
}

// slowFunctions only wait, or need gigabytes for the arguments of the walk.
var slowFunctions = map[string]bool{"sleep": true, "sleepEachRow": true}

func functionCalls(c *canaries, functions []string) []walkStatement {
	address := "http://" + c.listener.Addr().String() + "/"
	var calls []walkStatement
	for _, name := range functions {
		if slowFunctions[name] {
			continue
		}
		for _, arguments := range []string{
			fmt.Sprintf("'%s'", c.path("credentials.env")),
			fmt.Sprintf("'%s', '%s'", c.path("rows.tsv"), c.path("table.csv")),
			fmt.Sprintf("'%s', 'CSV', 1", address),
			fmt.Sprintf("materialize('%s')", c.path("new")),
		} {
			calls = append(calls, walkStatement{text: fmt.Sprintf("SELECT `%s`(%s)", name, arguments)})
		}
	}
	return calls
}

func tableFunctionCalls(c *canaries, functions []string) []walkStatement {
	host := c.listener.Addr().String()
	address := "http://" + host + "/table.csv"
	var calls []walkStatement
	for _, name := range functions {
		for _, arguments := range []string{
			fmt.Sprintf("'%s'", c.path("table.csv")),
			fmt.Sprintf("'%s', 'CSV'", c.path("table.csv")),
			fmt.Sprintf("'%s', 'LineAsString', 'a String'", c.path("credentials.env")),
			fmt.Sprintf("'%s', 't'", c.path("new.db")),
			fmt.Sprintf("'%s', 'CSV', 'a String'", address),
			fmt.Sprintf("'%s', 'db', 't', 'user', 'password'", host),
			fmt.Sprintf("'%s', 'system.one'", host),
			"'glint', 'hidden'",
		} {
			call := fmt.Sprintf("%s(%s)", name, arguments)
			calls = append(calls, walkStatement{text: "SELECT * FROM " + call + " LIMIT 1"}, walkStatement{text: "DESCRIBE TABLE " + call},
				walkStatement{text: "INSERT INTO FUNCTION " + call + " SELECT '1'"})
		}
	}
	return calls
}

// pathSettings make the formats that need a schema look for it.
func pathSettings(c *canaries) url.Values {
	return url.Values{
		"format_schema": {c.path("schema.proto") + ":M"}, "output_format_schema": {c.path("new.proto")},
		"format_template_row": {c.path("row.template")}, "format_template_resultset": {c.path("row.template")},
		"format_avro_schema_registry_url":      {"http://" + c.listener.Addr().String()},
		"input_format_record_errors_file_path": {c.path("errors")},
	}
}

func formatUses(c *canaries, formats []string) []walkStatement {
	var uses []walkStatement
	settings := pathSettings(c)
	for _, format := range formats {
		for _, statement := range []string{
			"SELECT 1 AS a, 'x' AS b FORMAT " + format,
			"SELECT * FROM format('" + format + "', 'a String', 'x')",
			"DESCRIBE TABLE format('" + format + "', 'x')",
		} {
			uses = append(uses, walkStatement{text: statement}, walkStatement{text: statement, settings: settings})
			for name, values := range settings {
				uses = append(uses, walkStatement{text: statement, settings: url.Values{name: values}})
			}
		}
	}
	return uses
}

func settingUses(c *canaries, settings, views []string) []walkStatement {
	values := []string{
		c.path("credentials.env"), c.path("new"), "http://" + c.listener.Addr().String() + "/", "file('" + c.path("credentials.env") + "') = ''",
	}
	var uses []walkStatement
	for _, name := range settings {
		for _, value := range values {
			quoted := "'" + strings.ReplaceAll(value, "'", "\\'") + "'"
			if name == "additional_table_filters" || name == "http_response_headers" {
				quoted = "{'glint.opens': " + quoted + "}"
			}
			view := "glint." + views[len(uses)%len(views)]
			for _, statement := range []string{
				"SELECT 1 AS a FORMAT JSONEachRow SETTINGS %s = %s",
				"SELECT 1 AS a FORMAT Protobuf SETTINGS %s = %s",
				"SELECT 1 AS a FORMAT Template SETTINGS %s = %s",
				"SELECT * FROM (SELECT * FROM " + view + " SETTINGS %s = %s)",
				"SELECT * FROM format(CSV, 'a UInt8', 'x') SETTINGS %s = %s",
			} {
				uses = append(uses, walkStatement{text: fmt.Sprintf(statement, name, quoted)})
			}
			uses = append(uses, walkStatement{text: "SELECT * FROM " + view, settings: url.Values{name: {value}}})
		}
	}
	return uses
}

func TestCanariesNoticeReadingWritingAndConnecting(t *testing.T) {
	engine := startEngine(t, t.TempDir())
	c := setCanaries(t)
	// A file in the engine's own folder is the one that it can read.
	allowed := newLayout(&engine.cfg).TempDir + "/allowed"
	copyFile(t, c.path("credentials.env"), allowed)
	if got := must(t, engine, "SELECT file('"+allowed+"')"); !c.readBy(got) {
		t.Errorf("a file that was read is not noticed: %s", got)
	}
	copyFile(t, allowed, c.path("new"))
	connect, err := http.Get("http://" + c.listener.Addr().String())
	if err == nil {
		_ = connect.Body.Close()
	}
	eventually(t, "both are noticed", func() bool { return len(c.touched(t)) == 2 })
}
