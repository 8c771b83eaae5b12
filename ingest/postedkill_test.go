package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"glint/edge/token"
)

// postedVariable turns this test binary into a service that is to be killed.
const postedVariable = "GLINT_TEST_POSTED_SERVICE"

// runPostedService runs ingest until it is killed, and prints its address.
func runPostedService(task string) {
	dir, dsn, _ := strings.Cut(task, " ")
	cfg := Default()
	cfg.IngestListen, cfg.Token = "127.0.0.1:0", testToken
	cfg.Ring, _ = token.NewRing(token.Key{ID: 1, State: token.Signing}) // as testRing
	cfg.LogDir, cfg.DeadLetterDir, cfg.WarehouseDSN = filepath.Join(dir, "log"), filepath.Join(dir, "deadletters"), dsn
	cfg.TokensFile, cfg.Consent, cfg.PixelBaseURL = filepath.Join(dir, "tokens"), sendsHome{}, "https://pixel.example.com"
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg.Ready = func(a Addresses, _ *token.Ring) { fmt.Println(a.Ingest) }
	fmt.Fprintln(os.Stderr, Run(context.Background(), cfg))
}

// startPostedService starts one and returns its address.
func startPostedService(t *testing.T, dir, dsn string) (address string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s", postedVariable, dir, dsn))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	}
	t.Cleanup(kill)
	if address, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		kill()
		t.Fatalf("the service did not start: %v, %s", err, errs.String())
	}
	return strings.TrimSpace(address), kill
}

// postUntil posts messages one by one until the service is gone, and returns those
// that were acknowledged.
func postUntil(address string, round, client int, posted func()) (acknowledged []string) {
	for i := 0; ; i++ {
		recipient := fmt.Sprintf("r%d-%d-%d@example.com", round, client, i)
		r, err := http.NewRequest(http.MethodPost, fmt.Sprintf("%s/v1/sends?campaign=kill%d", address, client%2), strings.NewReader(fmt.Sprintf(`{"recipient":%q}`, recipient)))
		if err != nil {
			return acknowledged
		}
		r.Header.Set("Authorization", "Bearer "+sendsToken)
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			return acknowledged
		}
		var body sendsAnswer
		err = json.NewDecoder(a.Body).Decode(&body)
		_ = a.Body.Close()
		if err != nil || a.StatusCode != http.StatusOK || body.Stored != 1 {
			return acknowledged
		}
		acknowledged = append(acknowledged, recipient)
		posted()
	}
}

// TestAcknowledgedMessagesOutliveKills kills the service at random moments of many
// posts. Each acknowledged message must count, once. GLINT_TEST_POSTED_KILLS gives
// another number of kills.
func TestAcknowledgedMessagesOutliveKills(t *testing.T) {
	engine := newEngine(t)
	engine.migrated(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tokens"), []byte("shop:sends:"+sendsToken), 0o600); err != nil {
		t.Fatal(err)
	}
	const clients = 4
	want := map[string]bool{}
	for round := range timesFrom(t, "GLINT_TEST_POSTED_KILLS", 4) {
		address, kill := startPostedService(t, dir, engine.dsn)
		var mu sync.Mutex
		var all sync.WaitGroup
		left := 1 + rand.IntN(80)
		enough := make(chan struct{})
		for client := range clients {
			all.Go(func() {
				acknowledged := postUntil(address, round, client, func() {
					mu.Lock()
					defer mu.Unlock()
					if left--; left == 0 {
						close(enough)
					}
				})
				mu.Lock()
				defer mu.Unlock()
				for _, recipient := range acknowledged {
					want[recipient] = true
				}
			})
		}
		select {
		case <-enough:
			time.Sleep(rand.N(20 * time.Millisecond)) // any moment will do
		case <-time.After(patience):
			t.Error("the posts are not answered")
		}
		kill()
		all.Wait()
	}
	s := runService(t, dir, engine.dsn, func(c *Config) {
		c.TokensFile, c.Consent, c.PixelBaseURL = filepath.Join(dir, "tokens"), sendsHome{}, "https://pixel.example.com"
	})
	s.registered(t)
	got := map[string]bool{}
	for line := range strings.Lines(engine.query(t, "SELECT recipient FROM glint.sends FINAL WHERE registration = 0")) {
		recipient := strings.TrimSpace(line)
		if got[recipient] {
			t.Errorf("%s is there twice", recipient)
		}
		got[recipient] = true
	}
	for recipient := range want {
		if !got[recipient] {
			t.Errorf("%s was acknowledged and is not registered", recipient)
		}
	}
	if n := engine.count(t, "SELECT toInt64(sum(sends)) FROM glint.campaign_report"); n != len(got) {
		t.Errorf("the report has %d messages, the table %d", n, len(got))
	}
	t.Logf("%d acknowledged, %d registered", len(want), len(got))
	if len(want) == 0 {
		t.Error("nothing was acknowledged")
	}
}
