package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/edge/event"
	"glint/ingest/mention"
)

// TestWithdrawalReachesMailAlreadySent withdraws, and then fetches an old pixel by
// the standalone pixel, posts a line of an older edge to ingest, and replays an
// archive: no row names the message, and the image still comes.
func TestWithdrawalReachesMailAlreadySent(t *testing.T) {
	dir, archived := t.TempDir(), t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tokens := write("tokens", "web:consent:secret-of-the-consent-page\nlog:logs:secret-of-the-log-lines-1\n")
	i := up(t, newHome(t), "--pixel-listen", "127.0.0.1:0", "--ingest-listen", "127.0.0.1:0", "--warehouse-listen", "127.0.0.1:0", "--tokens-file", tokens,
		"--archive", archived, "--archive-interval", "100ms")
	urls := filepath.Join(dir, "urls.csv")
	i.must(t, "send", "register", "--campaign", "spring", "--file", write("r.csv", "recipient\nann@example.com\nbob@example.com\n"), "--output", urls)
	text, err := os.ReadFile(urls)
	if err != nil {
		t.Fatal(err)
	}
	cells := strings.Split(strings.Split(string(text), "\n")[1], ",")
	message, pixel := cells[1], cells[2]
	token, _, _ := strings.Cut(pixel[strings.LastIndexByte(pixel, '/')+1:], ".")
	line := func(n int) string {
		id := uuid.New()
		e := event.Event{
			Version: event.Version, ID: event.ID(id), OpenedAt: time.Now().Add(-time.Duration(n) * time.Hour), Kind: event.KindToken, Token: token, Method: "GET",
			UserAgent: agents[0], IP: "192.0.2.0", Network: "none",
		}
		return string(e.AppendJSON(nil)) + "\n"
	}
	fetch := func() {
		t.Helper()
		response, err := http.Get(pixel)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != 200 || len(body) != 43 {
			t.Errorf("the image: %s, %d bytes, %v", response.Status, len(body), err)
		}
	}
	post := func(path, secret, body string, want int) {
		t.Helper()
		request, err := http.NewRequest(http.MethodPost, i.ingest+path, bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+secret)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(response.Body) // for the message only
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("POST %s: %s: %s", path, response.Status, answer)
		}
	}
	count := func(sql string) string { return strings.TrimSpace(query(t, i, sql)) }
	identified := "SELECT count() FROM opens WHERE message_id = '" + message + "'"
	fetch()
	post("/v1/logs", "secret-of-the-log-lines-1", line(1), 200)
	eventually(t, "two identified opens", func() bool { return count(identified) == "2" })

	post("/v1/consent", "secret-of-the-log-lines-1", `{"recipient":"ann@example.com","choice":"withdrawn"}`, 403)
	post("/v1/consent", "secret-of-the-consent-page", `{"recipient":"ann@example.com","choice":"perhaps"}`, 400)
	began := time.Now()
	post("/v1/consent", "secret-of-the-consent-page", `{"recipient":"Ann@example.com","choice":"withdrawn","method":"page","text":"We measure.","text_version":"1"}`, 200)
	if n := count(identified); n != "0" {
		t.Errorf("%s identified opens are left", n)
	}
	at := line(9)
	post("/v1/logs", "secret-of-the-log-lines-1", at, 200) // before ingest can have looked
	t.Logf("earlier rows followed %.2f s after the withdrawal", time.Since(began).Seconds())
	inMemory := time.Now()
	eventually(t, "ingest to know of it", func() bool {
		fetch()
		return strings.Contains(metricsText(t, i), "glint_withdrawn_messages 1")
	})
	t.Logf("new opens belong to no message %.2f s after it", time.Since(inMemory).Seconds())
	before := count("SELECT count() FROM aggregate_opens FINAL")
	fetch()                                                              // standalone
	post("/v1/logs", "secret-of-the-log-lines-1", line(2)+line(50), 200) // a line of an older edge, of any age
	archive := write("archive.ndjson", line(3)+line(4))
	i.must(t, "replay", archive)
	eventually(t, "five more aggregate opens", func() bool {
		return count(fmt.Sprintf("SELECT count() >= %s + 5 FROM aggregate_opens FINAL", before)) == "1"
	})
	eventually(t, "no identified open", func() bool { return count(identified) == "0" })
	if n := count("SELECT count() FROM aggregate_opens WHERE campaign_id = 0 OR stratum_id != toUUID('00000000-0000-0000-0000-000000000000')"); n != "0" {
		t.Errorf("%s aggregate opens are of another kind", n)
	}
	eventually(t, "a report without it", func() bool { // what was being stored meanwhile is swept a little later
		report := i.report(t, "spring")
		return fmt.Sprintf("%v %v %v", report["measured"], report["unique_opens"], report["sends"]) == "1 0 2"
	})
	checkArchive(t, archived, message, at)
	i.must(t, "consent", "verify")
	i.must(t, "audit")
}

// checkArchive waits until the archive has a line that came right after the withdrawal, and
// checks that at most the two lines of before name the message.
func checkArchive(t *testing.T, archived, message, at string) {
	t.Helper()
	id := at[strings.Index(at, `"event_id"`):][:45]
	var kept []string
	eventually(t, "the archive to have the line", func() bool {
		kept = archivedLines(t, archived)
		return strings.Contains(strings.Join(kept, ""), id)
	})
	named := 0
	for _, line := range kept {
		if mention.Messages([]byte(line), func(found uuid.UUID) bool { return found.String() == message }) {
			named++
		} else if strings.Contains(line, "user_agent") || strings.Contains(line, `"ip"`) {
			t.Errorf("the archive has %s", line)
		}
	}
	if named > 2 { // less if they were not archived yet
		t.Errorf("%d of %d archived lines name the message, more than the 2 of before", named, len(kept))
	}
}

// metricsText is what the instance exposes.
func metricsText(t *testing.T, i *instance) string {
	t.Helper()
	state, err := os.ReadFile(filepath.Join(i.home, "run", "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(state), `"metrics": "`)
	address, _, _ := strings.Cut(rest, `"`)
	response, err := http.Get(address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
