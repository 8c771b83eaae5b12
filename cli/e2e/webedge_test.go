package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"glint/cli/internal/emulator"
	"glint/cli/internal/home"
	"glint/cli/internal/toolchain"
	"glint/edge/event"
	"glint/edge/pixel"
)

const (
	shopOrigin  = "https://shop.example.com"
	eventsToken = "token-of-the-shops-servers"
)

// webRequest is a request of the web pixel or of /e, and what must come of it.
type webRequest struct {
	method, target, headers, body string

	status int
	png    bool // else a GIF, where the target is a pixel's
	events int  // lines
}

func (r *webRequest) raw(n int) string {
	length := ""
	if r.body != "" || r.method == "POST" {
		length = "Content-Length: " + strconv.Itoa(len(r.body)) + "\r\n"
	}
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: pixel.example\r\nUser-Agent: n%d \r\n%s%s\r\n%s", r.method, r.target, n, r.headers, length, r.body)
}

// oddRequests returns unusual requests: the edge cases.
func oddRequests() []webRequest {
	const origin = "Origin: " + shopOrigin + "\r\nContent-Type: text/plain\r\n"
	view := func(method, target, headers string) webRequest {
		return webRequest{method: method, target: target, headers: headers, status: 200, png: strings.HasPrefix(target, "/p.png"), events: 1}
	}
	post := func(headers, body string, status, events int) webRequest {
		return webRequest{method: "POST", target: "/e", headers: headers, body: body, status: status, events: events}
	}
	many := func(n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(`{"site":"shop","name":"x"},`, n), ",") + "]"
	}
	return []webRequest{
		view("GET", "/p.gif", ""), view("HEAD", "/p.png", ""), view("POST", "/p.gif?site=docs", ""), view("BREW", "/p.gif?site=docs", ""),
		view("OPTIONS", "/p.png?site=docs", "Origin: https://evil.example\r\n"),
		view("GET", "/p.gif?", ""), view("GET", "/p.gif?site", ""), view("GET", "/p.gif?=&&&=x&site=%", ""), view("GET", "/p.gif?site=%ff%00%zz&title=%0a%0d", ""),
		view("GET", "/p.gif?site=docs&page=javascript:alert(1)", ""), view("GET", "/p.png?s=docs&p=//[::1]:80/%2e%2e/x", ""),
		view("GET", "/p.gif?site=docs&site=shop&p=/a&page=/b", ""), view("GET", "/p.gif?site="+strings.Repeat("a", 7000), ""),
		view("GET", "/p.gif?site=docs", "Referer: "+strings.Repeat("https://x/", 600)+"\r\n"), view("GET", "/p.gif?site=docs", "Referer: \xff\xfe\r\nDNT: 1\r\n"),
		view("GET", "/p.gif?site=docs", "Sec-GPC: 1\r\nCookie: a=b\r\nX-Forwarded-For: 192.0.2.1\r\n"),
		view("GET", "/p.gif?site=docs&t="+strings.Repeat("%E2%82%AC", 200), ""),
		post(origin, `{"site":"shop","name":"n"}`, 204, 1), post(origin, "\ufeff [ {\"site\":\"shop\",\"name\":\"\\u0000\\ud83d\\ude00\"} ] ", 204, 1),
		post(origin, `{"site":"shop","name":"n","properties":{"a":1e308,"b":null,"c":"<script>","d":false}}`, 204, 1),
		post(origin, `{"site":"shop","name":"n","at":"1970-01-01T00:00:00Z","page":"%%%","title":"t"}`, 204, 1),
		post(origin, `{"site":"shop","name":"n","site2":{"deep":[[[[1]]]]}}`, 204, 1), post(origin, many(100), 204, 100),
		post("Authorization: bearer  "+eventsToken+"\r\n", `{"site":"docs","name":"n"}`, 204, 1),
		post("Content-Type: application/json; charset=utf-8\r\nOrigin: HTTPS://SHOP.example.com\r\n", `{"site":"shop","name":"n"}`, 204, 1),
		post(origin, many(101), 400, 0), post(origin, "", 400, 0), post(origin, "[]", 400, 0), post(origin, `{"site":"shop"}`, 400, 0),
		post(origin, `{"site":"shop","name":"n"`, 400, 0), post(origin, strings.Repeat("[", 60_000), 400, 0),
		post(origin, `[{"site":"shop","name":"n"},{"site":"docs","name":"n"}]`, 403, 0), post(origin, `{"site":"nobodys","name":"n"}`, 403, 0),
		post("Origin: https://evil.example\r\n", `{"site":"shop","name":"n"}`, 403, 0), post("", `{"site":"shop","name":"n"}`, 403, 0),
		post("Origin: null\r\n", `{"site":"shop","name":"n"}`, 403, 0), post("Authorization: Bearer wrong\r\n", `{"site":"shop","name":"n"}`, 401, 0),
		post("Origin: "+shopOrigin+"\r\nContent-Type: text/html\r\n", `{"site":"shop","name":"n"}`, 415, 0), post(origin, strings.Repeat(" ", 65_537), 413, 0),
		{method: "GET", target: "/e", status: 405},
		{method: "OPTIONS", target: "/e", headers: origin, status: 204},
		{method: "OPTIONS", target: "/e", headers: "Origin: https://evil.example\r\n", status: 403},
	}
}

