package e2e_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pageAnswer is what a request for the recipient's page got.
type pageAnswer struct {
	Status int
	Header http.Header
	Body   string
}

// askPage leaves out what differs from one answer to the next: the time, and the secret.
func askPage(t *testing.T, method, address, form string) (a pageAnswer) {
	t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept-Language", "de")
	r.Header.Set("Accept-Encoding", "identity")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	response.Header.Del("Date")
	return pageAnswer{response.StatusCode, response.Header, string(body)}
}

// TestRecipientsPageBehindTheEdge asks for the same page of ingest and of the compiled
// edge program in the emulator, chooses behind the edge, and takes ingest away.
func TestRecipientsPageBehindTheEdge(t *testing.T) {
	i := up(t, newHome(t), "--preferences-agree", "confirm-link", "--edge", "--edge-wasm", wasm)
	rows := registerWithPages(t, i)
	ann := rows["ann@example.com"]
	path := strings.TrimPrefix(ann.page, i.ingest)
	for _, c := range []struct{ name, method, path, form string }{
		{"the page", "GET", path, ""},
		{"a language", "GET", path + "?lang=fr", ""},
		{"HEAD", "HEAD", path, ""},
		{"a link that does not hold", "GET", path[:len(path)-1] + "_", ""},
		{"no form", "POST", path, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			direct, behind := askPage(t, c.method, i.ingest+c.path, c.form), askPage(t, c.method, i.pixel+c.path, c.form)
			// Pages of the same second have the same secret, others of the same length.
			if len(direct.Body) != len(behind.Body) {
				t.Errorf("%d bytes of ingest, %d behind the edge", len(direct.Body), len(behind.Body))
			}
			direct.Body, behind.Body = "", ""
			if diff := cmp.Diff(direct, behind); diff != "" {
				t.Errorf("ingest and the edge differ (-ingest +edge):\n%s", diff)
			}
		})
	}
	page := askPage(t, "GET", i.pixel+path, "")
	if page.Status != 200 || page.Header.Get("Cache-Control") != "no-store" || page.Header.Get("Referrer-Policy") != "no-referrer" ||
		!strings.Contains(page.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || !strings.Contains(page.Body, "</html>") {
		t.Fatalf("%d %v\n%s", page.Status, page.Header, page.Body)
	}
	if a := askPage(t, "POST", i.pixel+path, strings.Repeat("a", 9000)); a.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("a form of 9,000 bytes: %d %s", a.Status, a.Body)
	}
	if a := askPage(t, "DELETE", i.pixel+path, ""); a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("DELETE: %d %v", a.Status, a.Header)
	}
	if got := choiceOf(t, i, "ann@example.com"); got != "none" {
		t.Fatalf("ann, before the choice: %s", got)
	}
	tab := pageBrowser(t)
	pressed(tab, t, i.pixel+path, 0, "Your no is stored")
	if got := choiceOf(t, i, "ann@example.com"); got != "refused" {
		t.Errorf("ann: %s", got)
	}
	bob := strings.TrimPrefix(rows["bob@example.com"].page, i.ingest)
	if a := askPage(t, "POST", i.pixel+bob, "List-Unsubscribe=One-Click"); a.Status != 200 {
		t.Errorf("one click: %d\n%s", a.Status, a.Body)
	}
	if got := choiceOf(t, i, "bob@example.com"); got != "refused" {
		t.Errorf("bob: %s", got)
	}
	if n := strings.TrimSpace(query(t, i, "SELECT (SELECT count() FROM opens) + (SELECT count() FROM bad_tokens)")); n != "0" {
		t.Errorf("the page has left %s events", n)
	}

	for name, backend := range map[string]string{"no backend": "", "a backend that is gone": "http://" + freePort(t)} {
		pixel, _ := startEdgeWith(t, i, edgeSettings{ingest: backend})
		a := askPage(t, "GET", pixel+path, "")
		want := map[string]string{"no backend": "no backend named ingest", "a backend that is gone": "nothing answers"}[name]
		if a.Status != http.StatusBadGateway || !strings.Contains(a.Body, want) || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v %s", name, a.Status, a.Header, a.Body)
		}
		if status := fetchPage(t, pixel+strings.TrimPrefix(ann.pixel, i.pixel), http.MethodGet, ""); status != 200 {
			t.Errorf("%s: the image: %d", name, status)
		}
	}
}
