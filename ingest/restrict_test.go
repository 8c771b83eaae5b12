package ingest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/audit"
	"glint/ingest/consent"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// restrictHome is a home whose policy changes.
type restrictHome struct {
	sendsHome
	required *atomic.Bool
}

func (h restrictHome) RegisterRules(string) (sends.Policy, warehouse.Fate, bool, error) {
	if h.required.Load() {
		return sends.PolicyRequired, warehouse.FateCount, true, nil
	}
	return sends.PolicyNone, warehouse.FateCount, true, nil
}

// headBook keeps the end of a ledger's chain.
type headBook struct{ head consent.Head }

func (b *headBook) LockConsent(context.Context) (consent.Head, func(), error) {
	return b.head, func() {}, nil
}

func (b *headBook) KeepConsentHead(h consent.Head) error { b.head = h; return nil }

// restricted is one message that is registered twice, the second time with other
// tracking, for one cause.
type restricted struct {
	cause    string
	old, new warehouse.Tracking // new is what the second registration asks for

	recipient, message, url string // of the first registration
}

// want returns its tracking mode from the second registration on.
func (c *restricted) want() warehouse.Tracking { return max(c.old, c.new) }

// name is in the referer of each of its lines, so that a row that has it is found.
func (c *restricted) name() string {
	return strings.ReplaceAll(fmt.Sprintf("%s-%s-%s.person.example", c.cause, c.old, c.new), "_", "-")
}

func (c *restricted) campaign() string {
	if c.cause == "campaign" {
		return fmt.Sprintf("campaign-%s", c.new)
	}
	return c.cause
}

// restrictedCases are all ordered pairs of modes by each cause that can bring them
// about.
func restrictedCases() (all []*restricted) {
	modes := []warehouse.Tracking{warehouse.Identified, warehouse.Pseudonymous, warehouse.LastOpen, warehouse.Aggregate, warehouse.Off}
	for _, old := range modes {
		for _, cause := range []string{"campaign", "column", "mark"} {
			for _, now := range modes {
				all = append(all, &restricted{cause: cause, old: old, new: now})
			}
		}
		for _, cause := range []string{"policy", "refused", "agreed"} {
			all = append(all, &restricted{cause: cause, old: old, new: warehouse.Aggregate})
		}
		all = append(all, &restricted{cause: "uuid", old: warehouse.Identified, new: old})
	}
	for i, c := range all {
		c.recipient = fmt.Sprintf("r%d@example.com", i)
	}
	return all
}

// restriction is the service of the test, with its messages.
type restriction struct {
	*service
	engine *testEngine
	w      *warehouse.Warehouse
	cases  []*restricted
	at     time.Time
	number int
	lines  map[string]map[*restricted]string // by when they come first
}

// register posts a file of the cases of a campaign, each with the tracking that
// of returns, and checks what is answered.
func (l *restriction) register(t *testing.T, campaign, query string, of func(*restricted) warehouse.Tracking, want func(*restricted) warehouse.Tracking) {
	t.Helper()
	var body bytes.Buffer
	var rows []*restricted
	for _, c := range l.cases {
		if c.campaign() == campaign {
			fmt.Fprintf(&body, "{\"recipient\":%q,\"tracking\":%q}\n", c.recipient, of(c))
			rows = append(rows, c)
		}
	}
	a := postSends(t, l.service, "?campaign="+campaign+query, sendsToken, body.Bytes())
	if a.status != http.StatusOK || len(a.Messages) != len(rows) {
		t.Fatalf("%s: %+v", campaign, a)
	}
	l.registered(t)
	for i, c := range rows {
		m := a.Messages[i]
		if m.Tracking != want(c).String() {
			t.Errorf("%s, %s then %s: the answer says %s, want %s", c.cause, c.old, c.new, m.Tracking, want(c))
		}
		if c.message == "" {
			c.message, c.url = m.MessageID, m.PixelURL
		}
		if query != "&url_style=uuid" {
			l.checkURL(t, c, m.PixelURL, want(c))
		}
	}
}

