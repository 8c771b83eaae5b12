package tail

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

// world is the surroundings of a command, with the test's warehouse, empty.
func world(t *testing.T) (*app.App, *warehouse.Warehouse, *bytes.Buffer) {
	t.Helper()
	e := enginetest.Open(t)
	e.Empty(t)
	h := home.Home(t.TempDir() + "/home")
	if err := h.Make(); err != nil {
		t.Fatal(err)
	}
	credentials := fmt.Sprintf("GLINT_SQL_USER=%s\nGLINT_SQL_PASSWORD=%s\nGLINT_WAREHOUSE_USER=%s\nGLINT_WAREHOUSE_PASSWORD=%s\n",
		enginetest.ReaderUser.Name, enginetest.ReaderUser.Password, enginetest.WarehouseUser.Name, enginetest.WarehouseUser.Password)
	if err := os.WriteFile(h.CredentialsFile(), []byte(credentials), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.WriteState(home.State{Warehouse: e.URL, Credentials: h.CredentialsFile()}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	a := &app.App{Out: &out, Err: io.Discard, Getenv: func(string) string { return "" }, Home: h}
	w, err := a.OpenWarehouse(t.Context(), "", app.OwnDatabase)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return a, w, &out
}

// TestViewsAndEventsOfPagesAreFollowed stores an open, views and events, some of them again,
// and an old one: with --web each is printed once, and else the open alone.
func TestViewsAndEventsOfPagesAreFollowed(t *testing.T) {
	a, w, out := world(t)
	now := time.Now().UTC().Truncate(time.Millisecond)
	message := uuid.New()
	open := warehouse.Open{CampaignID: 7, MessageID: message, Class: 1, Reason: "mail_app", VerdictVersion: 5, Facts: warehouse.Facts{OpenedAt: now, EventID: 1, ReceivedAt: now}}
	if err := w.InsertOpens(t.Context(), "open of "+message.String(), []warehouse.Open{open}); err != nil {
		t.Fatal(err)
	}
	events := []warehouse.WebEvent{
		{Site: "shop", OccurredAt: now, EventID: 1 << 63, ReceivedAt: now, PagePath: "/a"},
		{Site: "shop", Name: "bought", OccurredAt: now, EventID: 3, ReceivedAt: now, Properties: `{"n":1}`, CampaignID: 7, MessageID: message, Certain: true},
		{Site: "shop", Name: "long ago", OccurredAt: now.Add(-9 * 24 * time.Hour), EventID: 4, ReceivedAt: now},
	}
	for n, part := range [][]warehouse.WebEvent{events, events[:2]} {
		if err := w.InsertWebEvents(t.Context(), fmt.Sprint("events ", n, " of ", message), part); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--web"}, "bought event view opened"},
		{nil, "opened"},
	} {
		out.Reset()
		cmd := NewCmd(a)
		cmd.SetArgs(append(c.args, "--since", "1h", "--once"))
		if err := cmd.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for line := range strings.Lines(out.String()) {
			var e map[string]any
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			for _, name := range []string{fmt.Sprint(e["event"]), fmt.Sprint(e["name"])} {
				seen[name]++
			}
			if e["event"] == "view" && (e["event_id"] != "9223372036854775808" || e["site"] != "shop" || e["page_path"] != "/a") ||
				e["name"] == "bought" && (e["message_id"] != message.String() || e["properties"] != `{"n":1}`) {
				t.Errorf("%s", line)
			}
			if strings.Contains(line, "visitor") || strings.Contains(line, `"ip"`) {
				t.Errorf("the line says who: %s", line)
			}
		}
		for _, name := range []string{"bought", "event", "view", "opened", "long ago"} {
			if want := strings.Count(" "+c.want+" ", " "+name+" "); seen[name] != want {
				t.Errorf("%v: %s %d times, want %d:\n%s", c.args, name, seen[name], want, out)
			}
		}
	}
	cmd := NewCmd(a)
	cmd.SetArgs([]string{"spring", "--web"})
	cmd.SetErr(io.Discard)
	if err := cmd.ExecuteContext(t.Context()); err == nil {
		t.Error("a campaign with --web is taken")
	}
}
