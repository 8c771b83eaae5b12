package batch

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/edge/event"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/ingest/warehouse"
)

// TestLastOpenDateOnly loads opens of the mode last_open in any order, from edges that
// know modes and from those that do not: only a date remains, which moves forward.
func TestLastOpenDateOnly(t *testing.T) {
	today := now.UTC().Truncate(24 * time.Hour)
	person := warehouse.RecipientKey{1}
	at := func(days int) func(*event.Event) {
		return func(e *event.Event) { e.OpenedAt = now.Add(-time.Duration(days) * 24 * time.Hour) }
	}
	w := newWorld(t)
	w.house.dates = map[uuid.UUID]warehouse.LastOpenDate{uuid.UUID(message): {Recipient: person}}
	for n, days := range []int{3, 5, 1, 1, 4, 2, 3} {
		w.load(t, personal(t, byte(n+1), token.LastOpen, at(days)))
		want := today.Add(-time.Duration(min(3, days)) * 24 * time.Hour)
		if n >= 2 {
			want = today.Add(-24 * time.Hour)
		}
		if got := w.house.dates[uuid.UUID(message)].OpenedOn; n != 1 && !got.Equal(want) {
			t.Errorf("after line %d: %s, want %s", n, got, want)
		}
	}
	if len(w.house.written) != 2 {
		t.Errorf("%d dates were written: %v", len(w.house.written), w.house.written)
	}
	reduced := personal(t, 40, token.LastOpen, func(e *event.Event) { privacy.Reduce(e, token.LastOpen) })
	w.load(t, reduced)
	if got := w.house.dates[uuid.UUID(message)].OpenedOn; !got.Equal(now.Add(-time.Minute).UTC().Truncate(24 * time.Hour)) {
		t.Errorf("of an edge that knows modes: %s", got)
	}
	nothingElse(t, w, "last_open=8")
}

// nothingElse checks that no row and no dead letter came of a world's lines.
func nothingElse(t *testing.T, w *world, counts string) {
	t.Helper()
	if got := countsText(w.counted); got != counts {
		t.Errorf("%s, want %s", got, counts)
	}
	if n := len(w.house.inserts) + len(w.house.unresolved) + len(w.house.aggregates); n > 0 {
		t.Errorf("%d inserts of other rows", n)
	}
	for _, rows := range w.house.badTokens {
		if len(rows) > 0 {
			t.Errorf("bad tokens are kept: %d", len(rows))
		}
	}
	letters, err := filepath.Glob(filepath.Join(w.dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range letters {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
			t.Errorf("a dead letter: %s", path)
		}
	}
}

func TestOpensThatSetNoDateLeaveNothing(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(*event.Event)
		unknown   bool
		withdrawn warehouse.Fate
	}{
		"a machine":      {change: func(e *event.Event) { e.UserAgent = "curl/8.0" }},
		"unregistered":   {unknown: true},
		"withdrawn":      {withdrawn: warehouse.FateCount},
		"dropped":        {withdrawn: warehouse.FateDrop},
		"a day ahead":    {change: func(e *event.Event) { e.OpenedAt = now.Add(48 * time.Hour) }},
		"before tokens":  {change: func(e *event.Event) { e.OpenedAt = time.Unix(1_600_000_000, 0) }},
		"class of edge":  {change: func(e *event.Event) { e.Class, e.Reason = "security_scanner", "x" }},
		"before glint":   {change: func(e *event.Event) { e.OpenedAt = time.Unix(1, 0) }},
		"an unknown key": {change: func(e *event.Event) { e.Token, e.Path, e.TokenStatus = otherKey(t), "", event.TokenValid }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if !c.unknown {
				w.house.dates = map[uuid.UUID]warehouse.LastOpenDate{uuid.UUID(message): {Recipient: warehouse.RecipientKey{1}}}
			}
			if c.withdrawn != warehouse.FateKeep {
				w.Withdrawn = setOf(t, withdrawals{uuid.UUID(message): c.withdrawn})
			}
			w.load(t, personal(t, 1, token.LastOpen, c.change))
			nothingElse(t, w, "last_open=1")
			if len(w.house.written) > 0 {
				t.Errorf("a date: %v", w.house.written)
			}
		})
	}
	w := newWorld(t)
	w.load(t, personal(t, 1, token.LastOpen, func(e *event.Event) {
		e.Token, e.Path = e.Token[:len(e.Token)-1]+"A", "" // a wrong signature
	}))
	nothingElse(t, w, "last_open=1")
}

// otherKey is a token of the mode by a key that is not here.
func otherKey(t *testing.T) string {
	t.Helper()
	key := token.Key{ID: 250, State: token.Signing, Secret: [token.SecretLen]byte{1}}
	r, err := token.NewRing(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.Sign(token.Token{Campaign: campaign, Message: message, Mode: token.LastOpen, IssuedAt: 1_700_000_000})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
