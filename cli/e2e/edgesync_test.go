package e2e_test

import (
	"bufio"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/edge/privacy"
	"glint/edge/token"
)

const kvToken = "token-of-fastlys-api-91bc"

// kvAPI stands in for Fastly's API of KV stores, as far as it is documented
// (https://www.fastly.com/documentation/reference/api/services/resources/kv-store-item/):
// a batch is of a line per key, values are base64, some keys may fail; too many requests are 429 with Retry-After.
type kvAPI struct {
	mu       sync.Mutex
	made     bool
	keys     map[string]string
	batches  int
	faults   []string      // of the next requests, "" for none
	hang     chan struct{} // closed when a batch is taken whose answer never comes
	forgiven chan struct{} // closed at the end of the test
}

func (a *kvAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("Fastly-Key") != kvToken {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"msg":"Provided credentials are missing or invalid"}`)
		return
	}
	fault := ""
	if len(a.faults) > 0 {
		fault, a.faults = a.faults[0], a.faults[1:]
	}
	switch fault {
	case "busy":
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, `{"msg":"Too many requests"}`)
		return
	case "broken":
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	switch {
	case r.URL.Path == "/resources/stores/kv" && r.Method == http.MethodGet:
		list := []map[string]string{{"id": "other", "name": "another"}}
		if a.made {
			list = append(list, map[string]string{"id": "id", "name": "glint"})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": list, "meta": map[string]any{"limit": 1000}})
	case r.URL.Path == "/resources/stores/kv" && r.Method == http.MethodPost:
		a.made = true
		fmt.Fprint(w, `{"id":"id","name":"glint"}`)
	case r.URL.Path == "/resources/stores/kv/id/batch" && r.Method == http.MethodPut:
		a.batch(w, r, fault)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (a *kvAPI) batch(w http.ResponseWriter, r *http.Request, fault string) {
	a.batches++
	type failure struct {
		Key    string `json:"key"`
		Index  int    `json:"index"`
		Code   string `json:"code"`
		Reason string `json:"reason"`
	}
	failed := []failure{}
	s := bufio.NewScanner(r.Body)
	for n := 0; s.Scan(); n++ {
		var item struct{ Key, Value string }
		value := []byte(nil)
		err := json.Unmarshal(s.Bytes(), &item)
		if err == nil {
			value, err = base64.StdEncoding.DecodeString(item.Value)
		}
		if err != nil || len(item.Key) == 0 || len(item.Key) > 1024 || fault == "partly" && n%3 == 0 {
			failed = append(failed, failure{item.Key, n, "400", "not now"})
			continue
		}
		a.keys[item.Key] = string(value)
	}
	if fault == "hang" {
		close(a.hang)
		a.mu.Unlock()
		<-a.forgiven
		a.mu.Lock()
		return
	}
	if len(failed) > 0 {
		_ = json.NewEncoder(w).Encode(map[string]any{"title": "Some keys were not upserted", "errors": failed})
		return
	}
	fmt.Fprint(w, `{"title":"OK"}`)
}

// are reports whether the store has these keys and no others.
func (a *kvAPI) are(keys map[string]privacy.Fate) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, fate := range keys {
		if a.keys[key] != fate.String() {
			return false
		}
	}
	return len(a.keys) == len(keys)
}

// TestEveryWithdrawalReachesTheEdgesStore follows withdrawals with the built program, past
// 429, 503, half batches and a kill -9 in the middle; an agreement takes none back.
func TestEveryWithdrawalReachesTheEdgesStore(t *testing.T) {
	const people = 6000 // more than a batch holds
	i := up(t, newHome(t))
	dir := t.TempDir()
	file, urls, choices := filepath.Join(dir, "r.csv"), filepath.Join(dir, "urls.csv"), filepath.Join(dir, "choices.csv")
	var recipients, refusals strings.Builder
	recipients.WriteString("recipient\n")
	refusals.WriteString("recipient,choice,at\n")
	at := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	for n := range people + 1 {
		fmt.Fprintf(&recipients, "r%d@example.com\n", n)
		if n < people {
			fmt.Fprintf(&refusals, "r%d@example.com,refused,%s\n", n, at)
		}
	}
	writeFile(t, file, recipients.String())
	writeFile(t, choices, refusals.String())
	i.must(t, "send", "register", "--campaign", "spring", "--file", file, "--output", urls)
	i.must(t, "consent", "import", choices)
	text, err := os.ReadFile(urls)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil || len(rows) != people+2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	key := func(n int) string { return privacy.WithdrawalKey(token.MessageID(uuid.MustParse(rows[n+1][1]))) }
	want := map[string]privacy.Fate{}
	for n := range people {
		want[key(n)] = privacy.Count
	}

	a := &kvAPI{keys: map[string]string{}, hang: make(chan struct{}), forgiven: make(chan struct{})}
	a.faults = []string{"busy", "", "broken", "", "broken", "busy", "hang"} // list, make, the first batch
	server := httptest.NewServer(a)
	t.Cleanup(func() { close(a.forgiven); server.CloseClientConnections(); server.Close() })
	start := func(token string) (*exec.Cmd, *syncBuffer) {
		said := &syncBuffer{}
		cmd := exec.Command(glintPath(t), "edge", "sync", "--follow", "--interval", "1s")
		cmd.Env = append(os.Environ(), "GLINT_HOME="+i.home, "FASTLY_API_ENDPOINT="+server.URL, "FASTLY_API_TOKEN="+token)
		cmd.Stdout, cmd.Stderr = said, said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() }) // ended already, as a rule
		return cmd, said
	}

	cmd, said := start("a-wrong-token-55d0")
	if err := cmd.Wait(); err == nil || !strings.Contains(said.String(), "status 401: Provided credentials are missing or invalid") ||
		!strings.Contains(said.String(), "Try: export a $FASTLY_API_TOKEN") || strings.Contains(said.String(), "55d0") {
		t.Errorf("with a wrong token: %v\n%s", err, said)
	}

	began := time.Now()
	first, firstSaid := start(kvToken)
	select {
	case <-a.hang:
	case <-time.After(patience):
		t.Fatalf("no batch came through\n%s", firstSaid)
	}
	if err := first.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // killed
	if a.are(want) {
		t.Error("all keys are there before the kill: the test is too gentle")
	}
	a.mu.Lock()
	a.faults = []string{"", "partly", "partly", "", "busy"}
	a.mu.Unlock()
	second, secondSaid := start(kvToken)
	eventually(t, "all withdrawals in the store", func() bool { return a.are(want) })
	t.Logf("%d withdrawals are in the store %.1f s after the start, a kill between", people, time.Since(began).Seconds())

	began = time.Now()
	i.must(t, "consent", "set", fmt.Sprintf("r%d@example.com", people), "withdrawn")
	want[key(people)] = privacy.Count
	eventually(t, "one more withdrawal", func() bool { return a.are(want) })
	t.Logf("a withdrawal is in the store after %.1f s", time.Since(began).Seconds())
	i.must(t, "consent", "set", "r7@example.com", "agreed") // concerns later mail: the key stays
	i.must(t, "send", "mark", "--campaign", "spring", "--recipient", "r8@example.com", "--tracking", "off")
	want[key(8)] = privacy.Drop
	eventually(t, "one restricted, and none taken back", func() bool { return a.are(want) })

	if err := second.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := second.Wait(); err != nil {
		t.Errorf("after Ctrl-C: %v\n%s", err, secondSaid)
	}
	for _, text := range []string{firstSaid.String(), secondSaid.String()} {
		if strings.Contains(text, kvToken) {
			t.Error("the token is in an error")
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.faults) > 0 {
		t.Errorf("%d faults were not met", len(a.faults))
	}
}
