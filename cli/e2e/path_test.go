package e2e_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"glint/cli/internal/emulator"
	"glint/cli/internal/toolchain"
	"glint/ingest/networks"
)

// TestOneOpenTravelsFromTheStandalonePixelToTheReport uses the pixel of glint
// up itself.
func TestOneOpenTravelsFromTheStandalonePixelToTheReport(t *testing.T) {
	i := up(t, newHome(t), "--networks", writeNetworks(t))
	playAndCompare(t, i, i.pixel, "token")
	playAndCompare(t, i, i.pixel, "uuid")
}

// TestOneOpenTravelsFromTheEdgeToTheReport goes the long way: the compiled edge
// program in the emulator, its log through glint stream, ingest, engine, report.
// Then the same lines come again.
func TestOneOpenTravelsFromTheEdgeToTheReport(t *testing.T) {
	i := up(t, newHome(t))
	pixel, log := startEdge(t, i)
	playAndCompare(t, i, pixel, "token")
	playAndCompare(t, i, pixel, "uuid")

	before := [2]map[string]any{i.report(t, "token"), i.report(t, "uuid")}
	repeatShuffled(t, i, log())
	eventually(t, "the repeats to be in the warehouse", func() bool { return i.backlog(t) == 0 })
	after := [2]map[string]any{i.report(t, "token"), i.report(t, "uuid")}
	for n := range before {
		if a, b := fmt.Sprint(before[n]), fmt.Sprint(after[n]); a != b {
			t.Errorf("the same lines again, in another order and in other batches, changed the report:\n%s\n%s", a, b)
		}
	}
}

// startEdge runs the emulator with the log piped into a glint stream process.
// log returns the event lines so far.
func startEdge(t *testing.T, i *instance) (url string, log func() []string) {
	t.Helper()
	return startEdgeWith(t, i, edgeSettings{})
}

// edgeSettings are what a service may lack.
type edgeSettings struct {
	ingest string // URL of the backend
	web    emulator.Web
}