// madeRequest makes a request that gives one line.
func madeRequest(chance *rand.Rand) webRequest {
	text := func(bytes string, most int) string {
		b := make([]byte, chance.IntN(most))
		for i := range b {
			b[i] = bytes[chance.IntN(len(bytes))]
		}
		return string(b)
	}
	const query = "!$%&'()*+,-./0123456789:;=?@ABCXYZ[]^_`abcxyz{|}~"
	site := []string{"docs", "shop", "nobodys", "%64ocs", ""}[chance.IntN(5)]
	switch chance.IntN(3) {
	case 0:
		return webRequest{
			method: []string{"GET", "GET", "GET", "HEAD", "POST"}[chance.IntN(5)], status: 200, events: 1,
			target: "/p.gif?site=" + site + "&page=https%3A%2F%2Fdocs.example.com%2F" + text("abc%/+", 20) + "&" + text(query, 200),
		}
	case 1:
		return webRequest{
			method: "GET", target: "/p.png?" + text(query, 60) + "&s=" + site, status: 200, png: true, events: 1,
			headers: "Referer: https://docs.example.com/" + text(query, 100) + "\r\nAccept-Language: " + text(query+" ", 30) + "\r\n",
		}
	}
	properties, _ := json.Marshal(map[string]any{text(query, 20): text(query, 40), "n": chance.Int64(), "b": chance.IntN(2) == 0}) // of scalars
	return webRequest{
		method: "POST", target: "/e", headers: "Origin: " + shopOrigin + "\r\nContent-Type: " + []string{"text/plain", "application/json"}[chance.IntN(2)] + "\r\n",
		body: fmt.Sprintf(`{"site":"shop","name":"n%d","page":"https://shop.example.com/%s","properties":%s}`, chance.IntN(9), text("abc/", 20), properties), status: 204, events: 1,
	}
}

