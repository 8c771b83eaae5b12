package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// receiver is a webhook's target as a user would write one.
type receiver struct {
	*httptest.Server
	key []byte

	mu       sync.Mutex
	messages map[string]string // message → id of what was accepted
	faults   []string
}

func newReceiver(t *testing.T, secret string) *receiver {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(secret), "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{key: key, messages: map[string]string{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if rand.N(20) == 0 { // it lies now and then
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	body, err := io.ReadAll(request.Body)
	var m struct {
		ID, Campaign, Kind, Class, Recipient string
		Message                              string `json:"message_id"`
	}
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil { // glint was killed while it wrote
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	mac := hmac.New(sha256.New, r.key)
	fmt.Fprintf(mac, "%s.%s.%s", request.Header.Get("Webhook-Id"), request.Header.Get("Webhook-Timestamp"), body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); request.Header.Get("Webhook-Signature") != want || m.ID != request.Header.Get("Webhook-Id") {
		r.faults = append(r.faults, "signature of "+string(body))
	}
	if m.Campaign != "spring" || m.Kind != "opened" || m.Class != "human_direct" || m.Recipient != "" {
		r.faults = append(r.faults, "body "+string(body))
	}
	if known := r.messages[m.Message]; known != "" && known != m.ID {
		r.faults = append(r.faults, "another id of "+m.Message)
	}
	r.messages[m.Message] = m.ID
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.messages)
}

// TestWebhookSurvivesKills kills glint while people open messages and a target takes
// most of what it gets: the webhook gets the first open of each message that the
// warehouse has, signed.
func TestWebhookSurvivesKills(t *testing.T) {
	home, recipients := newHome(t), 120
	secret, _, code := runGlint(t, home, nil, "webhook", "secret")
	if code != 0 {
		t.Fatal("no secret")
	}
	target := newReceiver(t, secret)
	start := func() *instance {
		return up(t, home, "--webhook", target.URL, "--webhook-allow-private", "--judge-every", "0")
	}
	i := start()
	list := filepath.Join(t.TempDir(), "recipients.csv")
	text := "recipient\n"
	for n := range recipients {
		text += fmt.Sprintf("r%d@example.com\n", n)
	}
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	urls := filepath.Join(t.TempDir(), "urls.csv")
	i.must(t, "send", "register", "--campaign", "spring", "--file", list, "--output", urls)
	paths := pixelPaths(t, urls)
	opened, sinceStart := 0, 0
	const rounds = 3
	for round := range rounds {
		for range recipients / rounds {
			open(t, i.pixel+paths[opened])
			opened, sinceStart = opened+1, sinceStart+1
		}
		eventually(t, "the opens to be in the log", func() bool { return int(i.metrics(t)["glint_pixel_events_total"]) == sinceStart })
		time.Sleep(time.Duration(round) * rand.N(2*time.Second)) // the webhook gets some of them
		i.stop(t, syscall.SIGKILL)
		i, sinceStart = start(), 0
		if round == 0 {
			open(t, i.pixel+paths[0]) // again: no first open
			sinceStart = 1
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the webhook was told of %d messages; the warehouse has %s", target.count(), query(t, i, "SELECT class, reason, count(), uniqExact(message_id) FROM glint.opens GROUP BY class, reason"))
			t.Log(i.must(t, "status"))
		}
	})
	eventually(t, "all opens to be in the warehouse", func() bool { return i.backlog(t) == 0 && stored(t, i) == opened })
	eventually(t, "the webhook to have got each message", func() bool { return target.count() == opened })
	for _, fault := range target.faults {
		t.Error(fault)
	}
	if code := i.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// stored is the number of messages with a reliable open.
func stored(t *testing.T, i *instance) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(query(t, i, "SELECT uniqExact(message_id) FROM glint.opens WHERE class IN ('human_direct', 'proxy_human')"), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func pixelPaths(t *testing.T, urls string) (paths []string) {
	t.Helper()
	f, err := os.Open(urls)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		url := row[len(row)-1]
		paths = append(paths, url[strings.Index(url, "/o/"):])
	}
	return paths
}

func open(t *testing.T, url string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.1.0")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close()
}