func startEdgeWith(t *testing.T, i *instance, s edgeSettings) (url string, log func() []string) {
	t.Helper()
	viceroy, err := toolchain.Locate("viceroy")
	if err != nil {
		t.Fatal(err)
	}
	table, err := networks.Load(writeNetworks(t))
	if err != nil {
		t.Fatal(err)
	}
	stream := exec.Command(glintPath(t), "stream", "--period", "200ms")
	stream.Env = append(os.Environ(), "GLINT_HOME="+i.home)
	var streamErr, seen syncBuffer
	stream.Stderr = &streamErr
	stdin, err := stream.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Start(); err != nil {
		t.Fatal(err)
	}
	e, err := emulator.Start(t.Context(), emulator.Config{
		Viceroy: viceroy, Wasm: wasm, Dir: t.TempDir(), Listen: "127.0.0.1:0",
		KeysFile: filepath.Join(i.home, "keys", "pixel.keys"), Precision: "truncated", Networks: table,
		Ingest: s.ingest, Web: s.web,
		Lines: func(stdout io.Reader) {
			_, _ = io.Copy(io.MultiWriter(stdin, &seen), stdout) // ends with the emulator
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		e.Stop()
		_ = stdin.Close()
		if err := stream.Wait(); err != nil {
			t.Errorf("glint stream: %v\n%s", err, streamErr.String())
		}
	})
	return e.URL(), func() (events []string) {
		for _, line := range lines(t, strings.NewReader(seen.String())) {
			if event, ok := strings.CutPrefix(line, "opens :: "); ok {
				events = append(events, event)
			}
		}
		return events
	}
}

// message is what the test knows of one message.
type message struct {
	url                      string
	reliable, apple, unknown bool
	opens                    int
}

// playAndCompare registers a campaign, fetches its pixels as a mixed public
// would, and compares the report with what the test has counted itself.
func playAndCompare(t *testing.T, i *instance, pixel, style string) {
	t.Helper()
	messages := register(t, i, pixel, style, 60)
	chance := rand.New(rand.NewPCG(1, uint64(len(style))))
	total := 0
	began := time.Now().Truncate(time.Millisecond)
	for n := range messages[:45] { // the others never open
		for range 1 + chance.IntN(3) {
			f := &fetchers[chance.IntN(len(fetchers))]
			f.fetch(t, messages[n].url)
			if f.class != "not_image" {
				messages[n].count(f)
				total++
			}
		}
	}
	ended := time.Now()
	fetchers[0].fetch(t, pixel+"/o/forged-token.gif") // must change no number

	eventually(t, "the opens to be queryable", func() bool {
		return fmt.Sprint(i.report(t, style)["opens_total"]) == fmt.Sprint(total) // "9" >= "85" is true as well
	})
	compare(t, i.report(t, style), messages, total, began, ended)
}

func (m *message) count(f *fetcher) {
	m.opens++
	m.reliable = m.reliable || f.class == "human_direct" || f.class == "proxy_human"
	m.apple = m.apple || f.apple
	m.unknown = m.unknown || f.class == "unknown"
}

// register registers a campaign that is named after the style of its URLs.
func register(t *testing.T, i *instance, pixel, style string, n int) []message {
	t.Helper()
	return registerAs(t, i, pixel, style, style, n)
}

func registerAs(t *testing.T, i *instance, pixel, campaign, style string, n int) []message {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.csv"), filepath.Join(dir, "out.csv")
	var b strings.Builder
	b.WriteString("name,recipient\n")
	for k := range n {
		fmt.Fprintf(&b, "\"Reader, %d\",Reader%d@Example.com\n", k, k)
	}
	if err := os.WriteFile(in, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"send", "register", "--campaign", campaign, "--file", in, "--output", out, "--pixel-base-url", pixel, "--url-style", style}
	i.must(t, args...)
	first, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	i.must(t, args...)
	if again, err := os.ReadFile(out); err != nil || !bytes.Equal(first, again) {
		t.Errorf("registering the same file again gave other bytes (%v)", err)
	}
	rows, err := csv.NewReader(bytes.NewReader(first)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(rows[0], ","), "name,recipient,message_id,pixel_url"; got != want {
		t.Fatalf("columns %s, want %s", got, want)
	}
	var messages []message
	for _, row := range rows[1:] {
		messages = append(messages, message{url: row[3]})
	}
	if len(messages) != n {
		t.Fatalf("%d rows came out, want %d", len(messages), n)
	}
	return messages
}

// compare computes every number from the definitions and holds it against the
// report.
func compare(t *testing.T, r map[string]any, messages []message, total int, began, ended time.Time) {
	t.Helper()
	delivered, unique, reliable, filtered, mppOnly, unknownOnly := len(messages), 0, 0, 0, 0, 0
	for _, m := range messages {
		unique += count(m.opens > 0)
		reliable += count(m.reliable)
		filtered += count(m.reliable || m.apple || m.unknown)
		mppOnly += count(m.apple && !m.reliable)
		unknownOnly += count(m.unknown && !m.reliable && !m.apple)
	}
	for name, want := range map[string]int{
		"sends": delivered, "delivered": delivered, "opens_total": total, "unique_opens": unique,
		"bot_filtered_unique_opens": filtered, "reliable_unique_opens": reliable, "mpp_only": mppOnly,
	} {
		if got := fmt.Sprint(r[name]); got != fmt.Sprint(want) {
			t.Errorf("%s is %s, want %d", name, got, want)
		}
	}
	d, n, x := float64(delivered), float64(delivered-mppOnly), float64(reliable)
	const z = 1.959963984540054
	p := x / n
	half := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	for name, want := range map[string]float64{
		"mpp_adjusted_open_rate": p,
		"open_rate_low":          x / d,
		"open_rate_high":         (x + float64(mppOnly+unknownOnly)) / d,
		"ci_low":                 (p + z*z/(2*n) - half) / (1 + z*z/n),
		"ci_high":                (p + z*z/(2*n) + half) / (1 + z*z/n),
	} {
		number, ok := r[name].(json.Number)
		got, err := number.Float64()
		if !ok || err != nil || math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", name, r[name], want)
		}
	}
	var opened [2]time.Time
	for k, name := range []string{"first_open_at", "last_open_at"} {
		var err error
		opened[k], err = time.Parse(time.RFC3339, fmt.Sprint(r[name]))
		if err != nil || opened[k].Before(began) || opened[k].After(ended) {
			t.Errorf("%s is %v, want a time from %v to %v", name, r[name], began, ended)
		}
	}
	if opened[1].Before(opened[0]) {
		t.Error("the last open is before the first")
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// repeatShuffled posts the lines three times, each time in another order, in
// other batches and in another encoding.
func repeatShuffled(t *testing.T, i *instance, events []string) {
	t.Helper()
	if len(events) < 50 {
		t.Fatalf("only %d lines were seen", len(events))
	}
	for round, size := range []int{7, 31, len(events)} {
		chance := rand.New(rand.NewPCG(9, uint64(round)))
		chance.Shuffle(len(events), func(a, b int) { events[a], events[b] = events[b], events[a] })
		for start := 0; start < len(events); start += size {
			part := events[start:min(start+size, len(events))]
			status, answer := post(t, i, []byte(strings.Join(part, "\n")+"\n"), []string{"", "gzip", "zstd"}[round])
			if want := fmt.Sprintf(`{"lines":%d}`, len(part)); status != http.StatusOK || strings.TrimSpace(answer) != want {
				t.Fatalf("status %d, answer %s, want %s", status, answer, want)
			}
		}
	}
}

// post sends a body to ingest.
func post(t *testing.T, i *instance, body []byte, encoding string) (status int, answer string) {
	t.Helper()
	var sent bytes.Buffer
	switch encoding {
	case "gzip":
		z := gzip.NewWriter(&sent)
		_, _ = z.Write(body) // to a buffer
		_ = z.Close()
	case "zstd":
		z, err := zstd.NewWriter(&sent)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = z.Write(body) // to a buffer
		_ = z.Close()
	default:
		sent.Write(body)
	}
	r, err := http.NewRequest(http.MethodPost, i.ingest+"/v1/logs", &sent)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+i.credentials["GLINT_INGEST_TOKEN"])
	if encoding != "" {
		r.Header.Set("Content-Encoding", encoding)
	}
	return do(t, r)
}