// TestThirtyThousandWebRequestsAtTheEdge sends requests to /p.gif, /p.png and /e of the
// compiled edge program, odd ones among them, and posts its lines to a glint that is
// killed meanwhile, until each is answered 2xx. GLINT_TEST_WEB_REQUESTS gives another
// number, GLINT_TEST_WEB_KILLS one of kills.
func TestThirtyThousandWebRequestsAtTheEdge(t *testing.T) {
	folder := newHome(t)
	flags := []string{"--ingest-listen", freePort(t), "--site", "docs=https://docs.example.com", "--site", "shop=" + shopOrigin}
	i := up(t, folder, flags...)
	log := newWebLog()
	cfg := emulator.Config{
		Wasm: wasm, Dir: t.TempDir(), Listen: "127.0.0.1:0", KeysFile: home.Home(folder).PixelKeysFile(), Precision: "truncated", Lines: log.read,
		Web: emulator.Web{EventsToken: eventsToken, VisitorSecret: "a secret of visitors"},
	}
	var err error
	if cfg.Viceroy, err = toolchain.Locate("viceroy"); err != nil {
		t.Fatal(err)
	}
	for _, site := range []string{"docs=https://docs.example.com", "shop=" + shopOrigin} {
		if err := cfg.Web.Sites.Add(site); err != nil {
			t.Fatal(err)
		}
	}
	e, err := emulator.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)

	chance := rand.New(rand.NewPCG(18, 52))
	var requests []webRequest
	for n := range timesFrom(t, "GLINT_TEST_WEB_REQUESTS", 30_000) {
		if odd := oddRequests(); n%20 == 0 {
			requests = append(requests, odd[n/20%len(odd)])
		} else {
			requests = append(requests, madeRequest(chance))
		}
	}
	asked := 0
	for n := range requests {
		asked += requests[n].events
	}
	stop, posted := make(chan struct{}), make(chan struct{})
	go func() { log.post(i, stop); close(posted) }()
	sent := make(chan struct{})
	go func() { sendWebRequests(t, strings.TrimPrefix(e.URL(), "http://"), requests); close(sent) }()

	kills := timesFrom(t, "GLINT_TEST_WEB_KILLS", 4)
	for k := range kills { // at moments that lie between the first request and the last
		least := asked * (k + 1) / (kills + 2)
		eventually(t, "lines to come", func() bool { return log.count() >= least || isClosed(sent) })
		time.Sleep(time.Duration(chance.IntN(300)) * time.Millisecond)
		i.stop(t, syscall.SIGKILL)
		i = up(t, folder, flags...) // at the same address: the poster goes on
	}
	<-sent
	eventually(t, "all lines", func() bool { return log.count() >= asked })
	eventually(t, "all of them to be accepted", func() bool { return log.acceptedLines() == log.count() })
	close(stop)
	<-posted

	log.check(t, requests)
	const rows = "SELECT event_id FROM web_events FINAL UNION ALL SELECT event_id FROM opens FINAL UNION ALL SELECT event_id FROM bad_tokens UNION ALL SELECT event_id FROM unresolved_opens"
	stored := map[string]int{}
	eventually(t, "as many rows", func() bool {
		clear(stored)
		for id := range strings.FieldsSeq(query(t, i, rows)) {
			stored[id]++
		}
		return len(stored) >= log.acceptedLines()
	})
	n := 0
	for id := range log.accepted {
		v, err := strconv.ParseUint(id[16:], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		if times := stored[strconv.FormatUint(v, 10)]; times != 1 {
			t.Errorf("the accepted event %s stands in %d rows", id, times)
		}
		n += stored[strconv.FormatUint(v, 10)]
	}
	t.Logf("%d requests, %d kills; events asked for %d, lines %d, accepted %d, rows %d", len(requests), kills, asked, log.count(), log.acceptedLines(), len(stored))
	if log.count() != asked || log.acceptedLines() != asked || len(stored) != asked || n != asked {
		t.Error("the four counters differ")
	}
	if said := i.must(t, "audit"); !strings.Contains(said, "every accepted event is accounted for") {
		t.Errorf("glint audit says\n%s", said)
	}
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// sendWebRequests sends all of them over four connections, and checks the answers.
func sendWebRequests(t *testing.T, address string, requests []webRequest) {
	const clients = 4
	var wg sync.WaitGroup
	for first := range clients {
		wg.Go(func() {
			var conn net.Conn
			var in *bufio.Reader
			for n := first; n < len(requests); n += clients {
				if conn == nil {
					var err error
					if conn, err = net.Dial("tcp", address); err != nil {
						t.Errorf("dial the emulator: %v", err)
						return
					}
					in = bufio.NewReader(conn)
				}
				r := &requests[n]
				fault, closes := askEdge(conn, in, r, n)
				if fault != "" {
					t.Errorf("request %d, %s %.80s: %s", n, r.method, r.target, fault)
				}
				if closes {
					_ = conn.Close() // it is done with
					conn = nil
				}
			}
			if conn != nil {
				_ = conn.Close() // it is done with
			}
		})
	}
	wg.Wait()
}

func askEdge(conn net.Conn, in *bufio.Reader, r *webRequest, n int) (fault string, closes bool) {
	_ = conn.SetDeadline(time.Now().Add(patience)) // works on every TCP connection
	if _, err := io.WriteString(conn, r.raw(n)); err != nil {
		return err.Error(), true
	}
	response, err := http.ReadResponse(in, &http.Request{Method: r.method})
	if err != nil {
		return err.Error(), true
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error(), true
	}
	closes = response.Close
	if response.StatusCode != r.status {
		return fmt.Sprintf("%s, want %d: %s", response.Status, r.status, body), closes
	}
	if response.Header.Get("Set-Cookie") != "" || !strings.Contains(response.Header.Get("Cache-Control"), "no-store") {
		return fmt.Sprint("headers ", response.Header), closes
	}
	if strings.HasPrefix(r.target, "/p.") {
		name, kind := "/x.gif", "image/gif"
		if r.png {
			name, kind = "/x.png", "image/png"
		}
		image := pixel.Route(name).Body
		if r.method == "HEAD" {
			image = nil
		}
		if !bytes.Equal(body, image) || response.Header.Get("Content-Type") != kind {
			return fmt.Sprintf("%d bytes of %s", len(body), response.Header.Get("Content-Type")), closes
		}
	}
	return "", closes
}

// webLog is the log of the edge on its way to ingest.
type webLog struct {
	mu       sync.Mutex
	lines    []string
	accepted map[string]bool // event ids of lines that ingest answered 2xx
}

func newWebLog() *webLog { return &webLog{accepted: map[string]bool{}} }

func (l *webLog) read(stdout io.Reader) {
	s := bufio.NewScanner(stdout)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if line, ok := strings.CutPrefix(s.Text(), "opens :: "); ok {
			l.mu.Lock()
			l.lines = append(l.lines, line)
			l.mu.Unlock()
		}
	}
}

