package batch

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/edge/event"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/ingest/mention"
	"glint/ingest/warehouse"
)

func TestLinesThatMayNotBeArchived(t *testing.T) {
	for _, c := range []struct {
		mode   token.Mode
		change func(*event.Event)
		may    bool
	}{
		{token.Identified, nil, true},
		{token.Pseudonymous, nil, true},
		{token.Aggregate, nil, true},
		{token.LastOpen, nil, false},
		{token.LastOpen, func(e *event.Event) { e.Token = "" }, false},
		{token.LastOpen, func(e *event.Event) { e.Token, e.Path = "x", "/o/"+e.Token+".gif" }, false},
		{token.LastOpen, func(e *event.Event) { privacy.Reduce(e, token.LastOpen) }, false},
	} {
		may, whole := Archivable(personal(t, 1, c.mode, c.change), privacy.SignalsIgnored)
		if may != c.may || whole != (c.mode == token.Identified) {
			t.Errorf("mode %d: %v, whole %v", c.mode, may, whole)
		}
	}
	for _, line := range []string{"{}", "no event"} {
		if may, whole := Archivable(line, privacy.SignalsIgnored); !may || !whole {
			t.Errorf("%s: %v, whole %v", line, may, whole)
		}
	}
}

// archivedKinds are lines that name the message in every way there is.
func archivedKinds() map[string]func(*event.Event) {
	id := uuid.UUID(message).String()
	return map[string]func(*event.Event){
		"plain":        func(e *event.Event) { e.Path = "" },
		"decorated":    func(*event.Event) {},
		"in path":      func(e *event.Event) { e.Kind, e.Token = event.KindOther, "x" },
		"late":         func(e *event.Event) { e.OpenedAt = now.Add(48 * time.Hour) },
		"machine":      func(e *event.Event) { e.UserAgent = "curl/8.0" },
		"damaged":      func(e *event.Event) { e.Token, e.Path = e.Token[:50], "" },
		"damaged path": func(e *event.Event) { e.Path = "/o/" + e.Token[:50] + ".gif"; e.Token = "" },
		"uuid": func(e *event.Event) {
			e.Kind, e.Token, e.TokenStatus, e.Path = event.KindUUID, id, event.TokenUnchecked, ""
		},
		"uuid in path": func(e *event.Event) {
			e.Kind, e.Token, e.TokenStatus, e.Path = event.KindUUID, "x", event.TokenUnchecked, "/pixel/"+id+".png?who=PERSON"
		},
		"unknown field": func(e *event.Event) { e.Extra = `{"message":"` + id + `"}` },
		"event of a page": func(e *event.Event) {
			e.Kind, e.Path, e.Web = event.KindEvent, "", `{"site":"shop","name":"bought"}`
		},
		"event that says it again": func(e *event.Event) {
			e.Kind, e.Path, e.Web = event.KindEvent, "", `{"site":"shop","name":"bought","properties":{"mail":"`+id+`"}}`
		},
	}
}

// Whatever holds for a message, its line in an archive names the message, its address and its
// client only as far as that allows; and the archive, loaded where nothing of this is known,
// gives no row that says more.
func TestAnArchivedLineHoldsNoMoreThanItsFateAllows(t *testing.T) {
	id := uuid.UUID(message)
	tried := 0
	for name, change := range archivedKinds() {
		ofPage := strings.HasPrefix(name, "event")
		for _, mode := range []token.Mode{token.Identified, token.Pseudonymous} {
			for fate := warehouse.FateKeep; fate <= warehouse.FateLastOpen; fate++ {
				tried++
				line := personal(t, 1, mode, change)
				w := newWorld(t)
				w.Withdrawn = setOf(t, withdrawals{id: fate})
				kept := w.Archived(line)
				says := fmt.Sprintf("%s, mode %d, %v: %s", name, mode, fate, kept)
				named := mention.Messages([]byte(kept), func(found uuid.UUID) bool { return found == id })
				facts := strings.Contains(kept, "192.0.2.77") || strings.Contains(kept, "person.example")
				switch fate {
				case warehouse.FateKeep:
					if mode == token.Identified && kept != line {
						t.Errorf("%s\nis not the line as it came: %s", says, line)
					}
				case warehouse.FatePseudonymous:
					if kept == "" || facts && !ofPage {
						t.Errorf("%s\nhas facts that pseudonymous forbids", says)
					}
				case warehouse.FateLastOpen, warehouse.FateDrop:
					if kept != "" {
						t.Errorf("%s\nis kept", says)
					}
				default:
					if named || (facts || strings.Contains(kept, "user_agent")) && !ofPage {
						t.Errorf("%s\nnames a person", says)
					}
				}
				if kept != "" {
					if again := w.Archived(kept); again != kept {
						t.Errorf("%s\nis archived again as %s", says, again)
					}
					checkReplay(t, says, line, kept, fate)
				}
			}
		}
	}
	if tried != 144 {
		t.Errorf("%d cases", tried)
	}
}

