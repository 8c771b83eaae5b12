package embedded

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSealedSettingsDoNotReachIntoViews asks the engine past the proxy, so that
// only the profiles of reader and definer hold. The engine does not check the
// constraints of the reader inside of a sub-query.
func TestSealedSettingsDoNotReachIntoViews(t *testing.T) {
	engine := startWithView(t)
	must(t, engine, "CREATE VIEW not_there_yet DEFINER = glint SQL SECURITY DEFINER AS SELECT n + 0 AS m FROM opens WHERE n < 10")
	sealed := 0
	for _, setting := range []string{
		"additional_table_filters = {'glint.opens': 'n = 1'}", "additional_table_filters = {'opens': 'n = 1'}",
		"additional_result_filter = 'opens = 7'", "additional_result_filter = 'n = 7'",
		"parallel_replicas_custom_key = 'n', parallel_replicas_count = 2, parallel_replica_offset = 1",
		"enable_parallel_replicas = 1, parallel_replicas_mode = 'custom_key_range', parallel_replicas_custom_key = 'n', parallel_replicas_count = 2, parallel_replica_offset = 1",
		// Limits may fail, since they belong to the sub-query around the view; the proxy refuses them.
		"max_rows_to_read = 1", "max_rows_to_read = 1, read_overflow_mode = 'break'", "max_bytes_to_read = 1", "max_rows_to_group_by = 1, group_by_overflow_mode = 'any'",
		"force_primary_key = 1", "max_rows_to_sort = 1", "use_query_cache = 1", "readonly = 0, additional_table_filters = {'glint.opens': 'n = 1'}",
	} {
		for _, view := range []string{"open_count", "not_there_yet"} {
			column := map[string]string{"open_count": "opens", "not_there_yet": "m"}[view]
			want := map[string]string{"open_count": "1000", "not_there_yet": "45"}[view]
			for _, form := range []string{
				"SELECT sum(" + column + ") FROM (SELECT " + column + " FROM " + view + " SETTINGS %s)",
				"WITH x AS (SELECT " + column + " FROM " + view + " SETTINGS %s) SELECT sum(" + column + ") FROM x",
				"SELECT sum(" + column + ") FROM (SELECT * FROM (SELECT " + column + " FROM " + view + ") SETTINGS %s)",
			} {
				query := fmt.Sprintf(form, setting)
				got := inside(t, engine, readerName, readerPassword, query)
				if got.status == http.StatusOK && got.text != want {
					t.Errorf("%s: %s instead of %s", query, got.text, want)
				}
				sealed++
			}
		}
	}
	t.Logf("%d queries", sealed)
}

func TestConstraintsHoldForTheTopOfAQuery(t *testing.T) {
	engine := startWithView(t)
	for _, user := range []account{{readerName, readerPassword}, {warehouseName, warehousePassword}} {
		for _, name := range sealedSettings {
			value := must(t, engine, "SELECT type FROM system.settings WHERE name = '"+name+"'")
			if value == "" {
				t.Errorf("the engine has no setting %s", name)
				continue
			}
			changed := must(t, engine, "SELECT if(value IN ('', '0', 'throw', '{}'), '1', '0') FROM system.settings WHERE name = '"+name+"'")
			got := inside(t, engine, user.name, user.password, "SELECT 1 SETTINGS "+name+" = '"+changed+"'")
			if got.status == http.StatusOK {
				t.Errorf("%s may set %s", user.name, name)
			}
		}
	}
}

func TestListenerAnswersOnlyWithTheKeyOfThisStart(t *testing.T) {
	engine := startEngine(t, t.TempDir())
	way := backendOf(t, engine)
	for _, test := range []struct {
		name, path string
		key        []string
		found      bool
	}{
		{"no key", "/?query=SELECT+1", nil, false},
		{"empty key", "/?query=SELECT+1", []string{""}, false},
		{"another key", "/?query=SELECT+1", []string{newSecrets().Door}, false},
		{"part of the key", "/?query=SELECT+1", []string{way.secrets.Door[1:]}, false},
		{"ping without a key", "/ping", nil, false},
		{"page of the engine", "/play", []string{way.secrets.Door}, false},
		{"dashboard", "/dashboard", []string{way.secrets.Door}, false},
		{"metrics", "/metrics", []string{way.secrets.Door}, false},
		{"the key", "/?query=SELECT+1", []string{way.secrets.Door}, true},
	} {
		for _, user := range []account{{warehouseName, warehousePassword}, {readerName, readerPassword}, {reservedUser, ""}} {
			request, err := http.NewRequest(http.MethodPost, way.url+test.path, strings.NewReader(""))
			if err != nil {
				t.Fatal(err)
			}
			request.SetBasicAuth(user.name, user.password)
			request.Header[doorHeader] = test.key
			request.Header.Set("Origin", "http://evil.example")
			response, err := way.transport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if (response.StatusCode == http.StatusOK) != test.found {
				t.Errorf("%s as %s: status %d", test.name, user.name, response.StatusCode)
			}
		}
	}
}