func (l *webLog) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lines)
}

func (l *webLog) acceptedLines() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.accepted)
}

// post posts lines in order, each body until it is answered 2xx: one whose answer was
// lost in a kill comes twice.
func (l *webLog) post(i *instance, stop <-chan struct{}) {
	for done := 0; ; {
		select {
		case <-stop:
			return
		case <-time.After(50 * time.Millisecond):
		}
		l.mu.Lock()
		part := l.lines[done:min(len(l.lines), done+500)]
		l.mu.Unlock()
		if len(part) == 0 {
			continue
		}
		if !i.acknowledges([]byte(strings.Join(part, "\n") + "\n")) {
			continue
		}
		done += len(part)
		l.mu.Lock()
		for _, line := range part {
			l.accepted[eventID.FindStringSubmatch(line)[1]] = true
		}
		l.mu.Unlock()
	}
}

var (
	eventID       = regexp.MustCompile(`"event_id":"([0-9a-f]{32})"`)
	requestNumber = regexp.MustCompile(`^n(\d+)`)
)

// check wants valid lines, of the right kind, and as many of each request as it gives.
func (l *webLog) check(t *testing.T, requests []webRequest) {
	t.Helper()
	got := make([]int, len(requests))
	for _, line := range l.lines {
		var e event.Event
		err := e.Parse(line)
		if err == nil {
			err = e.Check()
		}
		m := requestNumber.FindStringSubmatch(e.UserAgent)
		if err != nil || m == nil || !json.Valid([]byte(line)) || !json.Valid([]byte(e.Web)) {
			t.Errorf("%v in %s", err, line)
			continue
		}
		n, _ := strconv.Atoi(m[1]) // digits
		got[n]++
		kind := event.KindView
		if requests[n].target == "/e" {
			kind = event.KindEvent
		}
		if e.Kind != kind || strings.Contains(line, eventsToken) {
			t.Errorf("request %d, %s %.80s: %s", n, requests[n].method, requests[n].target, line)
		}
	}
	for n := range got {
		if got[n] != requests[n].events {
			t.Errorf("request %d, %s %.80s gives %d lines, want %d", n, requests[n].method, requests[n].target, got[n], requests[n].events)
		}
	}
}
