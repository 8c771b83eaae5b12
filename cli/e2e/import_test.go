package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/klauspost/compress/gzip"

	"glint/ingest/objects"
)

// cloudFrontLog returns n lines of a CloudFront log, some of them twice, and the
// number of distinct requests and recipients of the campaign whose name is asked
// for.
func cloudFrontLog(n int, campaign string, chance *rand.Rand) (log []string, requests, recipients int) {
	began := time.Now().UTC().Add(-20 * 24 * time.Hour)
	seen := map[string]bool{}
	for i := range n {
		at := began.Add(time.Duration(i) * time.Second)
		name := fmt.Sprintf("news %d", chance.IntN(3))
		recipient := fmt.Sprintf("ada+%d@example.com", chance.IntN(n/4))
		query := url.Values{"subscriber": {recipient}, "category": {name}, "x": {"1"}}.Encode()
		query = strings.ReplaceAll(strings.ReplaceAll(query, "%", "%25"), "+", "%2520")
		agent := strings.ReplaceAll(url.PathEscape(agents[chance.IntN(2)]), "%", "%25")
		line := fmt.Sprintf("%s\tFRA56-P4\t43\t203.0.113.%d\tGET\td1.cloudfront.net\t/1.gif\t%d\t-\t%s\t%s\t-\tHit\trequest%d==\th\thttps\t1\t0.0\t-\tTLSv1.3\tx\tHit\tHTTP/2.0",
			at.Format("2006-01-02\t15:04:05"), chance.IntN(250), 200+4*chance.IntN(2), agent, query, i)
		log = append(log, line)
		if name == campaign {
			requests++
			seen[recipient] = true
		}
		if chance.IntN(20) == 0 {
			log = append(log, line)
		}
	}
	return log, requests, len(seen)
}