// checkURL checks that a URL says no more than mode.
func (l *restriction) checkURL(t *testing.T, c *restricted, address string, mode warehouse.Tracking) {
	t.Helper()
	if (address == "") != (mode == warehouse.Off) {
		t.Errorf("%s, %s then %s: the URL is %q", c.cause, c.old, c.new, address)
	}
	if address == "" {
		return
	}
	opened, err := testRing(t).Open(strings.TrimSuffix(address[strings.LastIndexByte(address, '/')+1:], ".gif"))
	named := uuid.UUID(opened.Message).String() == c.message
	if err != nil || opened.Mode != token.Mode(mode) || named != (mode < warehouse.Aggregate) {
		t.Errorf("%s, %s then %s: the URL has mode %d, names the message: %v, %v", c.cause, c.old, c.new, opened.Mode, named, err)
	}
}

// line returns a line of a person who fetches the first URL from an edge that
// knows no modes.
func (l *restriction) line(c *restricted, before time.Duration) string {
	l.number++
	e := event.Event{
		Version: event.Version, OpenedAt: l.at.Add(-before), Kind: event.KindToken, TokenStatus: event.TokenValid, Method: "GET",
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0",
		IP:        netip.MustParseAddr("192.0.2.77").String(), RefererHost: c.name(), Region: "PERSON", JA4: "PERSON", Network: "none", Country: "DE",
	}
	e.ID[14], e.ID[15] = byte(l.number>>8), byte(l.number)
	e.Token = strings.TrimSuffix(c.url[strings.LastIndexByte(c.url, '/')+1:], ".gif")
	if c.cause == "uuid" {
		e.Kind, e.Token, e.TokenStatus = event.KindUUID, c.message, event.TokenUnchecked
	}
	e.Path = "/o/" + e.Token + ".gif?who=PERSON"
	return string(e.AppendJSON(nil)) + "\n"
}

// open makes a line of each case that has a URL, and posts them.
func (l *restriction) open(t *testing.T, when, lane string, before time.Duration) {
	t.Helper()
	if l.lines[when] == nil {
		l.lines[when] = map[*restricted]string{}
	}
	var body strings.Builder
	for _, c := range l.cases {
		if c.url == "" {
			continue
		}
		if l.lines[when][c] == "" {
			l.lines[when][c] = l.line(c, before)
		}
		body.WriteString(l.lines[when][c])
	}
	l.send(t, lane, body.String())
}

func (l *restriction) send(t *testing.T, lane, body string) {
	t.Helper()
	status, answer := postLane(t, l.Ingest, lane, body)
	if status != http.StatusOK {
		t.Fatalf("%d: %s", status, answer)
	}
	l.drained(t)
}

func postLane(t *testing.T, address, lane, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, address+"/v1/logs?lane="+url.QueryEscape(lane), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+testToken)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	var text bytes.Buffer
	_, _ = text.ReadFrom(a.Body) // for the message only
	return a.StatusCode, text.String()
}

// again registers everything for the second time, by its cause.
func (l *restriction) again(t *testing.T, required *atomic.Bool) {
	t.Helper()
	asNew, asOld := func(c *restricted) warehouse.Tracking { return c.new }, func(c *restricted) warehouse.Tracking { return c.old }
	identified := func(*restricted) warehouse.Tracking { return warehouse.Identified }
	want := (*restricted).want
	for _, campaign := range l.campaigns() {
		if tracking, ok := strings.CutPrefix(campaign, "campaign-"); ok {
			l.register(t, campaign, "&tracking="+tracking, identified, want)
		}
	}
	l.register(t, "column", "", asNew, want)
	l.register(t, "uuid", "", asNew, want)
	for tracking := warehouse.Pseudonymous; tracking <= warehouse.Off; tracking++ {
		m := warehouse.Marking{CampaignID: l.campaignID(t, "mark"), Tracking: tracking, Withdrawn: warehouse.FateCount}
		for _, c := range l.cases {
			if c.cause == "mark" && c.new == tracking {
				m.Messages = append(m.Messages, uuid.MustParse(c.message))
			}
		}
		if _, _, err := l.w.MarkSends(t.Context(), m, false); err != nil {
			t.Fatal(err)
		}
	}
	l.register(t, "mark", "", identified, want)
	l.choose(t, warehouse.Refused, "refused", "agreed")
	l.choose(t, warehouse.Agreed, "agreed")
	l.register(t, "refused", "", asOld, want)
	l.register(t, "agreed", "", identified, want)
	required.Store(true)
	l.register(t, "policy", "", asOld, want)
	required.Store(false)
	l.register(t, "policy", "", identified, want) // the policy is taken back, not what was decided under it
}

