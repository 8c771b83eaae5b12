package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/cli/internal/report"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

// hostile is a name that would run in a page, leave its place, or steer a terminal.
const hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e\x1b[2J&amp;"

// fake is a Source of a few campaigns with hostile names.
type fake struct {
	mu     sync.Mutex
	counts []warehouse.MinuteCount
	pages  map[warehouse.LivePage]uint64
	fault  error
	gather chan struct{} // if it is there, the rest of a report waits for its end
	asked  int
}

func (f *fake) Campaigns(context.Context) ([]warehouse.Campaign, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []warehouse.Campaign
	for id := range uint64(120) {
		all = append(all, warehouse.Campaign{ID: id + 1, Name: fmt.Sprintf("campaign %d", id+1), CreatedAt: time.Unix(1e9, 0)})
	}
	all[0].Name = hostile
	all[119].Archived = true
	return all, f.fault
}

func (f *fake) Lines(_ context.Context, campaigns []warehouse.Campaign) ([]report.Line, error) {
	var lines []report.Line
	for _, c := range campaigns {
		rate := 0.5
		lines = append(lines, report.Line{Campaign: c.Name, CampaignID: c.ID, CreatedAt: c.CreatedAt, Sends: 10, Measured: 9, OpenRate: &rate})
	}
	return lines, nil
}

func (f *fake) Numbers(_ context.Context, id uint64) (*report.Data, error) {
	if id != 1 {
		return nil, warehouse.ErrNoCampaign
	}
	return &report.Data{Numbers: &warehouse.Report{Campaign: hostile, CampaignID: 1, Sends: 3, Delivered: 3, Measured: 3}}, nil
}

func (f *fake) Gather(ctx context.Context, _ *report.Data) error {
	f.mu.Lock()
	wait, fault := f.gather, f.fault
	f.mu.Unlock()
	if wait == nil {
		return fault
	}
	select {
	case <-wait:
		return fault
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *fake) Recipients(_ context.Context, _ uint64, list warehouse.List, skip, most int) (*Recipients, error) {
	page := &Recipients{Kept: []string{hostile}}
	if list == warehouse.OpenersCannotTell {
		return page, nil
	}
	for n := skip; n < min(skip+most, 250); n++ {
		page.Messages = append(page.Messages, warehouse.ListedMessage{
			MessageID: uuid.New(), Recipient: fmt.Sprintf("r%03d@example.com", n), Kept: []string{hostile}, Measured: true,
		})
	}
	page.More = skip+most < 250
	return page, nil
}

func (f *fake) Names(context.Context) (map[uint64]string, error) {
	return map[uint64]string{1: hostile}, nil
}

func (f *fake) LiveCounts(context.Context, time.Time, time.Time) ([]warehouse.MinuteCount, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	return f.counts, f.fault
}

func (f *fake) LivePages(context.Context, time.Time, time.Time) (map[warehouse.LivePage]uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pages, f.fault
}

func (f *fake) LiveReferrers(context.Context, time.Time, time.Time) (map[warehouse.LivePage]uint64, error) {
	return nil, nil
}

func (f *fake) Addressees(_ context.Context, messages []warehouse.MessageKey) (map[uuid.UUID]warehouse.Addressee, error) {
	found := map[uuid.UUID]warehouse.Addressee{}
	for _, m := range messages {
		if m.MessageID[0] == 1 {
			found[m.MessageID] = warehouse.Addressee{Recipient: "ada@example.com" + hostile}
		}
	}
	return found, nil
}

// world is a server on loopback, with a clock.
type world struct {
	*Server
	t      *testing.T
	source *fake

	mu  sync.Mutex
	now time.Time
}

const testKey = "key-of-the-test"

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, source: &fake{}, now: time.Now()}
	var err error
	if w.Server, err = Listen(Config{Listen: "127.0.0.1:0", Key: testKey, Now: w.clock, Hosts: []string{"pages.example.com"}}); err != nil {
		t.Fatal(err)
	}
	w.Use(w.source)
	ended := make(chan error, 1)
	go func() { ended <- w.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := w.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return w
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends a request as a browser would that has the cookie. Its changes may be nil.
func (w *world) ask(method, path, cookie string, change func(*http.Request)) reply {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.URL()+path, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: w.cookie, Value: cookie})
	}
	if change != nil {
		change(r)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	a := reply{status: response.StatusCode, header: response.Header}
	if strings.HasPrefix(a.header.Get("Content-Type"), "text/event-stream") {
		return a
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a.body = string(body)
	return a
}

// link returns the path of a new link.
func (w *world) link(role Role) string { return NewLink("", testKey, role, w.clock()) }

// cookieOf returns the session that an answer has set, nil if none.
func (w *world) cookieOf(a reply) *http.Cookie {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == w.cookie {
			return c
		}
	}
	return nil
}

// in signs in, and returns the session's cookie.
func (w *world) in(role Role) string {
	w.t.Helper()
	a := w.ask("GET", w.link(role), "", nil)
	c := w.cookieOf(a)
	if a.status != http.StatusSeeOther || a.header.Get("Location") != "/" || c == nil {
		w.t.Fatalf("sign-in: %d, %v", a.status, a.header)
	}
	return c.Value
}

// form returns a change that makes a request a form.
func form(values url.Values) func(*http.Request) {
	return func(r *http.Request) {
		r.Body = io.NopCloser(strings.NewReader(values.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
}

// csrfOf finds the token in a page.
func csrfOf(t *testing.T, page string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `name="csrf" value="`)
	token, _, closed := strings.Cut(rest, `"`)
	if !ok || !closed || token == "" {
		t.Fatalf("no token in %s", page)
	}
	return token
}

// event is a server-sent event.
type event struct{ name, data string }

// events reads a stream until the test ends.
func (w *world) events(cookie string) <-chan event {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), "GET", w.URL()+"/live/events", http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: w.cookie, Value: cookie})
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		w.t.Fatalf("stream: %s", response.Status)
	}
	events := make(chan event, 1000)
	go func() {
		defer close(events)
		defer func() { _ = response.Body.Close() }()
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 4<<20)
		var e event
		for lines.Scan() {
			switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
			case "event":
				e.name = value
			case "data":
				e.data = value
			case "":
				if e.name != "" {
					events <- e
				}
				e = event{}
			}
		}
	}()
	return events
}

// patience bounds every wait; it is no expectation of speed.
const patience = 30 * time.Second

// until returns the first event that is as wanted.
func until(t *testing.T, events <-chan event, wanted func(event) bool) event {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case e, open := <-events:
			if !open {
				t.Fatal("the stream has ended")
			}
			if wanted(e) {
				return e
			}
		case <-late:
			t.Fatal("no such event")
		}
	}
}

// newOther starts the server of another site, and returns its address by a name that
// is not the world's.
func newOther(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
}
