package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/ingest/batch"
	"glint/ingest/deadletters"
	"glint/ingest/receiver/linegen"
	"glint/ingest/warehouse"
)

// queryableBodies of benchLines each are brought into the warehouse.
const queryableBodies = 100

// BenchmarkQueryable brings the same lines into the warehouse in two ways: posted
// to ingest, until the last can be queried; and as rows that have been decoded and
// judged before, by the engine's own INSERT … FORMAT JSONEachRow, with as many
// writers and rows an insert. x_json is the ratio of their speeds. The client is a
// process of its own. CDNs post zstd; plain bodies cost seven times the writing.
func BenchmarkQueryable(b *testing.B) {
	rows := jsonRows(b)
	var json float64
	b.Run("JSONEachRow", func(b *testing.B) {
		for b.Loop() {
			json = measureQueryable(b, newEngine(b), func(e *testEngine) { insertJSON(b, e, rows) })
		}
	})
	for _, codec := range []string{"plain", "zstd"} {
		b.Run("ingest/"+codec, func(b *testing.B) {
			for b.Loop() {
				e := newEngine(b)
				s := runService(b, b.TempDir(), e.dsn, nil)
				client := startBulkClient(b, s, codec)
				rate := measureQueryable(b, e, func(*testEngine) { client.post(b) })
				b.ReportMetric(rate/json, "x_json")
				b.ReportMetric(client.cpu/(queryableBodies*benchLines)*1e6, "client_µs/row")
				s.stop()
			}
		})
	}
}

// measureQueryable reports the rows per second until all can be queried, and the
// processor time of each process, and returns the first.
func measureQueryable(b *testing.B, e *testEngine, load func(*testEngine)) (rate float64) {
	b.Helper()
	const rows = queryableBodies * benchLines
	if e.query(b, "EXISTS TABLE opens") == "0" {
		e.migrated(b)
	}
	began, own, engine := time.Now(), ownCPU(), processCPU(e.pid(b))
	load(e)
	for e.count(b, "SELECT count() FROM opens") < rows {
		time.Sleep(20 * time.Millisecond)
	}
	wall, used, theirs := time.Since(began).Seconds(), (ownCPU() - own).Seconds(), processCPU(e.pid(b))-engine
	b.ReportMetric(rows/wall, "rows/s")
	b.ReportMetric(used/rows*1e6, "own_µs/row")
	b.ReportMetric(theirs/rows*1e6, "engine_µs/row")
	b.ReportMetric(rows/(used+theirs), "rows/s/core")
	return rows / wall
}

// processCPU is the processor time of another process in seconds: proc(5),
// /proc/pid/stat, in hundredths.
func processCPU(pid int) (seconds float64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if err != nil || len(fields) < 13 {
		return 0
	}
	for _, field := range fields[11:13] { // utime and stime
		ticks, _ := strconv.ParseFloat(field, 64) // the kernel's own digits
		seconds += ticks / 100
	}
	return seconds
}

// rowsOnly is a warehouse that keeps what it is given as JSON lines.
type rowsOnly struct {
	batch.Warehouse
	text []byte
}

func (r *rowsOnly) InsertOpens(_ context.Context, _ string, opens []warehouse.Open) error {
	for i := range opens {
		o := &opens[i]
		line, err := json.Marshal(map[string]any{
			"campaign_id": o.CampaignID, "message_id": o.MessageID, "opened_at": o.OpenedAt.Format("2006-01-02 15:04:05.000"),
			"event_id": o.EventID, "received_at": o.ReceivedAt.Format("2006-01-02 15:04:05.000"), "user_agent": o.UserAgent, "ip": o.IP,
			"network": o.Network, "as_number": o.ASNumber, "country": o.Country, "region": o.Region, "proxy_type": o.ProxyType,
			"proxy_description": o.ProxyDescription, "method": o.Method, "header_bits": o.HeaderBits, "referer_host": o.RefererHost,
			"token_status": o.TokenStatus, "class": o.Class, "reason": o.Reason, "client": o.Client,
			"client_vendor": o.ClientVendor, "os": o.OS, "device": o.Device, "ruleset_version": o.RulesetVersion,
			"verdict_version": o.VerdictVersion, "pop": o.POP, "source": o.Source, "extra": o.Extra,
		})
		if err != nil {
			return err
		}
		r.text = append(append(r.text, line...), '\n')
	}
	return nil
}

func (*rowsOnly) CampaignsOf(context.Context, []uuid.UUID) (map[uuid.UUID]uint64, error) {
	return nil, nil
}

