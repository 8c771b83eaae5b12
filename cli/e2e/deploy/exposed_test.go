package deploy

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	glinthome "glint/cli/internal/home"
	"glint/edge/token"
	"glint/ingest"
	"glint/ingest/deadletters"
	"glint/ingest/host/acmecert"
	"glint/ingest/networks"
	"glint/ingest/receiver/linegen"
	"glint/ingest/warehouse/embedded"
	"glint/ingest/warehouse/enginetest/enginelib"
)

// patience bounds every wait; it is no expectation of speed.
const patience = time.Minute

const ingestToken = "a-token-of-the-tests"

// startIngest runs the service with all of its parts on the embedded engine.
func startIngest(t *testing.T) ingest.Addresses {
	t.Helper()
	cfg := config(t)
	ready := make(chan ingest.Addresses, 1)
	cfg.Ready = func(a ingest.Addresses, _ *token.Ring) { ready <- a }
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- ingest.Run(ctx, cfg) }()
	select {
	case err := <-ended:
		stop()
		t.Fatal(err)
	case at := <-ready:
		t.Cleanup(func() {
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
		return at
	}
	return ingest.Addresses{}
}

func config(t *testing.T) ingest.Config {
	t.Helper()
	path, err := enginelib.Path()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	cfg := ingest.Default()
	cfg.IngestListen, cfg.PixelListen, cfg.MetricsListen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Token, cfg.Ring, cfg.Version = ingestToken, &token.Ring{}, "test"
	cfg.Consent = glinthome.Home(home)
	cfg.LogDir, cfg.DeadLetterDir = filepath.Join(home, "log"), filepath.Join(home, "deadletters")
	cfg.Archive.Place = filepath.Join(home, "archive")
	cfg.Mirrors = []string{"http://127.0.0.1:9/glint"} // that never answers (RFC 863)
	// As above, the directory's port never answers.
	cfg.Pixel.TLSAuto = acmecert.Config{Domains: []string{"pixel.example.org"}, Directory: "https://127.0.0.1:9/dir", Dir: filepath.Join(home, "certificates")}
	cfg.Pixel.HTTPListen = "127.0.0.1:0"
	fillDeadLetters(t, cfg.DeadLetterDir)
	cfg.Pixel.ListsHome, cfg.Pixel.ASNFile = home, asnFile(t, home)
	if _, err := networks.SaveRelay(home, []byte("172.224.226.0/27,GB,GB-EN,London\n"), time.Now(), 0); err != nil {
		t.Fatal(err)
	}
	cfg.Engine = &embedded.Config{
		Library: path, DataDir: filepath.Join(home, "warehouse"), RunDir: filepath.Join(home, "run"), Listen: "127.0.0.1:0",
		Users: []embedded.User{{Name: "glint", Password: "warehouse-secret"}},
	}
	return cfg
}

// fillDeadLetters makes a file that takes all the room that one source has among
// the dead letters, without taking it of the disk.
func fillDeadLetters(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "0123456789abcdef01234567.ndjson")
	const head = `{"received_at":"2026-03-04T05:06:07.891Z","source":"default","reason":"not_event","detail":"","line":"x"}` + "\n"
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(head), 0o600)
	}
	if err == nil {
		err = os.Truncate(path, deadletters.DefaultMaxBytes/2)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// asnFile writes the smallest database of networks.
func asnFile(t *testing.T, dir string) string {
	t.Helper()
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test-ASN", IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	_, network, err := net.ParseCIDR("203.0.113.0/24")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Insert(network, mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(64496)}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "asn.mmdb")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// post sends a body of log lines and gives the status of the answer.
func post(t *testing.T, address, secret string, body []byte) int {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close() // nothing of it is needed
	return a.StatusCode
}

// use has something of each kind happen, since a metric with labels appears
// with its first value: lines of both lanes, one that cannot be kept, a refusal,
// an open.
func use(t *testing.T, at ingest.Addresses) {
	t.Helper()
	for seed, lane := range []string{"live", "replay"} {
		if status := post(t, at.Ingest+"/v1/logs?lane="+lane, ingestToken, linegen.Body(uint64(seed), 10)); status != http.StatusOK {
			t.Fatalf("lines of lane %s are answered with %d", lane, status)
		}
	}
	if status := post(t, at.Ingest+"/v1/logs", ingestToken, []byte("junk\n")); status != http.StatusOK {
		t.Fatalf("a line that cannot be stored is answered with %d", status)
	}
	if status := post(t, at.Ingest+"/v1/logs", "wrong", nil); status != http.StatusUnauthorized {
		t.Fatalf("a wrong token is answered with %d", status)
	}
	a, err := http.Get(at.PixelHTTP + "/o/anything.gif")
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close() // the image is of no interest
}

// families are metrics by name, as Prometheus reads them.
type families map[string]*dto.MetricFamily

func scrape(t *testing.T, at ingest.Addresses) (families, []byte) {
	t.Helper()
	a, err := http.Get(at.Metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	found, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return found, text
}

// exposed scrapes until all the wanted metrics are there, each with the lanes
// and outcomes that are asked for, or patience ends.
func exposed(t *testing.T, at ingest.Addresses, wanted []selector) (families, []byte) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		found, text := scrape(t, at)
		if !slices.ContainsFunc(wanted, found.lack) || time.Now().After(deadline) {
			return found, text
		}
	}
}

// of gives the family that a series belongs to: name_bucket, name_sum and
// name_count belong to the histogram name.
func (f families) of(series string) (family *dto.MetricFamily, bucket bool) {
	if family := f[series]; family != nil && family.GetType() != dto.MetricType_HISTOGRAM {
		return family, false
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		base, ok := strings.CutSuffix(series, suffix)
		if family := f[base]; ok && family != nil && family.GetType() != dto.MetricType_COUNTER && family.GetType() != dto.MetricType_GAUGE {
			return family, suffix == "_bucket"
		}
	}
	return nil, false
}

// labelValues are the names of a family's labels and the values of each.
func labelValues(family *dto.MetricFamily) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, m := range family.GetMetric() {
		for _, l := range m.GetLabel() {
			if all[l.GetName()] == nil {
				all[l.GetName()] = map[string]bool{}
			}
			all[l.GetName()][l.GetValue()] = true
		}
	}
	return all
}

func checkHealth(t *testing.T, at ingest.Addresses) {
	t.Helper()
	u, err := url.Parse(at.Metrics)
	if err != nil {
		t.Fatal(err)
	}
	words := healthCheck(t, u.Port())
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		t.Errorf("the image's health check fails while glint runs: %v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String()) // the listener's own
	_ = l.Close()                                      // so that nothing answers there
	words = healthCheck(t, port)
	if err := exec.Command(words[0], words[1:]...).Run(); err == nil {
		t.Error("the image's health check succeeds where nobody answers")
	}
}