func TestKeysDifferFromStartToStart(t *testing.T) {
	a, b := newSecrets(), newSecrets()
	if a.Door == b.Door || a.Parser == b.Parser || a.Door == a.Parser || len(a.Door) < 26 {
		t.Error("keys of two starts are alike or short")
	}
}

func TestNobodyElseConnectsToTheEngine(t *testing.T) {
	engine := startEngine(t, t.TempDir())
	if !engine.supervisor.confined.Load().OwnNetwork {
		t.Fatalf("this system gives the engine no network of its own: %v", engine.supervisor.confined.Load().Gaps)
	}
	address := strings.TrimPrefix(backendOf(t, engine).url, "http://")
	if connection, err := net.Dial("tcp", address); err == nil {
		_ = connection.Close()
		t.Errorf("%s is open", address)
	}
}

// TestEngineWithoutANetworkOfItsOwnStillWorks is a system that allows no
// namespaces: a container's policy, a unit with RestrictNamespaces=yes.
func TestEngineWithoutANetworkOfItsOwnStillWorks(t *testing.T) {
	dir := t.TempDir()
	cfg := testConfig(dir, enginePath(t))
	cfg.isolations = []isolation{
		func(a *syscall.SysProcAttr) { a.Cloneflags |= unix.CLONE_NEWNS | unix.CLONE_FS }, // EINVAL by clone(2)
		func(a *syscall.SysProcAttr) { a.Cloneflags |= unix.CLONE_NEWUSER | unix.CLONE_FS },
	}
	engine, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopEngine(t, engine) })
	if got := must(t, engine, "SELECT 1"); got != "1" {
		t.Errorf("answer %s", got)
	}
	if c := engine.supervisor.confined.Load(); c.OwnNetwork || !slices.Contains(c.Gaps, gapPort) {
		t.Errorf("the gap is not named: %+v", c)
	}
	// Everyone can connect to the port, and its listener answers nothing.
	for _, path := range []string{"/ping", "/?query=SELECT+1", "/?query=SELECT+file('/etc/passwd')", "/play"} {
		response, err := http.Get(backendOf(t, engine).url + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			t.Errorf("%s is answered", path)
		}
	}
	// Landlock keeps the engine from connecting, except to itself.
	c := setCanaries(t)
	for _, query := range []string{
		"SELECT * FROM url('http://" + c.listener.Addr().String() + "/', 'LineAsString')",
		"SELECT * FROM remote('" + c.listener.Addr().String() + "', 'system.one')",
		"SELECT 1 FORMAT AvroConfluent SETTINGS format_avro_schema_registry_url = 'http://" + c.listener.Addr().String() + "'",
	} {
		inside(t, engine, warehouseName, warehousePassword, query)
	}
	if touched := c.touched(t); len(touched) > 0 {
		t.Errorf("touched %v", touched)
	}
}

// TestEngineReachesOnlyItsOwnFolders gives the warehouse user's statements,
// which nothing checks before the engine, all paths that matter.
func TestEngineReachesOnlyItsOwnFolders(t *testing.T) {
	dir := t.TempDir()
	engine := startEngine(t, dir)
	c := setCanaries(t)
	if abi := engine.supervisor.confined.Load().LandlockABI; abi < oldestUseful {
		t.Fatalf("this kernel has Landlock version %d", abi)
	}
	for name, text := range map[string]string{"credentials.env": c.content, "keys/pixel.keys": c.content} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(c.path("credentials.env"), filepath.Join(dir, "run", "tmp", "link")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		c.path("credentials.env"), filepath.Join(dir, "credentials.env"), filepath.Join(dir, "keys", "pixel.keys"),
		filepath.Join(dir, "run", "tmp", "link"), filepath.Join(dir, "run", "tmp", "..", "..", "credentials.env"),
		"/proc/self/root" + c.path("credentials.env"), fmt.Sprintf("/proc/%d/environ", os.Getpid()),
		fmt.Sprintf("/proc/%d/root%s", os.Getpid(), c.path("credentials.env")), "/etc/passwd", "/etc/hostname", "/root/.bashrc",
	} {
		for _, query := range []string{"SELECT file('" + path + "')", "SELECT 1 AS a FORMAT Template SETTINGS format_template_row = '" + path + "'"} {
			got := ask(t, engine, warehouseName, warehousePassword, query)
			if got.status == http.StatusOK || c.readBy(got.text) {
				t.Errorf("%s: %s", query, got.text)
			}
		}
		if got := ask(t, engine, warehouseName, warehousePassword, "SELECT * FROM sqlite('"+path+".new', 't')"); got.status == http.StatusOK {
			t.Errorf("sqlite at %s: %s", path, got.text)
		}
	}
	for _, path := range []string{"new", "credentials.env"} {
		ask(t, engine, warehouseName, warehousePassword, "SELECT 1 FORMAT Protobuf SETTINGS output_format_schema = '"+c.path(path)+"'")
	}
	if touched := c.touched(t); len(touched) > 0 {
		t.Errorf("touched %v", touched)
	}
	if _, err := os.Stat(filepath.Join(dir, "credentials.env.new")); err == nil {
		t.Error("a file was made beside the credentials")
	}
}