// jsonRows are the rows of all bodies, as many an insert as ingest takes.
func jsonRows(b *testing.B) (inserts [][]byte) {
	b.Helper()
	letters, err := deadletters.Open(b.TempDir(), 0)
	if err != nil {
		b.Fatal(err)
	}
	const atOnce = maxBatchLines / benchLines
	for seed := 0; seed < queryableBodies; seed += atOnce {
		house := &rowsOnly{}
		l := &batch.Loader{Ring: fixedRing(b), Warehouse: house, DeadLetters: letters}
		var bodies []batch.Body
		for n := range atOnce {
			bodies = append(bodies, batch.Body{
				ReceivedAt: time.Now().UTC(), Source: "default", Count: benchLines, Lines: linegen.Body(uint64(seed+n), benchLines),
			})
		}
		if r, err := l.Load(b.Context(), "rows", bodies); err != nil || r.Lines[batch.Stored] != atOnce*benchLines {
			b.Fatalf("%v, %+v", err, r)
		}
		inserts = append(inserts, house.text)
	}
	return inserts
}

func insertJSON(b *testing.B, e *testEngine, inserts [][]byte) {
	b.Helper()
	var next atomic.Int64
	var writers sync.WaitGroup
	for range inserters["live"] {
		writers.Go(func() {
			for n := next.Add(1) - 1; n < int64(len(inserts)); n = next.Add(1) - 1 {
				if err := insertOneJSON(e, fmt.Sprint("json-", n), inserts[n]); err != nil {
					b.Error(err)
				}
			}
		})
	}
	writers.Wait()
}

func insertOneJSON(e *testEngine, name string, rows []byte) error {
	at, err := url.Parse(e.dsn)
	if err != nil {
		return err
	}
	at.RawQuery = url.Values{
		"query": {"INSERT INTO glint.opens FORMAT JSONEachRow"}, "async_insert": {"0"}, "insert_deduplication_token": {name},
	}.Encode()
	a, err := http.Post(at.String(), "", bytes.NewReader(rows))
	if err != nil {
		return err
	}
	defer func() { _ = a.Body.Close() }()
	if text, err := io.ReadAll(a.Body); err != nil || a.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %w: %s", a.Status, err, text)
	}
	return nil
}

// bulkVariable turns this test binary into a client that makes queryableBodies,
// says so, posts them on command, and prints its processor time.
const bulkVariable = "GLINT_BENCH_BULK_CLIENT"

const bulkConnections = 8

type bulkClient struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	cpu float64 // seconds that post took of the client
}

func startBulkClient(b *testing.B, s *service, codec string) *bulkClient {
	b.Helper()
	c := &bulkClient{cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(os.Environ(), bulkVariable+"="+codec+" "+strings.TrimPrefix(s.Ingest, "http://"))
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err == nil {
		c.in, err = c.cmd.StdinPipe()
	}
	if err == nil {
		err = c.cmd.Start()
	}
	if err == nil {
		c.out = bufio.NewReader(out)
		_, err = c.out.ReadString('\n')
	}
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// post lets the client post everything, and waits for it.
func (c *bulkClient) post(b *testing.B) {
	b.Helper()
	_, err := io.WriteString(c.in, "post\n")
	var text string
	if err == nil {
		text, err = c.out.ReadString('\n')
	}
	if err == nil {
		c.cpu, err = strconv.ParseFloat(strings.TrimSpace(text), 64)
	}
	if err == nil {
		err = c.cmd.Wait()
	}
	if err != nil {
		b.Fatalf("the client: %v", err)
	}
}

func runBulkClient(order string) {
	codec, address, _ := strings.Cut(order, " ")
	var requests [][]byte
	for seed := range uint64(queryableBodies) {
		requests = append(requests, requestOf(encoded(codec, linegen.Body(seed, benchLines))))
	}
	fmt.Println("made")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	cpu := ownCPU()
	var posted atomic.Int64
	var all sync.WaitGroup
	for n := range bulkConnections {
		all.Go(func() {
			for i := n; i < len(requests); i += bulkConnections {
				if postOnce(address, requests[i]) {
					posted.Add(1)
				}
			}
		})
	}
	all.Wait()
	if posted.Load() != queryableBodies {
		fmt.Fprintf(os.Stderr, "only %d of %d bodies were taken\n", posted.Load(), queryableBodies)
		os.Exit(1)
	}
	fmt.Println((ownCPU() - cpu).Seconds())
}

// postOnce says whether the body was taken.
func postOnce(address string, request []byte) bool {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write(request); err != nil {
		return false
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	return err == nil && answer.StatusCode == http.StatusOK
}