// checkReplay loads an archived line where no choice is known, and the line itself where it
// is: both give the same rows of opens.
func checkReplay(t *testing.T, says, line, kept string, fate warehouse.Fate) {
	t.Helper()
	id := uuid.UUID(message)
	leaves := func(fate warehouse.Fate, line string) map[string]int {
		w := newWorld(t)
		w.house.registered[id] = uint64(campaign)
		w.Withdrawn = setOf(t, withdrawals{id: fate})
		w.load(t, line)
		rows := map[string]int{}
		for _, o := range w.stored() {
			rows[fmt.Sprint("open ", o.MessageID, o.IP, o.RefererHost, o.UserAgent, o.Path, o.Class, o.OpenedAt)]++
		}
		for _, a := range w.house.aggregates {
			rows[fmt.Sprint("aggregate ", a.CampaignID, a.StratumID, a.OpenedHour, a.EventID, a.Class)]++
		}
		return rows
	}
	want, got := leaves(fate, line), leaves(warehouse.FateKeep, kept)
	if !maps.Equal(want, got) {
		t.Errorf("%s\ngives %v, want %v", says, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

// A line of an edge that knows no modes is archived as its token's mode allows, and the line
// of one that does stays as it came.
func TestModesHoldForArchivedLinesOfOlderEdges(t *testing.T) {
	for _, mode := range []token.Mode{token.Identified, token.Pseudonymous, token.Aggregate} {
		w := newWorld(t)
		reduced := personal(t, 1, mode, func(e *event.Event) { e.Path = ""; privacy.Reduce(e, mode) })
		if got := w.Archived(reduced); got != reduced {
			t.Errorf("mode %d: %s, want %s", mode, got, reduced)
		}
		for _, change := range []func(*event.Event){nil, func(e *event.Event) { e.Token = "x" }} {
			kept := w.Archived(personal(t, 1, mode, change))
			var e event.Event
			if err := e.Parse(kept); err != nil {
				t.Fatal(err)
			}
			opened, err := ring(t, token.Signing).Open(e.Token)
			if personal := strings.Contains(kept, "192.0.2.77") || e.Path != ""; personal != (mode == token.Identified) {
				t.Errorf("mode %d: %s", mode, kept)
			}
			if mode != token.Identified && (err != nil || opened.Mode != mode || opened.Message != message) {
				t.Errorf("mode %d: %+v, %v", mode, opened, err)
			}
			if agent := e.UserAgent != ""; agent != (mode < token.LastOpen) || (e.Class == "") != agent {
				t.Errorf("mode %d: %s", mode, kept)
			}
		}
	}
}

func TestNoLineOfADeletedCampaignIsArchived(t *testing.T) {
	for name, change := range archivedKinds() {
		for _, mode := range []token.Mode{token.Identified, token.Pseudonymous, token.Aggregate} {
			w := newWorld(t)
			w.Deleted = &Deleted{}
			all := map[uint64]struct{}{uint64(campaign): {}}
			w.Deleted.campaigns.Store(&all)
			kept := w.Archived(personal(t, 1, mode, change))
			switch {
			case strings.HasPrefix(name, "event"):
				if strings.Contains(kept, `"token"`) || kept == "" {
					t.Errorf("%s, mode %d: %s", name, mode, kept)
				}
			case strings.HasPrefix(name, "uuid"): // names no campaign
			case kept != "":
				t.Errorf("%s, mode %d: %s", name, mode, kept)
			}
		}
	}
}

// A line that names another message of which less may be kept, or that is no event and names
// one, is not archived; one that names none is.
func TestArchivedLinesNameNoOtherMessageThatIsWithdrawn(t *testing.T) {
	other := uuid.MustParse("0a1b2c3d-4e5f-8677-a899-aabbccddeeff")
	for fate := warehouse.FateKeep; fate <= warehouse.FateLastOpen; fate++ {
		w := newWorld(t)
		w.Withdrawn = setOf(t, withdrawals{other: fate})
		for line, kept := range map[string]bool{
			personal(t, 1, token.Identified, nil):                                                          true,
			personal(t, 1, token.Identified, func(e *event.Event) { e.Path += "&of=" + other.String() }):   fate.NamesMessage() && fate != warehouse.FateLastOpen,
			personal(t, 1, token.Pseudonymous, func(e *event.Event) { e.Path += "&of=" + other.String() }): fate != warehouse.FateLastOpen && fate != warehouse.FateDrop,
			`{"event_id":7,"token":"` + strings.ReplaceAll(other.String(), "-", "") + `"}`:                 fate == warehouse.FateKeep,
			`{"event_id":7}`: true,
		} {
			if got := w.Archived(line); (got != "") != kept {
				t.Errorf("%v: %s\nis archived as %s", fate, line, got)
			}
		}
	}
}

func TestWithoutASigningKeyNoLineSaysThatMoreMayBeKept(t *testing.T) {
	w := newWorld(t)
	line := personal(t, 1, token.Identified, nil)
	w.Ring = func() *token.Ring { return ring(t, token.Verifying) }
	for fate := warehouse.FateCount; fate <= warehouse.FateLastOpen; fate++ {
		w.Withdrawn = setOf(t, withdrawals{uuid.UUID(message): fate})
		if got := w.Archived(line); got != "" {
			t.Errorf("%v: %s", fate, got)
		}
	}
	w.Withdrawn = nil
	if got := w.Archived(line); got != line {
		t.Errorf("nothing was decided: %s", got)
	}
}

// An open whose row has the kind of client, or that the operator's list ignores, keeps it when
// its archived line, which has less, is replayed.
func TestAReducedLineNeverReplacesTheRowOfAWholeOne(t *testing.T) {
	line := personal(t, 1, token.Identified, nil)
	for _, ignored := range []bool{false, true} {
		w := newWorld(t)
		w.Ignore = func(netip.Addr, string) (string, bool) { return "own_office", ignored }
		w.Withdrawn = setOf(t, withdrawals{uuid.UUID(message): warehouse.FateAnonymous})
		kept := w.Archived(line)
		w.load(t, line)
		w.load(t, kept)
		rows := w.house.aggregates
		if len(rows) != 2 || rows[0].EventID != rows[1].EventID || rows[1].VerdictVersion >= rows[0].VerdictVersion ||
			rows[0].Class != rows[1].Class || (rows[0].Reason == "own_office") != ignored || rows[0].Reason != rows[1].Reason {
			t.Errorf("ignored %v: %+v", ignored, rows)
		}
	}
}

// BenchmarkArchived measures what the archive does with a line in which nothing changes, once
// some recipients have withdrawn.
func BenchmarkArchived(b *testing.B) {
	line := personal(b, 1, token.Identified, func(e *event.Event) { e.Path = "" })
	w := newWorld(b)
	w.Withdrawn = setOf(b, withdrawals{uuid.New(): warehouse.FateCount})
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if w.Archived(line) != line {
			b.Fatal("changed")
		}
	}
}