func TestGapsOfOlderKernelsAreNamed(t *testing.T) {
	for _, test := range []struct {
		abi  int
		gaps int
	}{{0, 3}, {1, 3}, {2, 4}, {3, 3}, {4, 2}, {5, 1}, {6, 0}, {7, 0}, {99, 0}} {
		if got := landlockGaps(test.abi); len(got) != test.gaps {
			t.Errorf("version %d: %v, want %d gaps", test.abi, got, test.gaps)
		}
	}
}

// TestEachFunctionOfTheEngineWasReviewed fails with a new engine: each new name
// has to be looked at, and listed in gatekeeper if it reaches beyond a query.
func TestEachFunctionOfTheEngineWasReviewed(t *testing.T) {
	engine := startEngine(t, t.TempDir())
	for kind, query := range map[string]string{
		"functions":       "SELECT DISTINCT lower(name) AS name FROM system.functions ORDER BY name FORMAT TSVRaw",
		"table_functions": "SELECT name FROM system.table_functions ORDER BY name FORMAT TSVRaw",
		"formats":         "SELECT name FROM system.formats WHERE is_output ORDER BY name FORMAT TSVRaw",
	} {
		reviewed, err := os.ReadFile(filepath.Join("testdata", "reviewed_"+kind+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		known := map[string]bool{}
		for _, name := range strings.Fields(string(reviewed)) {
			known[name] = true
		}
		names := strings.Fields(must(t, engine, query))
		for _, name := range names {
			if !known[name] {
				t.Errorf("%s: %s is new", kind, name)
			}
		}
		if len(names) < 90 && kind != "table_functions" {
			t.Errorf("%d %s", len(names), kind)
		}
	}
}

func TestConfigurationHoldsEachSealedSettingTwice(t *testing.T) {
	cfg, err := testConfig(t.TempDir(), "libchdb.so").withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	config, err := renderConfig(&cfg, newLayout(&cfg), 1, newSecrets())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sealedSettings {
		if n := bytes.Count(config, []byte("<"+name+"><readonly/>")); n != 2 {
			t.Errorf("%s is sealed %d times: for the reader and for the definer", name, n)
		}
	}
}

// TestServersOfOthersSealTheSame compares the profiles for a ClickHouse server
// with the embedded engine's.
func TestServersOfOthersSealTheSame(t *testing.T) {
	text, err := os.ReadFile("../../deploy/clickhouse/users.xml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Profiles struct {
			Definer struct {
				Constraints constraintNames `xml:"constraints"`
			} `xml:"default"`
			Reader struct {
				Readonly    int             `xml:"readonly"`
				Quote       int             `xml:"output_format_json_quote_64bit_integers"`
				Constraints constraintNames `xml:"constraints"`
			} `xml:"glint_reader"`
		} `xml:"profiles"`
	}
	if err := xml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	reader := config.Profiles.Reader
	if reader.Readonly != 2 || reader.Quote != 1 {
		t.Errorf("the reader's profile has readonly %d, quoted numbers %d", reader.Readonly, reader.Quote)
	}
	definer := config.Profiles.Definer.Constraints
	for _, name := range []string{"additional_table_filters", "additional_result_filter", "parallel_replicas_custom_key", "output_format_schema"} {
		if !slices.Contains(definer.sealed(), name) {
			t.Errorf("%s is not sealed for the definer", name)
		}
	}
	for _, name := range definer.sealed() {
		if !slices.Contains(sealedSettings, name) || !slices.Contains(reader.Constraints.sealed(), name) {
			t.Errorf("%s is sealed for the definer alone", name)
		}
	}
}

type constraintNames struct {
	All []struct {
		XMLName  xml.Name
		Readonly *struct{} `xml:"readonly"`
	} `xml:",any"`
}

func (c constraintNames) sealed() []string {
	var names []string
	for _, one := range c.All {
		if one.Readonly != nil {
			names = append(names, one.XMLName.Local)
		}
	}
	return names
}
