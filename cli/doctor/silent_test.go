package doctor

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// TestASilentServerIsAskedOnce: a dozen checks that each wait in vain say no more than one.
func TestASilentServerIsAskedOnce(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"no answer": func(http.ResponseWriter) {},
		"an endless answer": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(http.StatusOK)
			_, _ = w.Write([]byte("GIF89a"))
			_ = http.NewResponseController(w).Flush()
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			p.o.patience = 2 * time.Second // in which a loaded machine sends a request
			var asked atomic.Int64
			silent := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				begin(w)
				<-r.Context().Done()
			})
			pixel, ingest := p.serve(t, "127.0.0.1:0", silent), p.serve(t, "127.0.0.1:0", silent)
			if code := p.run(t, pixel, "--ingest-url", ingest); code != 3 {
				t.Errorf("exit code %d", code)
			}
			got := p.findings(t)
			for _, check := range []string{"FAIL pixel gif", "FAIL ingest /healthz"} {
				if got[check] == "" || len(got) != 2 {
					t.Errorf("%q among %v", check, got)
				}
			}
			if n := asked.Load(); n != 2 {
				t.Errorf("%d requests, want one to each server", n)
			}
		})
	}
}
