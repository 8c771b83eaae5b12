package embedded

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// readFile is a statement that shows a file to the user that may execute it; PATH
// stands for a file that is not the reader's.
const readFile = "SELECT file('PATH')"

// disguises are ways to name a function that a look at the words alone misses.
var disguises = []string{
	readFile,
	"SELECT FILE('PATH')", "select File ( 'PATH' )", "SELECT file/**/('PATH')", "SELECT file--\n('PATH')", "SELECT/**/file('PATH')",
	"SELECT `file`('PATH')", `SELECT "file"('PATH')`, "SELECT `f\\x69le`('PATH')", `SELECT "\x66ile"('PATH')`, `SELECT "\x66\x69\x6c\x65"('PATH')`,
	"SELECT `fi\\le`('PATH')", "SELECT `f\\151le`('PATH')", "SELECT \"fi\\\\le\"('PATH')", "SELECT `file```('PATH')",
	"SELECT arrayMap(file, ['PATH'])", "SELECT arrayMap(`file`, ['PATH'])", "SELECT arrayMap(x -> file(x), ['PATH'])", "SELECT arrayFilter(file, ['PATH'])",
	"SELECT arrayFold(file, ['PATH'], '')", "SELECT mapApply((k, v) -> (k, file(v)), map('a', 'PATH'))",
	"SELECT 'PATH' AS p, p APPLY file", "SELECT * APPLY file FROM (SELECT 'PATH' AS p)", "SELECT * APPLY(file) FROM (SELECT 'PATH' AS p)",
	"SELECT * APPLY(x -> file(x)) FROM (SELECT 'PATH' AS p)", "SELECT COLUMNS('p') APPLY file FROM (SELECT 'PATH' AS p)",
	"SELECT * REPLACE (file('PATH') AS p) FROM (SELECT 'PATH' AS p)", "SELECT * REPLACE file(p) AS p FROM (SELECT 'PATH' AS p)",
	"file('PATH')", "file('PATH') SETTINGS implicit_select = 1", "1, file('PATH')",
	"SELECT file\u00a0('PATH')", "SELECT\u2003file('PATH')", "SELECT file\u200b('PATH')", "SELECT file\u3000('PATH')", "\ufeffSELECT file('PATH')",
	"SELECT file(\u2018PATH\u2019)", "SELECT \u201cfile\u201d('PATH')", "SELECT file(\u2018PATH\u2019) -- '", "SELECT '\u2019' || file('PATH')",
	"SELECT file($$PATH$$)", "SELECT file($a$PATH$a$)", "SELECT $$'$$ || file('PATH') || $$'$$", "SELECT '$$' || file($$PATH$$)",
	"SELECT # '\nfile('PATH')", "#!x\nSELECT file('PATH')", "SELECT 1 # /*\n, file('PATH') -- */", "SELECT '\\'' || file('PATH') || '\\''", "SELECT x'\\' || file('PATH') -- '",
	"SELECT b'\\' || file('PATH') -- '", "SELECT 1 /* */ , file('PATH') /* */", "SELECT 1 /* /* */ , file('PATH') -- */", "SELECT '--', file('PATH')", "SELECT '/*', file('PATH'), '*/'",
	"SELECT\vfile('PATH')", "SELECT\ffile('PATH')", "SELECT file\x00('PATH')", "SELECT\x85file('PATH')",
	"WITH file('PATH') AS x SELECT x", "WITH x AS (SELECT file('PATH') AS y) SELECT y FROM x", "WITH 'PATH' AS p SELECT file(p)",
	"SELECT (SELECT file('PATH'))", "SELECT 1 WHERE file('PATH') != ''", "SELECT 1 GROUP BY file('PATH')", "SELECT 1 ORDER BY file('PATH')", "SELECT 1 HAVING file('PATH') != ''",
	"SELECT 1 LIMIT length(file('PATH'))", "SELECT 1 LIMIT 1 BY file('PATH')", "SELECT 1 AS a ORDER BY a WITH FILL FROM length(file('PATH'))",
	"SELECT 1 AS a, 2 AS b ORDER BY a WITH FILL INTERPOLATE (b AS length(file('PATH')))", "SELECT sum(1) OVER (PARTITION BY file('PATH'))",
	"SELECT sum(1) OVER w FROM numbers(1) WINDOW w AS (ORDER BY file('PATH'))", "SELECT 1 FROM numbers(1) QUALIFY file('PATH') != ''",
	"SELECT 1 FROM numbers(1) ARRAY JOIN [file('PATH')] AS f", "SELECT 1 FROM numbers(1) AS a JOIN numbers(1) AS b ON file('PATH') != ''",
	"SELECT 1 UNION ALL SELECT file('PATH')", "(SELECT 1) UNION ALL (SELECT file('PATH'))", "SELECT 1 EXCEPT SELECT file('PATH')",
	"SELECT any(file('PATH'))", "SELECT anyIf(file('PATH'), 1)", "SELECT CASE WHEN 1 THEN file('PATH') END", "SELECT file('PATH')::String", "SELECT [file('PATH')][1]", "SELECT (file('PATH'), 1).1", "SELECT {'a': file('PATH')}",
	"SELECT * FROM file('PATH', 'LineAsString')", "SELECT * FROM `file`('PATH')", "SELECT * FROM FILE('PATH', LineAsString, 'a String')", "DESCRIBE TABLE file('PATH')", "DESC file('PATH', 'CSV')",
	"SELECT 1 IN file('PATH', 'CSV')", "SELECT 1 IN (SELECT * FROM file('PATH'))", "SELECT * FROM numbers(1) AS a, file('PATH') AS b", "SELECT * FROM (SELECT * FROM file('PATH'))", "SELECT * FROM view(SELECT * FROM file('PATH'))",
	"SELECT * FROM viewExplain('EXPLAIN', '', (SELECT * FROM file('PATH')))", "SELECT * FROM viewIfPermitted(SELECT file('PATH') AS x ELSE null('x String'))", "SELECT * FROM eval('SELECT file(''PATH'')')",
	"SELECT * FROM loop(file('PATH'))", "SELECT * FROM merge('.*', '.*')", "SELECT * FROM sqlite('PATH', 't')", "SELECT * FROM executable('cat PATH', 'TSV', 'a String')", "SELECT * FROM cluster('default', file('PATH'))",
	"SELECT * FROM default.`PATH`", "SELECT * FROM `PATH`", "SELECT * FROM \"PATH\"", "SELECT * FROM 'PATH'", "EXISTS TABLE default.`PATH`", "SHOW CREATE TABLE default.`PATH`", "DESCRIBE default.`PATH`",
	"EXPLAIN SELECT file('PATH')", "EXPLAIN AST SELECT 1", "EXPLAIN PIPELINE SELECT * FROM open_count", "EXPLAIN ESTIMATE SELECT * FROM open_count", "optimize = 1 SELECT file('PATH')", "EXPLAIN SYNTAX SELECT * FROM open_count",
	"INSERT INTO FUNCTION file('PATH') SELECT 1", "CREATE TABLE glint.x (a String) ENGINE = File(CSV, 'PATH')", "SELECT 1 INTO OUTFILE 'PATH'", "SELECT 1 INTO/**/OUTFILE 'PATH' FORMAT CSV", "SELECT 1 AS a INTO OUTFILE 'PATH' APPEND",
	"SELECT 1; SELECT file('PATH')", "SELECT 1;;SELECT file('PATH')", "SELECT ';' ; SELECT file('PATH')", "SET max_threads = 1", "SET output_format_schema = 'PATH'", "USE default", "SYSTEM STOP LISTEN HTTP", "SYSTEM START LISTEN TCP", "SYSTEM SHUTDOWN", "KILL QUERY WHERE 1",
	"SELECT formatRow('Protobuf', 1)", "SELECT groupFormat('Template')(1)", "SELECT catboostEvaluate('PATH', 1)", "SELECT showCertificate()", "SELECT getClientHTTPHeader('X-Glint-Door')", "SELECT getServerSetting('path')", "SELECT filesystemAvailable()", "SELECT hostName()", "SELECT aiGenerate('PATH')", "SELECT logTrace('PATH')", "SELECT sleep(3)", "SELECT editDistance('a', 'b')", "SELECT levenshteinDistanceUTF8('a', 'b')", "SELECT damerauLevenshteinDistance('a', 'b')", "SELECT arrayMap(x -> LEVENSHTEINDISTANCE(x, 'b'), ['a'])", "SELECT arraySimilarity([1], [1], [1.], [1.])", "SELECT sleepEachRow(1) FROM numbers(100)",
	"SELECT dictGet('PATH', 'a', 1)", "SELECT * FROM dictionary('PATH')", "SHOW PROCESSLIST", "SHOW GRANTS", "SHOW ACCESS", "BACKUP TABLE x TO File('PATH')", "ATTACH TABLE x FROM 'PATH' (a Int8) ENGINE = Log", "CHECK TABLE opens", "SHOW TABLES WHERE file('PATH') != ''", "SHOW COLUMNS FROM open_count WHERE file('PATH') != ''",
	"SELECT 1 FORMAT Protobuf SETTINGS output_format_schema = 'PATH'", "SELECT 1 SETTINGS output_format_schema = 'PATH' FORMAT Protobuf", "SELECT 1 FORMAT `Protobuf` SETTINGS `output_format_schema` = 'PATH'", "SELECT 1 AS a FORMAT Template SETTINGS format_template_row = 'PATH'", "SELECT 1 AS a FORMAT \"Template\"", "SELECT 1 AS a FORMAT Template",
	"SELECT 1 SETTINGS format_schema_source = 'query', format_schema = 'SELECT file(''PATH'')'", "SELECT * FROM format(AvroConfluent, 'x') SETTINGS format_avro_schema_registry_url = 'http://127.0.0.1'", "SELECT 1 FORMAT AvroConfluent",
	"SELECT * FROM (SELECT getSetting('readonly') SETTINGS readonly = 0)", "SELECT * FROM (SELECT 1 SETTINGS `readonly` = 0)", "WITH x AS (SELECT 1 SETTINGS readonly = 0) SELECT * FROM x", "SELECT * FROM (SELECT * FROM open_count SETTINGS additional_table_filters = {'glint.opens': 'n = 1'})", "SELECT * FROM (SELECT * FROM open_count SETTINGS additional_result_filter = 'n = 1')", "SELECT * FROM open_count SETTINGS/**/additional_table_filters = {'glint.opens': 'n = 1'}",
	"SELECT * FROM (SELECT * FROM open_count SETTINGS join_use_nulls = 1, additional_table_filters = {'glint.opens': 'n = 1'})", "SELECT * FROM (SELECT 1 SETTINGS final, readonly = 0)", "SELECT 1 SETTINGS final", "SELECT 1 SETTINGS max_threads = {x:UInt64}", "SELECT 1 SETTINGS max_threads = 'auto(8)'", "SELECT 1 SETTINGS session_timezone = '../../../PATH'", "SELECT 1 SETTINGS implicit_select = 1", "SELECT 1 SETTINGS dialect = 'prql'", "SELECT 1 SETTINGS allow_experimental_prql_dialect = 1",
	"SELECT * FROM open_count SETTINGS max_rows_to_read = 1", "SELECT * FROM (SELECT * FROM open_count SETTINGS max_rows_to_read = 1)", "SELECT * FROM open_count SETTINGS parallel_replicas_custom_key = 'n'", "SELECT * FROM open_count SETTINGS send_logs_level = 'trace'", "SELECT * FROM open_count SETTINGS use_query_cache = 1", "SELECT @@version", "SELECT * FROM system.processes", "SELECT * FROM system.errors", "SELECT * FROM system.query_cache", "SELECT * FROM system.users",
}

