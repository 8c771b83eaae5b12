package embedded

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
)

// tlsHello is the beginning of a TLS 1.2 ClientHello (RFC 8446, section 4.1.2).
const tlsHello = "\x16\x03\x01\x00\x2e\x01\x00\x00\x2a\x03\x03"

func TestMalformedRequestsDoNotReachTheEngine(t *testing.T) {
	dir := t.TempDir()
	engine := startEngine(t, dir)
	pid := enginePID(t, dir)
	authorization := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(readerName+":"+readerPassword)) + "\r\n"
	noise := make([]byte, 4096)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for _, test := range []struct{ name, bytes string }{
		{"nothing at all", ""},
		{"half a request line", "GET /?qu"},
		{"half a header", "POST / HTTP/1.1\r\nHost: x\r\n" + authorization[:20]},
		{"TLS hello", tlsHello},
		{"native protocol hello", "\x00\x0aClickHouse\x18\x0c\xd4\xaa\x03"},
		{"random bytes", string(noise)},
		{"body cut short", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n" + authorization + "\r\nSELECT"},
		{"bad chunk size", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + authorization + "\r\nzz\r\nSELECT 1\r\n"},
		{"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 9\r\n" + authorization + "\r\nSELECT 1"},
		{"length no number", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: zz\r\n" + authorization + "\r\nSELECT 1"},
		{"length beyond 64 bits", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n" + authorization + "\r\nSELECT 1"},
		{"length of 64 bits", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9223372036854775807\r\n" + authorization + "\r\nSELECT 1"},
		{"negative length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -8\r\n" + authorization + "\r\nSELECT 1"},
		{"length with a sign", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +8\r\n" + authorization + "\r\nSELECT 1"},
		{"hexadecimal length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x8\r\n" + authorization + "\r\nSELECT 1"},
		{"empty length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n" + authorization + "\r\nSELECT 1"},
		{"list of lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8, 8\r\n" + authorization + "\r\nSELECT 1"},
		{"length and chunks", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\nTransfer-Encoding: chunked\r\n" + authorization + "\r\n8\r\nSELECT 1\r\n0\r\n\r\n"},
		{"chunked twice", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" + authorization + "\r\n8\r\nSELECT 1\r\n0\r\n\r\n"},
		{"chunked among others", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n" + authorization + "\r\n8\r\nSELECT 1\r\n0\r\n\r\n"},
		{"nearly chunked", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n" + authorization + "\r\n8\r\nSELECT 1\r\n0\r\n\r\n"},
		{"chunk beyond 64 bits", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + authorization + "\r\nfffffffffffffffff\r\nSELECT 1\r\n"},
		{"huge chunk", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + authorization + "\r\n7fffffffffffffff\r\nSELECT 1\r\n"},
		{"negative chunk", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + authorization + "\r\n-1\r\nSELECT 1\r\n"},
		{"chunk with a long extension", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + authorization + "\r\n8;" + strings.Repeat("a", 20_000) + "\r\nSELECT 1\r\n0\r\n\r\n"},
		{"trailer", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length\r\n" + authorization + "\r\n8\r\nSELECT 1\r\n0\r\nContent-Length: zz\r\n\r\n"},
		{"blank before the colon", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 8\r\n" + authorization + "\r\nSELECT 1"},
		{"folded field", "POST / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c: d\r\n" + authorization + "\r\n"},
		{"zero byte in a field", "GET /?query=SELECT+1 HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n" + authorization + "\r\n"},
		{"field without a name", "GET /?query=SELECT+1 HTTP/1.1\r\nHost: x\r\n: b\r\n" + authorization + "\r\n"},
		{"two hosts", "GET /?query=SELECT+1 HTTP/1.1\r\nHost: x\r\nHost: y\r\n" + authorization + "\r\n"},
		{"no host", "GET /?query=SELECT+1 HTTP/1.1\r\n" + authorization + "\r\n"},
		{"no version", "GET /?query=SELECT+1\r\n\r\n"},
		{"version of the future", "GET /?query=SELECT+1 HTTP/9.9\r\nHost: x\r\n" + authorization + "\r\n"},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		{"another server's address", "GET http://evil.example/?query=SELECT+1 HTTP/1.1\r\nHost: x\r\n" + authorization + "\r\n"},
		{"tunnel", "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n" + authorization + "\r\n"},
		{"zero byte in the query", "GET /?query=SELECT+1%00 HTTP/1.1\r\nHost: x\r\n" + authorization + "\r\n"},
		{"lone percent sign", "GET /?query=SELECT+1% HTTP/1.1\r\nHost: x\r\n" + authorization + "\r\n"},
		{"upgrade", "GET /?query=SELECT+1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" + authorization + "\r\n"},
		{"expectation", "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 8\r\n" + authorization + "\r\n"},
		{"unknown expectation", "POST / HTTP/1.1\r\nHost: x\r\nExpect: zz\r\nContent-Length: 8\r\n" + authorization + "\r\nSELECT 1"},
		{"two requests in one", "GET /ping HTTP/1.1\r\nHost: x\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: zz\r\n" + authorization + "\r\n"},
		{"long user agent", "GET /?query=SELECT+1 HTTP/1.1\r\nHost: x\r\nUser-Agent: " + strings.Repeat("a", 110_000) + "\r\n" + authorization + "\r\n"},
		{"parameter that grows when encoded", "GET /?query=SELECT+1&param_x=" + strings.Repeat("'", 110_000) + " HTTP/1.1\r\nHost: x\r\n" + authorization + "\r\n"},
		{"thousands of fields", "GET /?query=SELECT+1 HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-ClickHouse-Quota: q\r\n", 900) + authorization + "\r\n"},
		{"bytes outside ASCII", "GET /?query=SELECT+1 HTTP/1.1\r\nHost: x\r\nUser-Agent: \x80\xff\t\r\nContent-Type: \xfe\r\n" + authorization + "\r\n"},
		{"multipart without a boundary", "POST /?query=SELECT+1 HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=\r\nContent-Length: 3\r\n" + authorization + "\r\nabc"},
		{"multipart cut short", "POST /?query=SELECT+1 HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 5\r\n" + authorization + "\r\n--x\r\n"},
		{"line break in the query id", "GET /?query=SELECT+1&query_id=a%0d%0aX-Foo:b HTTP/1.1\r\nHost: x\r\n" + authorization + "\r\n"},
		{"unknown encoding", "POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: zzz\r\nContent-Length: 8\r\n" + authorization + "\r\nSELECT 1"},
		{"compressed garbage", "POST /?decompress=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n" + authorization + "\r\nSELECT 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stalled := dial(t, engine)
			defer func() { _ = stalled.Close() }()
			write(t, stalled, test.bytes)
			for _, linger := range []int{-1, 0} { // FIN, then RST
				connection := dial(t, engine)
				write(t, connection, test.bytes)
				if err := connection.SetLinger(linger); err != nil {
					t.Fatal(err)
				}
				_ = connection.Close()
			}
			if got := ask(t, engine, readerName, readerPassword, "SELECT 1"); got.text != "1" {
				t.Errorf("afterwards: %s", got.text)
			}
		})
	}
	if engine.Restarts() != 0 || enginePID(t, dir) != pid {
		t.Error("the engine was restarted")
	}
}

func TestSameBytesInsideDoEndTheEngine(t *testing.T) {
	// The reason for the proxy. Should this test fail with a newer engine, the
	// engine has become more robust.
	engine := startEngine(t, t.TempDir())
	connection, err := backendOf(t, engine).dial(t.Context(), "tcp", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Write([]byte(tlsHello)); err != nil {
		t.Fatal(err)
	}
	_ = connection.Close()
	eventually(t, "the engine was restarted", func() bool { return engine.Restarts() == 1 })
	must(t, engine, "SELECT 1")
}

func dial(t *testing.T, engine *Engine) *net.TCPConn {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(engine.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return connection.(*net.TCPConn)
}

// write sends the bytes; the server may refuse and close before all are sent.
func write(t *testing.T, connection *net.TCPConn, bytes string) {
	t.Helper()
	if n, err := connection.Write([]byte(bytes)); n == 0 && bytes != "" {
		t.Fatal(err)
	}
}

func TestCutInsertStoresNothing(t *testing.T) {
	engine := startEngine(t, t.TempDir())
	must(t, engine, "CREATE TABLE opens (n UInt64) ENGINE = MergeTree ORDER BY n")
	authorization := base64.StdEncoding.EncodeToString([]byte(warehouseName + ":" + warehousePassword))
	rows := "1\n2\n3\n"
	for _, framing := range []string{
		"Content-Length: 100\r\n\r\n" + rows,
		fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(rows), rows),
	} {
		connection := dial(t, engine)
		write(t, connection, "POST /?query=INSERT+INTO+opens+FORMAT+TSV HTTP/1.1\r\nHost: x\r\nAuthorization: Basic "+authorization+"\r\n"+framing)
		if err := connection.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		// The answer, or the end of the connection, says that the request is over.
		_, _ = connection.Read(make([]byte, 1))
		_ = connection.Close()
	}
	if got := must(t, engine, "SELECT count() FROM opens"); got != "0" {
		t.Errorf("%s rows of cut inserts", got)
	}
}

func TestLargeBodyIsRefusedWithItsLimit(t *testing.T) {
	const limit = 1 << 20
	engine := startEngine(t, t.TempDir(), func(c *Config) { c.MaxBodyBytes = limit })
	for _, test := range []struct {
		name   string
		length int
		known  bool
		status int
	}{
		{"at the limit", limit, true, http.StatusOK},
		{"at the limit, length unknown", limit, false, http.StatusOK},
		{"above the limit", limit + 1, true, http.StatusRequestEntityTooLarge},
		{"above the limit, length unknown", limit + 1, false, http.StatusRequestEntityTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			query := "SELECT 1" + strings.Repeat(" ", test.length-len("SELECT 1"))
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, engine.URL()+"/?max_query_size=10000000", strings.NewReader(query))
			if err != nil {
				t.Fatal(err)
			}
			if !test.known {
				request.ContentLength = -1
			}
			request.SetBasicAuth(warehouseName, warehousePassword)
			got := do(t, request)
			if got.status != test.status {
				t.Fatalf("status %d: %.200s", got.status, got.text)
			}
			if test.status != http.StatusOK && !strings.Contains(got.text, "1048576") {
				t.Errorf("the answer does not name the limit: %s", got.text)
			}
		})
	}
}