func writeLog(t *testing.T, path string, lines []string, packed bool) {
	t.Helper()
	content := []byte("#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) " +
		"cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher " +
		"x-edge-response-result-type cs-protocol-version\n" + strings.Join(lines, "\n") + "\n")
	if packed {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(content) // into memory
		_ = w.Close()
		content = b.Bytes()
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestACDNsLogIsCountedOnce imports a log whole, killed half way, again, cut,
// shuffled and compressed: the numbers equal an independent count.
func TestACDNsLogIsCountedOnce(t *testing.T) {
	i := up(t, newHome(t))
	log, requests, recipients := cloudFrontLog(30_000, "news 1", rand.New(rand.NewPCG(3, 4)))
	dir := t.TempDir()
	whole := filepath.Join(dir, "a.log")
	writeLog(t, whole, log, false)
	flags := []string{"import", "--recipient-param", "subscriber", "--campaign-param", "category"}

	killed := exec.Command(glintPath(t), append(flags, whole)...)
	killed.Env = append(os.Environ(), "GLINT_HOME="+i.home)
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(700 * time.Millisecond)
	_ = killed.Process.Kill() // it may have ended
	_ = killed.Wait()

	check := func(what string) {
		t.Helper()
		var r map[string]any
		defer func() {
			if t.Failed() {
				t.Logf("%v opens, %v unique, %v sends; want %d, %d, %[5]d", r["opens_total"], r["unique_opens"], r["sends"], requests, recipients)
			}
		}()
		eventually(t, what, func() bool {
			r = i.report(t, "news 1")
			return fmt.Sprintf("%v %v %v", r["opens_total"], r["unique_opens"], r["sends"]) == fmt.Sprintf("%d %d %[2]d", requests, recipients)
		})
	}
	i.must(t, append(flags, whole)...)
	check("the numbers after a kill and the same command again")
	found := func() bool {
		return query(t, i, "SELECT uniqExact(message_id) FROM message_campaigns") == query(t, i, "SELECT uniqExact(message_id) FROM sends")
	}
	if !found() {
		t.Error("messages cannot be found by their ids after a kill and the same command again")
	}
	query(t, i, "DELETE FROM message_campaigns WHERE cityHash64(message_id) % 2 = 0 SETTINGS lightweight_deletes_sync = 2") // as a kill may leave it

	other := t.TempDir()
	chance := rand.New(rand.NewPCG(5, 6))
	chance.Shuffle(len(log), func(a, b int) { log[a], log[b] = log[b], log[a] })
	writeLog(t, filepath.Join(other, "1.gz"), log[:10_000], true)
	if err := os.Mkdir(filepath.Join(other, "below"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeLog(t, filepath.Join(other, "below", "2.log"), log[10_000:], false)
	i.must(t, append(flags, other)...)
	check("the numbers after the log came cut, shuffled and compressed")
	if !found() {
		t.Error("messages that a killed import left half registered are not completed by the next one")
	}

	// Faulty files beside good ones.
	faulty := t.TempDir()
	writeLog(t, filepath.Join(faulty, "good.log"), log[:10], false)
	writeLog(t, filepath.Join(faulty, "mixed.log"), slices.Concat(log[:10], []string{
		"hello", `{"a":1}`,
		`203.0.113.9 - - [10/Feb/2026:21:04:05 +0000] "GET /other.gif HTTP/1.1" 200 43 "-" "x"`,
	}), false)
	packed := filepath.Join(faulty, "cut.gz")
	writeLog(t, packed, log[:5_000], true)
	if err := os.Truncate(packed, 20_000); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(faulty, "picture.gif"), []byte("GIF89a\x01\x00\x01\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := i.run(t, append(flags, faulty)...)
	for _, want := range []string{"cut.gz", "picture.gif", "2 files could not be read completely", "1 line not counted: not a line of this format", "mixed.log"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr lacks %q:\n%s", want, stderr)
		}
	}
	if code != 1 {
		t.Errorf("exit %d", code)
	}
	check("the numbers after faulty files")
}

// TestABucketOfLogsIsFollowed imports what is in a bucket, and what comes later.
func TestABucketOfLogsIsFollowed(t *testing.T) {
	backend := s3mem.New()
	if err := backend.CreateBucket("my-logs"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	defer server.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "the-id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "the-secret")
	target := objects.Target{Place: "s3://my-logs", Endpoint: server.URL, Region: "eu-west-1", Getenv: os.Getenv}
	store, err := target.Open()
	if err != nil {
		t.Fatal(err)
	}
	i := up(t, newHome(t))
	log, requests, _ := cloudFrontLog(2_000, "news 1", rand.New(rand.NewPCG(5, 6)))
	path := filepath.Join(t.TempDir(), "x.log")
	put := func(name string, lines []string) {
		t.Helper()
		writeLog(t, path, lines, true)
		content, err := os.ReadFile(path)
		if err == nil {
			err = store.Put(t.Context(), name, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put("cloudfront/2026-a.gz", log[:1_000])
	follow := exec.Command(glintPath(t), "import", "--follow", "--every", "100ms", "--endpoint", server.URL, "--region", "eu-west-1",
		"--recipient-param", "subscriber", "--campaign-param", "category", "s3://my-logs/cloudfront")
	var said syncBuffer
	follow.Env, follow.Stderr = append(os.Environ(), "GLINT_HOME="+i.home), &said
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first file", func() bool { return strings.Contains(said.String(), "imported 1 file") })
	put("cloudfront/2026-b.gz", log[1_000:])
	var got map[string]any
	for deadline := time.Now().Add(patience); got["opens_total"] != float64(requests); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%v opens of %d requests:\n%s", got["opens_total"], requests, said.String())
		}
		out, _, _ := runGlint(t, i.home, nil, "report", "news 1", "--format", "json")
		_ = json.Unmarshal([]byte(out), &got) // nothing before the campaign is there
	}
	_ = follow.Process.Signal(os.Interrupt)
	if err := follow.Wait(); err != nil {
		t.Errorf("after Ctrl-C it ended with %v:\n%s", err, said.String())
	}
	if strings.Contains(said.String(), "the-") {
		t.Error("the key of the bucket was printed")
	}
}

// TestAnImportKeepsWhatTheCampaignAllows imports a log into campaigns of which
// less may be measured than a line without a token says.
func TestAnImportKeepsWhatTheCampaignAllows(t *testing.T) {
	i := up(t, newHome(t))
	dir := t.TempDir()
	recipients, log := filepath.Join(dir, "r.csv"), filepath.Join(dir, "a.log")
	writeFile(t, recipients, "recipient\nann@example.com\n")
	for name, tracking := range map[string]string{"news 0": "pseudonymous", "news 1": "last_open", "news 2": "aggregate"} {
		i.must(t, "send", "register", "--campaign", name, "--tracking", tracking, "--file", recipients, "--output", filepath.Join(dir, "urls.csv"))
	}
	lines, _, _ := cloudFrontLog(300, "", rand.New(rand.NewPCG(7, 8)))
	writeLog(t, log, lines, false)
	i.must(t, "import", "--recipient-param", "subscriber", "--campaign-param", "category", log)
	mode := "(SELECT message_id, tracking FROM sends FINAL) AS messages USING (message_id)"
	for what, sql := range map[string]string{
		"opens of the pseudonymous messages, and no others": "SELECT uniqExact(tracking) = 1 AND any(tracking) = 'pseudonymous' AND countIf(ip != toIPv6('::')) = 0 FROM opens INNER JOIN " + mode,
		"dates of the last_open messages":                   "SELECT count() > 1 FROM last_opens",
		"aggregate opens of one campaign":                   "SELECT uniqExact(campaign_id) = 1 AND count() > 10 FROM aggregate_opens FINAL WHERE campaign_id != 0",
		"no open that waits":                                "SELECT count() = 0 FROM unresolved_opens WHERE ip != toIPv6('::')",
	} {
		eventually(t, what, func() bool { return strings.TrimSpace(query(t, i, sql)) == "1" })
	}
	if wrong := query(t, i, "SELECT * FROM campaign_report WHERE unique_opens > measured OR (measured > 0) != (campaign = 'news 0')"); wrong != "" {
		t.Errorf("more is opened than measured: %s", wrong)
	}
}