func TestNoDisguiseShowsAFileToAReader(t *testing.T) {
	engine := startWithView(t)
	c := setCanaries(t)
	for _, disguise := range disguises {
		query := strings.ReplaceAll(disguise, "PATH", c.path("credentials.env"))
		got := ask(t, engine, readerName, readerPassword, query)
		if got.status == http.StatusOK || c.readBy(got.text) {
			t.Errorf("not refused: %q: %s", disguise, got.text)
		}
		if got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("an answer is open to pages of other origins: %q", disguise)
		}
	}
	if touched := c.touched(t); len(touched) > 0 || engine.Restarts() != 0 {
		t.Errorf("touched %v, %d restarts", touched, engine.Restarts())
	}
	t.Logf("%d statements refused", len(disguises))
}

// smuggle is a request that carries readFile in a way that a proxy might miss.
type smuggle struct {
	name, query, body string
	header            http.Header
}

func smuggles(t *testing.T, statement string) []smuggle {
	t.Helper()
	form, boundary := multipartBody(t, "query", statement)
	external, externalBoundary := multipartBody(t, "t", "1")
	escaped := url.QueryEscape(statement)
	half := len(statement) / 2
	encoded := func(encoding, body string) smuggle {
		return smuggle{name: encoding, body: body, header: http.Header{"Content-Encoding": {encoding}}}
	}
	return []smuggle{
		{name: "in the URL", query: "query=" + escaped},
		{name: "encoded name", query: "%71uery=" + escaped},
		{name: "wholly encoded name", query: "%71%75%65%72%79=" + escaped},
		{name: "twice", query: "query=SELECT+1&query=" + escaped},
		{name: "split over URL and body", query: "query=" + url.QueryEscape(statement[:half]), body: statement[half:]},
		{name: "comment opened in the URL", query: "query=SELECT+1/*", body: "*/, " + strings.TrimPrefix(statement, "SELECT ")},
		{name: "beside a harmless body", query: "query=" + escaped, body: "SELECT 1"},
		{name: "behind a harmless query", query: "query=SELECT+1", body: ", " + statement},
		{name: "semicolon in the URL", query: "query=SELECT+1;query=" + escaped},
		{name: "capital name", query: "Query=" + escaped},
		{name: "as an unknown parameter", query: "sql=" + escaped},
		{name: "multipart field", body: form, header: http.Header{"Content-Type": {"multipart/form-data; boundary=" + boundary}}},
		{name: "external data", query: "query=" + escaped + "&t_structure=a+String&t_format=CSV", body: external, header: http.Header{"Content-Type": {"multipart/form-data; boundary=" + externalBoundary}}},
		{name: "form", body: "query=" + escaped, header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}},
		encoded("gzip", packed(t, statement, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })),
		encoded("deflate", packed(t, statement, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })),
		encoded("br", packed(t, statement, func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) })),
		encoded("zstd", packed(t, statement, zstdWriter)),
		encoded("lz4", statement), encoded("snappy", statement), encoded("xz", statement), encoded("GZIP", packed(t, statement, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })),
		encoded("gzip, gzip", statement), encoded("identity", statement), encoded("chunked", statement),
		{name: "own frames, lz4", query: "decompress=1", body: framed(t, statement, compress.LZ4)},
		{name: "own frames, zstd", query: "decompress=1", body: framed(t, statement, compress.ZSTD)},
		{name: "own frames, plain", query: "decompress=1", body: framed(t, statement, compress.None)},
		{name: "two frames", query: "decompress=1", body: framed(t, statement[:half], compress.LZ4) + framed(t, statement[half:], compress.ZSTD)},
		{name: "frames in gzip", query: "decompress=1", body: packed(t, framed(t, statement, compress.LZ4), func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }), header: http.Header{"Content-Encoding": {"gzip"}}},
		{name: "decompress true", query: "decompress=true", body: framed(t, statement, compress.LZ4)},
		{name: "two encodings", body: statement, header: http.Header{"Content-Encoding": {"identity", "gzip"}}},
		{name: "session", query: "session_id=a&session_timeout=60", body: "SET implicit_select = 1"},
		{name: "in a session", query: "session_id=a", body: statement},
		{name: "as a parameter that is a name", query: "param_f=file", body: "SELECT arrayMap({f:Identifier}, ['a'])"},
		{name: "role", query: "role=default", body: statement},
		{name: "setting in the URL", query: "output_format_schema=/tmp/x&default_format=Protobuf", body: "SELECT 1"},
		{name: "format in the URL", query: "default_format=Template&format_template_row=/etc/passwd", body: "SELECT 1"},
		{name: "format header", body: "SELECT 1", header: http.Header{"X-Clickhouse-Format": {"Protobuf"}}},
		{name: "database header", body: "SELECT * FROM `x`", header: http.Header{"X-Clickhouse-Database": {"/etc"}}},
		{name: "filter in the URL", query: "additional_result_filter=file('x')%3D''", body: "SELECT 1 AS a"},
		{name: "dialect in the URL", query: "dialect=prql", body: "from x"},
		{name: "implicit select in the URL", query: "implicit_select=1", body: strings.TrimPrefix(statement, "SELECT ")},
		{name: "stack trace", query: "stacktrace=1", body: "SELECT throwIf(1)"},
		{name: "CORS", query: "add_http_cors_header=1", body: "SELECT 1", header: http.Header{"Origin": {"http://evil.example"}}},
	}
}

