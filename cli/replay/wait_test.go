package replay

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"glint/cli/app"
	"glint/cli/home"
)

// waiting is a home whose running instance is this process.
func waiting(t *testing.T, metrics http.HandlerFunc) (o *options, stderr *bytes.Buffer, running func()) {
	t.Helper()
	h := home.Home(filepath.Join(t.TempDir(), "home"))
	if err := h.Make(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(metrics)
	t.Cleanup(server.Close)
	stderr = &bytes.Buffer{}
	o = &options{app: &app.App{Home: h, Err: stderr}, patience: 300 * time.Millisecond}
	return o, stderr, func() {
		if err := h.WriteState(home.State{Metrics: server.URL}); err != nil {
			t.Error(err)
		}
	}
}

func TestTheWaitEndsWhenTheLaneIsEmpty(t *testing.T) {
	var asked atomic.Int64
	o, stderr, running := waiting(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE x gauge\nglint_log_backlog_records{lane=\"live\"} 7\n%s%d\n", backlogMetric, max(0, 3-asked.Add(1)))
	})
	o.patience = time.Minute
	time.AfterFunc(150*time.Millisecond, running) // it is just being started again
	if err := waitForWarehouse(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if asked.Load() != 3 || stderr.String() != "all of it is in the warehouse\n" {
		t.Errorf("asked %d times, stderr %q", asked.Load(), stderr)
	}
}

func TestTheWaitDoesNotLastForEver(t *testing.T) {
	for _, c := range []struct{ name, metrics, want string }{
		{"nothing moves", backlogMetric + "5\n", "the warehouse takes no lines; they wait in the log"},
		{"another program", "hello\n", errNoBacklog.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, _, running := waiting(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.metrics) })
			running()
			if err := waitForWarehouse(t.Context(), o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	o, _, _ := waiting(t, nil)
	if err := waitForWarehouse(t.Context(), o); err == nil || !strings.Contains(err.Error(), "glint is not running") {
		t.Errorf("error %v", err)
	}
}