// choose records a choice of the recipients of cases.
func (l *restriction) choose(t *testing.T, choice warehouse.Choice, causes ...string) {
	t.Helper()
	hasher, err := l.w.RecipientHasher(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var changes []consent.Change
	for _, c := range l.cases {
		if slices.Contains(causes, c.cause) {
			changes = append(changes, consent.Change{Recipient: hasher.Key(c.recipient), Choice: choice, DecidedAt: time.Now(), Method: "form"})
		}
	}
	r := consent.Recorder{Warehouse: l.w, Book: &headBook{consent.Head{Node: uuid.NewString()}}, Fate: warehouse.FateCount}
	if _, err := r.Record(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
}

// TestAnOldURLKeepsNoMoreThanHoldsNow registers messages of each mode again with
// each other mode, for each cause, and lets their first URLs be fetched before,
// meanwhile, after, from a replay, from an archive, and after a restart.
func TestAnOldURLKeepsNoMoreThanHoldsNow(t *testing.T) {
	engine := newEngine(t)
	w := engine.migrated(t)
	dir, archived, required := t.TempDir(), t.TempDir(), &atomic.Bool{}
	change := withSends(t, sendsHome{})
	run := func() *service {
		return runService(t, dir, engine.dsn, func(c *Config) {
			change(c)
			c.Consent = restrictHome{sendsHome{Book: &headBook{consent.Head{Node: "node"}}}, required}
			c.Archive = ArchiveConfig{Place: archived, Lines: 100, Interval: 100 * time.Millisecond}
		})
	}
	l := &restriction{service: run(), engine: engine, w: w, cases: restrictedCases(), at: time.Now().UTC(), lines: map[string]map[*restricted]string{}}
	asOld := func(c *restricted) warehouse.Tracking { return c.old }
	for _, campaign := range l.campaigns() {
		l.register(t, campaign, map[bool]string{true: "&url_style=uuid"}[campaign == "uuid"], asOld, asOld)
	}
	l.open(t, "before", "live", 3*time.Hour)
	l.checkRows(t, asOld, 1)
	live := l.archived(t, archived, "live")
	for _, c := range l.cases {
		l.checkLine(t, live, l.lines["before"][c], c, c.old)
	}

	l.again(t, required)
	l.checkUnheeded(t)
	l.open(t, "meanwhile", "live", 2*time.Hour) // the service may not know yet
	known := 0
	for _, c := range l.cases {
		if c.want() > c.old || c.cause == "refused" || c.cause == "agreed" {
			known++
		}
	}
	eventually(t, "the service to know which messages are restricted", func() bool {
		return int(l.metrics(t)["glint_withdrawn_messages"]) >= known
	})
	l.open(t, "after", "live", time.Hour)
	l.stop()
	l.service = run()
	l.open(t, "before", "replay", 0)
	l.open(t, "archive", "replay", 400*24*time.Hour)
	l.damaged(t)
	l.checkRows(t, (*restricted).want, 4)
	l.checkNothingElse(t)
	l.checkNumbers(t)
	l.checkArchive(t, archived)
	l.stop()
	result, err := audit.Run(t.Context(), audit.Options{Nodes: []audit.Node{{LogDir: dir + "/log"}}, Warehouse: w})
	if err != nil || result.Total.Missing != 0 {
		t.Errorf("the audit misses %d events, %v", result.Total.Missing, err)
	}
}
