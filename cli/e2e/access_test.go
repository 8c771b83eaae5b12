package e2e_test

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ask sends a query to ClickHouse's HTTP interface as any client would.
func ask(t testing.TB, base, user, password, query string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, base+"/", strings.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	return do(t, r)
}

func do(t testing.TB, r *http.Request) (status int, answer string) {
	t.Helper()
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(b)
}

// TestReaderReadsViewsAndNothingElse is a client that is not ours, with the
// read-only user of the credentials file.
func TestReaderReadsViewsAndNothingElse(t *testing.T) {
	i := up(t, newHome(t))
	messages := register(t, i, i.pixel, "token", 5)
	fetchers[4].fetch(t, messages[0].url)
	user, password := i.credentials["GLINT_SQL_USER"], i.credentials["GLINT_SQL_PASSWORD"]

	eventually(t, "the open to be in the views", func() bool {
		_, answer := ask(t, i.clickhouse, user, password, "SELECT opens_total FROM campaign_report WHERE campaign = 'token'")
		return answer == "1\n"
	})
	for _, view := range []string{"unique_opens", "bot_filtered_opens", "mpp_adjusted_opens", "campaign_report"} {
		status, answer := ask(t, i.clickhouse, user, password, "SELECT * FROM glint."+view+" FORMAT TSVWithNames")
		if status != http.StatusOK || !strings.HasPrefix(answer, "campaign_id\tcampaign\t") {
			t.Errorf("%s: status %d, %.100q", view, status, answer)
		}
	}
	for _, query := range []string{
		"SELECT * FROM glint.opens", "SELECT * FROM glint.sends", "SELECT id_key FROM glint.campaigns",
		"SELECT * FROM file('/etc/passwd', 'LineAsString')", "SELECT * FROM url('" + i.ingest + "/healthz', 'LineAsString')",
		"SYSTEM SHUTDOWN", "SYSTEM STOP LISTEN HTTP", "CREATE TABLE glint.x (a Int8) ENGINE = Memory",
		"INSERT INTO glint.opens (campaign_id) VALUES (1)", "DROP VIEW glint.campaign_report", "SELECT * FROM system.users",
	} {
		if status, answer := ask(t, i.clickhouse, user, password, query); status == http.StatusOK {
			t.Errorf("%s is allowed: %.100q", query, answer)
		}
	}
	if status, _ := ask(t, i.clickhouse, user, "wrong", "SELECT 1"); status == http.StatusOK {
		t.Error("a wrong password is accepted")
	}
}

func TestNobodyAndDefaultAreRefusedEverythingButPing(t *testing.T) {
	i := up(t, newHome(t))
	if status, _ := ask(t, i.clickhouse, "", "", "SELECT 1"); status != http.StatusUnauthorized {
		t.Errorf("nobody: status %d, want 401", status)
	}
	if status, _ := ask(t, i.clickhouse, "default", "", "SELECT 1"); status != http.StatusUnauthorized {
		t.Errorf("default by Basic: status %d, want 401", status)
	}
	byHeader, err := http.NewRequest(http.MethodPost, i.clickhouse+"/", strings.NewReader("SELECT 1"))
	if err != nil {
		t.Fatal(err)
	}
	byHeader.Header.Set("X-ClickHouse-User", "default")
	if status, _ := do(t, byHeader); status != http.StatusUnauthorized {
		t.Errorf("default by header: status %d, want 401", status)
	}
	byParameter, err := http.NewRequest(http.MethodGet, i.clickhouse+"/?user=default&query="+url.QueryEscape("SELECT 1"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := do(t, byParameter); status != http.StatusUnauthorized {
		t.Errorf("default by parameter: status %d, want 401", status)
	}
	ping, err := http.NewRequest(http.MethodGet, i.clickhouse+"/ping", nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, answer := do(t, ping); status != http.StatusOK || answer != "Ok.\n" {
		t.Errorf("/ping: status %d, %q", status, answer)
	}
}

// TestServeUsesAnotherClickHouse lets a second ingest write to the first one's
// engine as if that were a server of one's own.
func TestServeUsesAnotherClickHouse(t *testing.T) {
	i := up(t, newHome(t))
	server, err := url.Parse(i.clickhouse)
	if err != nil {
		t.Fatal(err)
	}
	server.User = url.UserPassword(i.credentials["GLINT_WAREHOUSE_USER"], i.credentials["GLINT_WAREHOUSE_PASSWORD"])
	other := newHome(t)
	keys, err := os.ReadFile(filepath.Join(i.home, "keys", "pixel.keys")) // each glint of a warehouse needs them
	if err == nil {
		err = os.Mkdir(filepath.Join(other, "keys"), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(other, "keys", "pixel.keys"), keys, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, other, server.String())
	stdin := strings.NewReader("recipient\none@example.com\n")
	stdout, stderr, code := runGlint(t, s.home, stdin, "send", "register", "--warehouse", server.String(),
		"--campaign", "elsewhere", "--file", "-", "--output", "-", "--pixel-base-url", s.pixel)
	if code != 0 {
		t.Fatalf("register: exit %d\n%s", code, stderr)
	}
	rows := strings.Split(strings.TrimSpace(stdout), "\n")
	fetchers[4].fetch(t, rows[1][strings.LastIndexByte(rows[1], ',')+1:])
	eventually(t, "the open to be in the other ClickHouse", func() bool {
		_, answer := ask(t, i.clickhouse, i.credentials["GLINT_SQL_USER"], i.credentials["GLINT_SQL_PASSWORD"],
			"SELECT opens_total FROM campaign_report WHERE campaign = 'elsewhere'")
		return answer == "1\n"
	})
}