func TestNoTransportCarriesAStatementPastTheCheck(t *testing.T) {
	engine := startWithView(t)
	c := setCanaries(t)
	for _, s := range smuggles(t, strings.ReplaceAll(readFile, "PATH", c.path("credentials.env"))) {
		t.Run(s.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, engine.URL()+"/?"+s.query, strings.NewReader(s.body))
			if err != nil {
				t.Fatal(err)
			}
			for name, values := range s.header {
				request.Header[name] = values
			}
			request.SetBasicAuth(readerName, readerPassword)
			if got := do(t, request); got.status == http.StatusOK || c.readBy(got.text) || got.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("status %d: %s", got.status, got.text)
			}
		})
	}
}

// TestEveryTransportCarriesAHarmlessStatement is the other half: the same
// encodings, as clients send them, are understood.
func TestEveryTransportCarriesAHarmlessStatement(t *testing.T) {
	engine := startWithView(t)
	const statement = "SELECT opens FROM open_count"
	understood := 0
	for _, s := range smuggles(t, statement) {
		switch s.name {
		case "in the URL", "encoded name", "wholly encoded name", "gzip", "GZIP", "deflate", "br", "zstd", "identity", "in a session",
			"own frames, lz4", "own frames, zstd", "own frames, plain", "two frames", "frames in gzip":
		default:
			continue
		}
		understood++
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, engine.URL()+"/?"+s.query, strings.NewReader(s.body))
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range s.header {
			request.Header[name] = values
		}
		request.SetBasicAuth(readerName, readerPassword)
		if got := do(t, request); got.text != "1000" {
			t.Errorf("%s: status %d: %s", s.name, got.status, got.text)
		}
	}
	if understood != 15 {
		t.Errorf("%d transports tried", understood)
	}
}

func packed(t *testing.T, text string, pack func(io.Writer) io.WriteCloser) string {
	t.Helper()
	var out bytes.Buffer
	w := pack(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func zstdWriter(w io.Writer) io.WriteCloser {
	writer, err := zstd.NewWriter(w)
	if err != nil {
		panic(err) // no options that could be wrong
	}
	return writer
}

func framed(t *testing.T, text string, method compress.Method) string {
	t.Helper()
	w := compress.NewWriter(0, method)
	if err := w.Compress([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return string(w.Data)
}

func multipartBody(t *testing.T, name, value string) (string, string) {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.WriteField(name, value); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return body.String(), w.Boundary()
}
