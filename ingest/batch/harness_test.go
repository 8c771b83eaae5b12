package batch

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/deadletters"
	"glint/ingest/warehouse"
)

// now is the clock of these tests.
var now = time.Date(2026, 3, 4, 5, 6, 7, 891_234_567, time.UTC)

var (
	campaign = token.CampaignID(0x1122334455667788)
	message  = token.MessageID(uuid.MustParse("11111111-2222-8333-8444-555555555555"))
	plain    = uuid.MustParse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")
)

// fakeHouse records the inserted rows.
type fakeHouse struct {
	mu         sync.Mutex
	registered map[uuid.UUID]uint64
	inserts    map[string][]warehouse.Open
	unresolved map[string][]warehouse.Open
	badTokens  map[string][]warehouse.BadToken
	webEvents  []warehouse.WebEvent
	asked      [][]uuid.UUID
	insertErr  error
	lookupErr  error
	aggregates []warehouse.AggregateOpen

	dates   map[uuid.UUID]warehouse.LastOpenDate // of the messages of the mode last_open
	written []warehouse.LastOpenDate
}

func (f *fakeHouse) InsertOpens(_ context.Context, name string, opens []warehouse.Open) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.insertErr != nil {
		return f.insertErr
	}
	f.inserts[name] = slices.Clone(opens)
	return nil
}

func (f *fakeHouse) InsertUnresolved(_ context.Context, name string, opens []warehouse.Open) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unresolved[name] = slices.Clone(opens)
	return nil
}

func (f *fakeHouse) InsertBadTokens(_ context.Context, name string, bad []warehouse.BadToken) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.badTokens[name] = slices.Clone(bad)
	return nil
}

func (f *fakeHouse) InsertAggregateOpens(_ context.Context, _ string, opens []warehouse.AggregateOpen) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.aggregates = append(f.aggregates, opens...)
	return nil
}

func (*fakeHouse) AbsentAggregateOpens(context.Context, []warehouse.AggregateOpen) ([]warehouse.AggregateOpen, error) {
	return nil, nil
}

func (f *fakeHouse) LastOpensOf(_ context.Context, messages []warehouse.MessageKey) (map[uuid.UUID]warehouse.LastOpenDate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := map[uuid.UUID]warehouse.LastOpenDate{}
	for _, m := range messages {
		if d, ok := f.dates[m.MessageID]; ok {
			found[m.MessageID] = d
		}
	}
	return found, nil
}

func (f *fakeHouse) InsertLastOpens(_ context.Context, _ string, rows []warehouse.LastOpenDate) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.written = append(f.written, rows...)
	for _, row := range rows {
		for id, d := range f.dates {
			if d.Recipient == row.Recipient {
				f.dates[id] = row
			}
		}
	}
	return nil
}

func (f *fakeHouse) CampaignsOf(_ context.Context, ids []uuid.UUID) (map[uuid.UUID]uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, ids)
	return f.registered, f.lookupErr
}

func (*fakeHouse) AbsentOpens(context.Context, []warehouse.Open) ([]warehouse.Open, error) {
	return nil, nil
}

func (*fakeHouse) AbsentUnresolved(context.Context, []warehouse.Open) ([]warehouse.Open, error) {
	return nil, nil
}

func (*fakeHouse) Touched(context.Context, []uint64) error { return nil }

func (*fakeHouse) AbsentBadTokens(context.Context, []warehouse.BadToken) ([]warehouse.BadToken, error) {
	return nil, nil
}

// world is a Loader with everything around it.
type world struct {
	*Loader
	house      *fakeHouse
	dir        string
	receivedAt time.Time
	counted    map[Outcome]int
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "deadletters")
	letters, err := deadletters.Open(dir, 0)
	if err != nil {
		tb.Fatal(err)
	}
	w := &world{
		house: &fakeHouse{
			registered: map[uuid.UUID]uint64{}, inserts: map[string][]warehouse.Open{},
			unresolved: map[string][]warehouse.Open{}, badTokens: map[string][]warehouse.BadToken{},
		},
		dir:        dir,
		receivedAt: now,
		counted:    map[Outcome]int{},
	}
	w.Loader = &Loader{Ring: fixed(ring(tb, token.Signing)), Warehouse: w.house, DeadLetters: letters}
	return w
}

// fixed returns a ring that does not change.
func fixed(r *token.Ring) func() *token.Ring { return func() *token.Ring { return r } }

// ring holds one key, always the same.
func ring(tb testing.TB, state token.State) *token.Ring {
	tb.Helper()
	return ringOf(tb, token.Key{ID: 7, State: state, Secret: [token.SecretLen]byte{1, 2, 3}})
}

func ringOf(tb testing.TB, k token.Key) *token.Ring {
	tb.Helper()
	r, err := token.NewRing(k)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func sign(tb testing.TB, r *token.Ring) string {
	tb.Helper()
	text, err := r.Sign(token.Token{Campaign: campaign, Message: message, IssuedAt: 1_700_000_000})
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// openLine is a good line; change may spoil it.
func openLine(tb testing.TB, n byte, change func(*event.Event)) string {
	tb.Helper()
	e := event.Event{
		Version: event.Version, ID: event.ID{15: n}, OpenedAt: now.Add(-time.Minute), Kind: event.KindToken,
		Token: sign(tb, ring(tb, token.Signing)), Method: "GET",
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.1.0", Network: "none",
	}
	if change != nil {
		change(&e)
	}
	return string(e.AppendJSON(nil))
}

func plainLine(tb testing.TB, n byte, id string) string {
	tb.Helper()
	return openLine(tb, n, func(e *event.Event) { e.Kind, e.Token = event.KindUUID, id })
}

func (w *world) load(tb testing.TB, lines ...string) int {
	tb.Helper()
	n, err := w.loadBody([]byte(strings.Join(lines, "\n") + "\n"))
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// loadBody loads one body as a batch named after it, and returns the number of lines
// accounted for.
func (w *world) loadBody(body []byte) (lines int, err error) {
	result, err := w.Load(context.Background(), fmt.Sprintf("%x", sha256.Sum256(body)),
		[]Body{{Record: 1, ReceivedAt: w.receivedAt.UTC().Truncate(time.Millisecond), Source: "live", Lines: body}})
	if err != nil {
		return 0, err
	}
	for o, n := range result.Lines {
		w.counted[o] += n
		lines += n
	}
	b := result.Bodies[0]
	if told := len(b.Events) + b.BadTokens + b.DeadLetters + b.OverCap + b.Others[LastOpened] + b.Others[Web]; told != lines {
		return 0, fmt.Errorf("the body has %d outcomes, the batch %d", told, lines)
	}
	return lines, nil
}

// stored is every row of every insert.
func (w *world) stored() (rows []warehouse.Open) {
	for _, opens := range w.house.inserts {
		rows = append(rows, opens...)
	}
	return rows
}

// letters reads all dead-letter files.
func (w *world) letters(tb testing.TB) (all []deadletters.Letter) {
	tb.Helper()
	folder, err := deadletters.Open(w.dir, 0)
	if err != nil {
		tb.Fatal(err)
	}
	files, err := folder.Files()
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range files {
		for l, err := range folder.Letters(f.Name) {
			if err != nil {
				tb.Fatal(err)
			}
			all = append(all, l)
		}
	}
	return all
}

func countsText(counts map[Outcome]int) string {
	var parts []string
	for _, o := range Outcomes {
		if n := counts[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", o, n))
		}
	}
	return strings.Join(parts, " ")
}

func (f *fakeHouse) InsertWebEvents(_ context.Context, _ string, events []warehouse.WebEvent) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.webEvents = append(f.webEvents, events...)
	return nil
}

func (f *fakeHouse) AbsentWebEvents(_ context.Context, events []warehouse.WebEvent) ([]warehouse.WebEvent, error) {
	return events, nil
}

func (*strictHouse) InsertWebEvents(context.Context, string, []warehouse.WebEvent) error { return nil }

func (*strictHouse) AbsentWebEvents(context.Context, []warehouse.WebEvent) ([]warehouse.WebEvent, error) {
	return nil, nil
}

// registeringHouse knows the campaigns of messages.
type registeringHouse struct {
	*strictHouse
	registered map[uuid.UUID]uint64
}

func (h *registeringHouse) CampaignsOf(context.Context, []uuid.UUID) (map[uuid.UUID]uint64, error) {
	return h.registered, nil
}
